/** A word and when it was said, milliseconds from the first sample that was pushed. */
export interface HeardWord {
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
}

export interface Transcript {
  /** What was said; empty when nothing could be understood. */
  readonly text: string;
  /** Null for an engine that does not say when. */
  readonly words: readonly HeardWord[] | null;
}

export interface TranscriptionRequest {
  /** ISO 639-1 (`en`); null: the engine finds out, or knows one only. */
  readonly language: string | null;
  /** Words that may be expected, for engines that take a hint. */
  readonly prompt: string | null;
  /** Who speaks, for what an engine learns of a voice and a microphone: the same for all utterances of a session. */
  readonly speaker: string;
  /** Called with all of the text so far whenever it has become longer or other. Never after the end. */
  readonly onPartial: (text: string) => void;
}

/** One utterance that is being recognised, while it is still being said. */
export interface Recognition extends Disposable {
  /** More of it, 16 kHz mono; never blocks. The samples belong to the recogniser from now on. */
  push(samples: Int16Array): void;
  /**
   * The text of all that has been pushed, as well as the engine can make it. More may be pushed afterwards, and the
   * text asked for again. Aborting `signal` gives this question up (`isAbort`), not the utterance.
   *
   * Rejects with a `VivavoceError` (`engine_*`, `breaker_open`); what was pushed stays, so it may be asked again.
   */
  read(signal: AbortSignal): Promise<Transcript>;
}

/** A speech recogniser, shared by all sessions. Disposing a recognition gives up what it is doing. */
export interface Transcriber {
  readonly engine: string;
  /** The model that it uses. */
  readonly model: string;
  recognise(request: TranscriptionRequest): Recognition;
}
