import { isAbort } from '../../errors.ts';
import type { SpeechChunk, SpeechRequest, Voice } from './voice.ts';

/**
 * A voice with another one behind it: a sentence on which the first fails before its first sound is spoken by the
 * second. A sentence that broke in the middle is not begun again in another voice.
 */
export class FallbackVoice implements Voice {
  readonly #first: Voice;
  readonly #second: Voice;
  readonly #onFallback: (error: unknown) => void;

  constructor(first: Voice, second: Voice, onFallback: (error: unknown) => void) {
    this.#first = first;
    this.#second = second;
    this.#onFallback = onFallback;
  }

  get engine(): string {
    return this.#first.engine;
  }

  get voices(): readonly string[] {
    return this.#first.voices;
  }

  cannotSpeak(text: string): string | null {
    return this.#first.cannotSpeak(text);
  }

  async *speak(request: SpeechRequest, signal: AbortSignal): AsyncGenerator<SpeechChunk> {
    let begun = false;
    try {
      for await (const chunk of this.#first.speak(request, signal)) {
        begun = true;
        yield chunk;
      }
    } catch (error) {
      if (begun || isAbort(error) || signal.aborted || this.#second.cannotSpeak(request.text) !== null)
        throw error;
      this.#onFallback(error);
      yield* this.#second.speak(request, signal);
    }
  }
}
