import type { Clock, IdSource } from '../clock.ts';
import type { Owner, Page } from '../conversation/store.ts';
import { VivavoceError } from '../errors.ts';
import type { AppliedChange, Memory, MemoryChange, MemoryEdit, MemoryKind, MemorySource } from './memory.ts';
import { writtenMemoryId } from './memory-id.ts';
import { MAX_FOUND } from './memory-input.ts';
import type { MemoryPage, MemoryStore } from './memory-store.ts';
import { type RankedMemory, rankMemories } from './scoring.ts';

/** What somebody writes down by hand. */
export interface WrittenMemory {
  readonly text: string;
  readonly kind: MemoryKind;
  readonly subject: string;
  readonly attribute: string | null;
  readonly value: string | null;
  readonly importance: number;
}

interface Vectors {
  /** Null when there is no embedding model, or it fails: then only words are compared. */
  embedQuery(text: string, signal: AbortSignal): Promise<Float32Array | null>;
}

interface Options {
  readonly store: MemoryStore;
  readonly vectors: Vectors;
  readonly clock: Clock;
  readonly ids: IdSource;
  /**
   * Called after every write, also one that failed: what was found before it may no longer hold, and after a removal
   * nothing of it may be told again.
   */
  readonly onChanged: (owner: Owner, isRemoval: boolean) => void;
  /** Called before somebody deletes or rewrites what was learned from these messages: it must not be learned from them again. */
  readonly onTakenBack?: (owner: Owner, sources: readonly MemorySource[]) => Promise<void>;
}

const PAGE = 100;

/** The memory as the rest of the program uses it: ranks what it finds, and tells the caches of every write. */
export class MemoryKeeper {
  readonly #options: Options;
  /** Changes of one owner are applied one after the other, so that an erasure cannot be overtaken by what it erases. */
  readonly #writing = new Map<string, Promise<unknown>>();

  constructor(options: Options) {
    this.#options = options;
  }

  get engine(): string {
    return this.#options.store.engine;
  }

  /**
   * What fits best, by relevance, recency and importance together, best first.
   *
   * @param vectorWithinMs words alone are compared when the vector of the question takes longer; unset: it is waited for
   */
  async search(
    owner: Owner,
    { text, limit, vectorWithinMs }: { text: string; limit: number; vectorWithinMs?: number },
    signal: AbortSignal,
  ): Promise<readonly RankedMemory[]> {
    const { store, vectors, clock } = this.#options;
    const embedded = vectors.embedQuery(text, signal);
    const vector = await (vectorWithinMs === undefined ? embedded : inTime(embedded, clock, vectorWithinMs));
    // More than is wanted: recency and importance choose among what is relevant.
    const query = { text, vector, limit: Math.min(limit * 3, MAX_FOUND) };
    const found = await store.search(owner, query, signal);
    return rankMemories(found, clock.nowMs()).slice(0, limit);
  }

  /** What matters most of all that holds, the most important and newest first. */
  async overview(owner: Owner, limit: number): Promise<readonly RankedMemory[]> {
    const { data } = await this.list(owner, { limit: PAGE, order: 'desc', withHistory: false });
    const all = data.map((memory) => ({ memory, relevance: 1 }));
    return rankMemories(all, this.#options.clock.nowMs()).slice(0, limit);
  }

  profile(owner: Owner, signal: AbortSignal): Promise<readonly Memory[]> {
    return this.#options.store.profile(owner, signal);
  }

  list(owner: Owner, page: MemoryPage): Promise<Page<Memory>> {
    return this.#options.store.list(owner, page);
  }

  /** @throws VivavoceError `not_found` */
  async get(owner: Owner, id: string): Promise<Memory> {
    const memory = await this.#options.store.get(owner, id);
    if (!memory) throw notFound(id);
    return memory;
  }

  /** @throws VivavoceError `not_found` */
  async history(owner: Owner, id: string): Promise<readonly Memory[]> {
    const memories = await this.#options.store.history(owner, id);
    if (memories.length === 0) throw notFound(id);
    return memories;
  }

  /** Everything that is remembered, what no longer holds included, oldest first. */
  async *export(owner: Owner): AsyncGenerator<Memory, void, undefined> {
    for (let after: string | undefined, more = true; more; ) {
      const page = { limit: PAGE, order: 'asc', withHistory: true } as const;
      const { data, hasMore } = await this.list(owner, { ...page, ...(after !== undefined && { after }) });
      yield* data;
      after = data.at(-1)?.id;
      more = hasMore;
    }
  }

  /** Writes something down. What says the same already is answered instead of a second one. */
  async add(owner: Owner, written: WrittenMemory): Promise<Memory> {
    const { clock, ids } = this.#options;
    const nowMs = clock.nowMs();
    const times = { validAtMs: nowMs, createdAtMs: nowMs };
    const memory = { ...written, ...times, id: writtenMemoryId(ids.next('mem')), source: null, context: '' };
    const [applied] = await this.apply(owner, [{ type: 'add', memory, supersedes: [] }]);
    return await this.get(owner, applied?.id ?? memory.id);
  }

  /** @throws VivavoceError `not_found` */
  async edit(owner: Owner, id: string, edit: MemoryEdit): Promise<Memory> {
    await this.takeBack(owner, id);
    const [applied] = await this.apply(owner, [{ type: 'edit', id, edit }]);
    if (applied?.outcome === 'missing') throw notFound(id);
    return await this.get(owner, id);
  }

  /** These were given to a model. What is found stays as it is, so no cache needs to know. */
  touch(owner: Owner, ids: readonly string[], atMs: number): Promise<void> {
    return this.#options.store.touch(owner, ids, atMs);
  }

  async delete(owner: Owner, id: string): Promise<boolean> {
    await this.takeBack(owner, id);
    return await this.#write(owner, () => this.#options.store.delete(owner, id), true);
  }

  /** The vectors follow in the background: until then words find what was learned. */
  async apply(owner: Owner, changes: readonly MemoryChange[]): Promise<readonly AppliedChange[]> {
    if (changes.length === 0) return [];
    return await this.#write(owner, () => this.#options.store.apply(owner, changes));
  }

  /** Removes everything of this owner for good; the number of memories that were there. */
  async eraseAll(owner: Owner): Promise<number> {
    return await this.#write(owner, () => this.#options.store.eraseAll(owner), true);
  }

  /** The messages behind a memory, and behind what it took the place of, are neither told nor learned from again. */
  async takeBack(owner: Owner, id: string): Promise<void> {
    const { store, onTakenBack } = this.#options;
    if (!onTakenBack) return;
    const sources = (await store.history(owner, id)).flatMap(({ source }) => source ?? []);
    if (sources.length > 0) await onTakenBack(owner, sources);
  }

  async #write<T>(owner: Owner, write: () => Promise<T>, isRemoval = false): Promise<T> {
    const key = JSON.stringify([owner.key, owner.user]);
    const before = this.#writing.get(key);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#writing.set(key, promise);
    try {
      await before;
      return await write();
    } finally {
      resolve();
      if (this.#writing.get(key) === promise) this.#writing.delete(key);
      this.#options.onChanged(owner, isRemoval);
    }
  }
}

async function inTime<T>(answer: Promise<T>, clock: Clock, delayMs: number): Promise<T | null> {
  const { promise: late, resolve } = Promise.withResolvers<null>();
  using _timer = clock.after(delayMs, () => resolve(null));
  return await Promise.race([answer, late]);
}

function notFound(id: string): VivavoceError {
  return new VivavoceError('not_found', `There is no memory ${id}.`, { param: 'memory_id' });
}
