import type { Clock } from '../clock.ts';
import { withDeadline } from '../resilience/deadline.ts';
import type { TurnDetector, TurnEvidence, TurnVerdict } from './turn-detector.ts';
import { judgeText } from './turn-text.ts';

/** Judges from the melody: how probable it is that the turn is over, 0 to 1. Gets 16 kHz mono, 8 s at most. */
export interface AcousticJudge {
  readonly engine: string;
  complete(audio: Int16Array, signal: AbortSignal): Promise<number>;
}

interface Options {
  /** Null: the words alone. */
  readonly acoustic: AcousticJudge | null;
  readonly clock: Clock;
  /** Nobody waits longer for the melody; the silence goes on meanwhile. Default 250. */
  readonly deadlineMs?: number;
  /** Told when the acoustic judge failed or was too slow, and the words were all there was. Must not throw. */
  readonly onFailure?: (error: unknown) => void;
}

const DEADLINE_MS = 250;

/** Words and melody together; the words alone when there is no acoustic judge, or it fails, or it takes too long. */
export class CombinedTurnDetector implements TurnDetector {
  readonly engine: string;
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
    this.engine = options.acoustic ? `${options.acoustic.engine}+text` : 'text';
  }

  async judge({ text, audio }: TurnEvidence, signal: AbortSignal): Promise<TurnVerdict> {
    const words = text === null ? 'unsure' : judgeText(text);
    const probability = await this.#listen(audio, signal);
    return probability === null ? words : combine(words, probability);
  }

  /** Null when there is nothing to go by. */
  async #listen(audio: Int16Array, signal: AbortSignal): Promise<number | null> {
    const { acoustic, clock, deadlineMs = DEADLINE_MS, onFailure } = this.#options;
    if (!acoustic || audio.length === 0 || signal.aborted) return null;
    const listen = (own: AbortSignal) => acoustic.complete(audio, own);
    try {
      const probability = await withDeadline({ clock, deadlineMs, name: acoustic.engine }, listen, signal);
      if (probability >= 0 && probability <= 1) return probability;
      throw new RangeError(`${acoustic.engine} gave ${probability} for a probability`);
    } catch (error) {
      if (!signal.aborted) onFailure?.(error);
      return null;
    }
  }
}

/**
 * | words      | below 0.3  | 0.3 to 0.5 | 0.5 to 0.8 | from 0.8 |
 * |------------|------------|------------|------------|----------|
 * | complete   | unsure     | complete   | complete   | complete |
 * | unsure     | incomplete | unsure     | complete   | complete |
 * | incomplete | incomplete | incomplete | incomplete | unsure   |
 *
 * Neither overrules the other where they contradict each other outright: then the silence decides.
 */
function combine(words: TurnVerdict, probability: number): TurnVerdict {
  switch (words) {
    case 'complete':
      return probability < 0.3 ? 'unsure' : 'complete';
    case 'incomplete':
      return probability < 0.8 ? 'incomplete' : 'unsure';
    case 'unsure':
      if (probability < 0.3) return 'incomplete';
      return probability < 0.5 ? 'unsure' : 'complete';
  }
}
