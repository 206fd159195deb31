import { orAborted, throwIfAborted } from '../../resilience/abortable.ts';
import type { SpeechChunk, SpeechRequest, Voice } from './voice.ts';

/**
 * One synthesis that several listeners follow, each from its beginning.
 *
 * It goes on as fast as the fastest of them asks, and is aborted when the last one has left before its end.
 */
export class SharedSpeech {
  readonly #chunks: SpeechChunk[] = [];
  readonly #controller = new AbortController();
  readonly #source: AsyncIterator<SpeechChunk>;
  readonly #settled = Promise.withResolvers<void>();
  #step: Promise<void> | null = null;
  #listeners = 0;
  #state: 'running' | 'complete' | 'abandoned' | { readonly error: unknown } = 'running';

  readonly #onSettled: (whole: readonly SpeechChunk[] | null) => void;

  /** @param onSettled called once, with all chunks, or with null when it failed or was abandoned. */
  constructor(
    voice: Voice,
    request: SpeechRequest,
    onSettled: (whole: readonly SpeechChunk[] | null) => void,
  ) {
    this.#onSettled = onSettled;
    this.#source = voice.speak(request, this.#controller.signal)[Symbol.asyncIterator]();
  }

  /** Resolves when no more chunks will come, for whatever reason. */
  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  /** Follows it from its beginning. Whoever iterates counts as a listener. */
  async *listen(signal: AbortSignal): AsyncGenerator<SpeechChunk, void, undefined> {
    this.#listeners++;
    try {
      for (let next = 0; ; next++) {
        while (next >= this.#chunks.length && this.#state === 'running') {
          await orAborted(this.#advance(), signal);
        }
        throwIfAborted(signal);
        const chunk = this.#chunks[next];
        if (chunk) yield chunk;
        else if (typeof this.#state === 'object') throw this.#state.error;
        else return;
      }
    } finally {
      this.#leave();
    }
  }

  #advance(): Promise<void> {
    this.#step ??= this.#pull().finally(() => {
      this.#step = null;
    });
    return this.#step;
  }

  async #pull(): Promise<void> {
    try {
      const { done, value } = await this.#source.next();
      if (this.#state !== 'running') return;
      if (done) this.#settle('complete');
      else this.#chunks.push(value);
    } catch (error) {
      if (this.#state === 'running') this.#settle({ error });
    }
  }

  #leave(): void {
    this.#listeners--;
    if (this.#listeners > 0 || this.#state !== 'running') return;
    this.#settle('abandoned');
    this.#controller.abort();
    // A source that is suspended at a chunk hears of an abort only when it is asked again.
    // What it says to that concerns nobody any more.
    this.#source.return?.().catch(() => {});
  }

  #settle(state: 'complete' | 'abandoned' | { readonly error: unknown }): void {
    this.#state = state;
    this.#settled.resolve();
    this.#onSettled(state === 'complete' ? this.#chunks : null);
  }
}
