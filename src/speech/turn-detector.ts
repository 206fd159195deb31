/** Whether somebody who has fallen silent has finished. */
export type TurnVerdict = 'complete' | 'incomplete' | 'unsure';

export interface TurnEvidence {
  /** What was understood so far; null when the recogniser has not said yet. */
  readonly text: string | null;
  /** The newest 8 seconds of the utterance at most, 16 kHz mono, its last silence included. */
  readonly audio: Int16Array;
}

/** Judges from words and from melody whether a turn is over. Never rejects: without evidence it is `unsure`. */
export interface TurnDetector {
  readonly engine: string;
  judge(evidence: TurnEvidence, signal: AbortSignal): Promise<TurnVerdict>;
}
