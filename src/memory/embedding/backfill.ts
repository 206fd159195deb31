import type { Clock } from '../../clock.ts';
import { VivavoceError } from '../../errors.ts';
import type { MemoryStore, Unembedded } from '../memory-store.ts';
import type { Embedder } from './embedder.ts';

export type EmbeddedStore = Pick<MemoryStore, 'useSpace' | 'unembedded' | 'setVectors'>;

interface Options {
  readonly store: EmbeddedStore;
  readonly embedder: Embedder;
  readonly clock: Clock;
  /** Memories that are read, embedded and written at a time. */
  readonly slice?: number;
  /** Called with the number of memories that a run has embedded so far, when there is more than one slice. */
  readonly onProgress?: (embedded: number) => void;
}

const SLICE = 16;
/** It works half of the time, and after a slow slice it rests so long at most. */
const LONGEST_REST_MS = 1_000;

/** Gives a store the vectors of one embedder: in slices, at leisure, as long as there is something without one. */
export class Backfill {
  readonly #options: Options;
  /** Memories that the model cannot embed, by owner and id, with their text. They are found by their words. */
  readonly #setAside = new Map<string, string>();
  /** What the last slice gave a vector. */
  #last = new Map<string, string>();

  constructor(options: Options) {
    this.#options = options;
  }

  /** Memories that could not be embedded, while all else could. */
  get setAside(): number {
    return this.#setAside.size;
  }

  /** Until all have a vector, or the abort of `signal`. Rejects with the failure of the engine or the store. */
  async run(signal: AbortSignal): Promise<void> {
    const { store, clock, onProgress } = this.#options;
    let embedded = 0;
    while (!signal.aborted) {
      const startedMs = clock.monotonicMs();
      const slice = await this.#next();
      if (slice.length === 0 || signal.aborted) return;
      if (embedded > 0) onProgress?.(embedded);
      const entries = await this.#embed(slice, signal);
      if (signal.aborted) return;
      await store.setVectors(entries);
      this.#last = new Map(entries.map((entry) => [keyOf(entry), entry.text]));
      embedded += entries.length;
      await rest(clock, Math.min(clock.monotonicMs() - startedMs, LONGEST_REST_MS), signal);
    }
  }

  async #next(): Promise<readonly Unembedded[]> {
    const { store, slice = SLICE } = this.#options;
    const without = await store.unembedded(slice + this.#setAside.size);
    for (const entry of without) {
      // It has been given one and lacks it still: without this, the same memories would be embedded for ever.
      if (this.#last.get(keyOf(entry)) === entry.text) this.#setAside.set(keyOf(entry), entry.text);
    }
    return without.filter((entry) => this.#setAside.get(keyOf(entry)) !== entry.text).slice(0, slice);
  }

  /** All of them, or each alone when one of them cannot be embedded: some models answer some texts with an error. */
  async #embed(slice: readonly Unembedded[], signal: AbortSignal) {
    try {
      return await this.#vectors(slice, signal);
    } catch (error) {
      if (signal.aborted || isOutage(error)) throw error;
    }
    const entries = [];
    for (const entry of slice) {
      try {
        entries.push(...(await this.#vectors([entry], signal)));
      } catch (error) {
        if (signal.aborted || isOutage(error)) throw error;
        // Either this text, or the engine is broken: then so is any other text.
        await this.#options.embedder.embed(['Hello.'], 'document', signal);
        entries.push(...(await this.#againOrAside(entry, signal)));
      }
    }
    return entries;
  }

  /** The engine embeds other texts. It may have come back to life just now: only a text that fails again is at fault. */
  async #againOrAside(entry: Unembedded, signal: AbortSignal) {
    try {
      return await this.#vectors([entry], signal);
    } catch (error) {
      if (signal.aborted || isOutage(error)) throw error;
      this.#setAside.set(keyOf(entry), entry.text);
      return [];
    }
  }

  async #vectors(entries: readonly Unembedded[], signal: AbortSignal) {
    const texts = entries.map(({ text }) => text);
    const vectors = await this.#options.embedder.embed(texts, 'document', signal);
    return entries.map((entry, i) => ({ ...entry, vector: vectors[i] as Float32Array }));
  }
}

function keyOf({ owner, id }: Unembedded): string {
  return JSON.stringify([owner.key, owner.user, id]);
}

/** It would have failed with any text. */
function isOutage(error: unknown): boolean {
  return error instanceof VivavoceError && error.shouldRetry();
}

async function rest(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  using _timer = clock.after(ms, resolve);
  signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
}
