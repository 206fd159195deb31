import { VivavoceError } from '../../errors.ts';
import type { SpeechChunk, SpeechRequest, Voice } from './voice.ts';

/** Stands in when no voice could be started: everything is shown and nothing is spoken, and it says why. */
export class NoVoice implements Voice {
  readonly engine = 'none';
  readonly voices: readonly string[] = [];
  readonly #reason: string;

  constructor(reason: string) {
    this.#reason = reason;
  }

  cannotSpeak(_text: string): string {
    return this.#reason;
  }

  // biome-ignore lint/correctness/useYield: it never gets so far.
  async *speak(_request: SpeechRequest, _signal: AbortSignal): AsyncGenerator<SpeechChunk> {
    throw new VivavoceError('engine_unavailable', this.#reason);
  }
}
