import type { Owner, Page } from '../../conversation/store.ts';
import { VivavoceError } from '../../errors.ts';
import { DatabaseThread } from '../../sqlite/database-thread.ts';
import type { AppliedChange, FoundMemory, Memory, MemoryChange } from '../memory.ts';
import {
  checkChanges,
  checkId,
  checkOwner,
  checkPage,
  checkQuery,
  checkTime,
  checkVector,
} from '../memory-input.ts';
import type { EmbeddingSpace, MemoryPage, MemoryQuery, MemoryStore, Unembedded } from '../memory-store.ts';
import type { Reads, Writes } from './memory-database.ts';

export interface SqliteMemoryOptions {
  /** The database file; made when missing. Its folder must exist. One store per file, see `lockDataDir`. */
  readonly path: string;
  /** How long a write waits for another program that holds the file; 5 s when absent. */
  readonly busyTimeoutMs?: number;
}

/** So many removals, or vectors, are one job of the thread: a search that comes in between waits for no more. */
const SLICE = 32;

/**
 * Memories in one SQLite file, in a thread of its own: by words (BM25 over stems) and by vectors (sqlite-vec).
 *
 * A write resolves when it is on the disk; a read sees every write that was asked for before it. What is deleted is also
 * wiped from the file, its indexes and its log.
 */
export class SqliteMemory implements MemoryStore, AsyncDisposable {
  readonly engine = 'sqlite';
  readonly #thread: DatabaseThread<Writes, Reads>;
  #space: EmbeddingSpace | null = null;

  private constructor(thread: DatabaseThread<Writes, Reads>) {
    this.#thread = thread;
  }

  /** Opens or creates the file. Fails with `store_failed` when it cannot be used; the message says what to do. */
  static async open({ path, busyTimeoutMs }: SqliteMemoryOptions): Promise<SqliteMemory> {
    const module = new URL('./memory-worker.ts', import.meta.url);
    const thread = new DatabaseThread<Writes, Reads>({ module, path, busyTimeoutMs, name: 'the memory' });
    try {
      await thread.read('open', null);
      return new SqliteMemory(thread);
    } catch (error) {
      await thread[Symbol.asyncDispose]();
      throw error;
    }
  }

  async apply(
    owner: Owner,
    changes: readonly MemoryChange[],
    vectors: ReadonlyMap<string, Float32Array> = new Map(),
  ): Promise<readonly AppliedChange[]> {
    checkOwner(owner);
    checkChanges(changes);
    for (const vector of vectors.values()) checkVector(vector, this.#space);
    return this.#thread.write('apply', {
      ...{ owner: only(owner), changes, vectors: copies(vectors) },
      space: this.#space,
    });
  }

  async search(owner: Owner, query: MemoryQuery, signal: AbortSignal): Promise<readonly FoundMemory[]> {
    checkOwner(owner);
    checkQuery(query, this.#space);
    return this.#read(signal, () =>
      this.#thread.read('search', { owner: only(owner), query, space: this.#space }),
    );
  }

  async profile(owner: Owner, signal: AbortSignal): Promise<readonly Memory[]> {
    checkOwner(owner);
    return this.#read(signal, () => this.#thread.read('profile', { owner: only(owner) }));
  }

  async list(owner: Owner, page: MemoryPage): Promise<Page<Memory>> {
    checkOwner(owner);
    checkPage(page);
    return this.#thread.read('list', { owner: only(owner), page });
  }

  async get(owner: Owner, id: string): Promise<Memory | null> {
    checkOwner(owner);
    checkId(id);
    return this.#thread.read('get', { owner: only(owner), id });
  }

  async history(owner: Owner, id: string): Promise<readonly Memory[]> {
    checkOwner(owner);
    checkId(id);
    return this.#thread.read('history', { owner: only(owner), id });
  }

  async touch(owner: Owner, ids: readonly string[], atMs: number): Promise<void> {
    checkOwner(owner);
    for (const id of ids) checkId(id);
    checkTime(atMs, 'atMs');
    if (ids.length > 0) await this.#thread.write('touch', { owner: only(owner), ids, atMs });
  }

  async delete(owner: Owner, id: string): Promise<boolean> {
    checkOwner(owner);
    checkId(id);
    return this.#thread.write('delete', { owner: only(owner), id });
  }

  async eraseAll(owner: Owner): Promise<number> {
    checkOwner(owner);
    for (let erased = 0; ; ) {
      const count = (await this.#thread.write('eraseSome', { owner: only(owner), limit: SLICE })) ?? 0;
      erased += count;
      if (count < SLICE) return erased;
    }
  }

  async useSpace(space: EmbeddingSpace | null): Promise<void> {
    if (space) await this.#thread.write('createSpace', { space: { ...space } });
    this.#space = space && { ...space };
    for (let isDone = false; !isDone; )
      isDone = await this.#thread.write('dropOtherSpaces', { space: this.#space, limit: SLICE });
  }

  async unembedded(limit: number): Promise<readonly Unembedded[]> {
    return this.#thread.read('unembedded', { space: this.#space, limit });
  }

  async setVectors(entries: readonly (Unembedded & { readonly vector: Float32Array })[]): Promise<void> {
    for (const { vector } of entries) checkVector(vector, this.#space);
    const copied = entries.map((entry) => ({ ...entry, vector: entry.vector.slice() }));
    for (let start = 0; start < copied.length; start += SLICE) {
      const slice = { entries: copied.slice(start, start + SLICE), space: this.#space };
      await this.#thread.write('setVectors', slice);
    }
  }

  /** Waits for the writes that were asked for, then closes the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread[Symbol.asyncDispose]();
  }

  /** It takes a few milliseconds, so a call that is given up is not stopped, only not begun and not answered. */
  async #read<T>(signal: AbortSignal, read: () => Promise<T>): Promise<T> {
    checkWaiting(signal);
    const found = await read();
    checkWaiting(signal);
    return found;
  }
}

/** An owner may be a larger object with these two fields; only they cross the thread. */
function only({ key, user }: Owner): Owner {
  return { key, user };
}

/** Of a vector that is a part of a batch, the whole batch would cross the thread. */
function copies(vectors: ReadonlyMap<string, Float32Array>): ReadonlyMap<string, Float32Array> {
  return new Map([...vectors].map(([id, vector]) => [id, vector.slice()]));
}

function checkWaiting(signal: AbortSignal): void {
  if (!signal.aborted) return;
  throw new VivavoceError('cancelled', 'nobody waits for this any more', { cause: signal.reason });
}
