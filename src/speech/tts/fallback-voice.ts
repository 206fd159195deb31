import { isAbort, messageOf } from '../../errors.ts';
import { type SpeechChunk, type SpeechRequest, VOICE_RATE, type Voice } from './voice.ts';

/** Silence between what broke off and the same sentence from its beginning. */
const BREATH_MS = 200;

interface Options {
  readonly first: Voice;
  readonly second: Voice;
  /** A sentence is spoken by the second. */
  readonly onFallback: (error: unknown) => void;
  /** `trouble` is another one than before. */
  readonly onChange: () => void;
}

/**
 * A voice with another one behind it: a sentence on which the first fails is spoken by the second. One that broke in the
 * middle is said again from its beginning, after a short pause: what was said twice is no loss, what was not said is.
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
    let deliveredMs = 0;
    try {
      for await (const chunk of first.speak(request, signal)) {
        deliveredMs += (chunk.samples.length * 1000) / VOICE_RATE;
        yield chunk;
      }
      this.#note(null);
      return;
    } catch (error) {
      if (isAbort(error) || signal.aborted) throw error;
      this.#note(messageOf(error));
      if (second.cannotSpeak(request.text) !== null) throw error;
      onFallback(error);
    }
    yield* standIn(second.speak(request, signal), deliveredMs);
  }

  #note(trouble: string | null): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.#options.onChange();
  }
}

/** @param deliveredMs what there is of the sentence already, which moves the words */
async function* standIn(
  chunks: AsyncIterable<SpeechChunk>,
  deliveredMs: number,
): AsyncGenerator<SpeechChunk> {
  let shiftMs = deliveredMs;
  if (deliveredMs > 0) {
    yield { samples: new Int16Array((BREATH_MS * VOICE_RATE) / 1000), isStandIn: true };
    shiftMs += BREATH_MS;
  }
  for await (const { samples, words } of chunks) {
    const moved = words?.map((word) => ({
      ...word,
      startMs: word.startMs + shiftMs,
      endMs: word.endMs + shiftMs,
    }));
    yield { samples, ...(moved && { words: moved }), isStandIn: true };
  }
}
