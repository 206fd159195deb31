import { isAbort, messageOf } from '../../errors.ts';
import type { SpeechChunk, SpeechRequest, Voice } from './voice.ts';

interface Options {
  readonly first: Voice;
  readonly second: Voice;
  /** A sentence is spoken by the second. */
  readonly onFallback: (error: unknown) => void;
  /** `trouble` is another one than before. */
  readonly onChange: () => void;
}

/**
 * A voice with another one behind it: a sentence on which the first fails before its first sound is spoken by the
 * second. A sentence that broke in the middle is not begun again in another voice.
 *
 * Every sentence begins with the first voice: while its breaker is open that costs nothing, and when it is well again
 * the next sentence is its own.
 */
export class FallbackVoice implements Voice {
  readonly #options: Options;
  #trouble: string | null = null;

  constructor(options: Options) {
    this.#options = options;
  }

  get engine(): string {
    return this.#options.first.engine;
  }

  get voices(): readonly string[] {
    return this.#options.first.voices;
  }

  /** Why the first voice did not speak the last sentence, or not all of it; null when it did. */
  get trouble(): string | null {
    return this.#trouble;
  }

  cannotSpeak(text: string): string | null {
    return this.#options.first.cannotSpeak(text);
  }

  async *speak(request: SpeechRequest, signal: AbortSignal): AsyncGenerator<SpeechChunk> {
    const { first, second, onFallback } = this.#options;
    let begun = false;
    try {
      for await (const chunk of first.speak(request, signal)) {
        begun = true;
        yield chunk;
      }
      this.#note(null);
    } catch (error) {
      if (isAbort(error) || signal.aborted) throw error;
      this.#note(messageOf(error));
      if (begun || second.cannotSpeak(request.text) !== null) throw error;
      onFallback(error);
      for await (const chunk of second.speak(request, signal)) yield { ...chunk, isStandIn: true };
    }
  }

  #note(trouble: string | null): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.#options.onChange();
  }
}
