import type { Owner, Page } from '../conversation/store.ts';
import type { AppliedChange, FoundMemory, Memory, MemoryChange } from './memory.ts';

/** Vectors of one model: those of another mean something else, even where their length is the same. */
export interface EmbeddingSpace {
  /** Engine and model: `ollama:nomic-embed-text`. */
  readonly model: string;
  readonly dimensions: number;
}

export interface MemoryQuery {
  /** In the words of the person. */
  readonly text: string;
  /** The same in the space in use; null: only words are compared. */
  readonly vector: Float32Array | null;
  readonly limit: number;
}

export interface MemoryPage {
  /** The id after which the page begins. An unknown id is `not_found`. */
  readonly after?: string;
  readonly limit: number;
  /** By the moment at which it was learned. */
  readonly order: 'asc' | 'desc';
  /** Whether what no longer holds is listed too. */
  readonly withHistory: boolean;
}

/** A memory that has no vector in the space in use. */
export interface Unembedded {
  readonly owner: Owner;
  readonly id: string;
  readonly text: string;
}

/**
 * What is remembered of everybody. Every method takes first whose memories these are, (key, user), and nothing of
 * another owner can be seen or touched; only the three of the upkeep of vectors see all.
 *
 * A write that resolves is durable and seen by every read after it. Failures are `VivavoceError`s: `not_found` for a
 * cursor or an id, `invalid_request`, `store_failed` (the file) or `engine_*` (a server).
 */
export interface MemoryStore {
  /** `sqlite`, `qdrant` */
  readonly engine: string;
  /**
   * Applies changes in order. Each `add`
   *  - is `known` when a memory that holds says the same (`fingerprintOf`), or has its subject, attribute and value;
   *  - takes the place of what has its subject and attribute, unless that is valid from later on: then it is `outdated`;
   *  - is found again under the same id when it is applied once more, whatever has become of it since.
   *
   * @param vectors of the texts of `add`s, by id, in the space in use; what has none gets one later
   */
  apply(
    owner: Owner,
    changes: readonly MemoryChange[],
    vectors?: ReadonlyMap<string, Float32Array>,
  ): Promise<readonly AppliedChange[]>;
  /** What holds and fits, best first. Words alone decide while there is no vector, the union of both rankings otherwise. */
  search(owner: Owner, query: MemoryQuery, signal: AbortSignal): Promise<readonly FoundMemory[]>;
  /** Who the person is: all memories of kind `profile` that hold, in one lookup. */
  profile(owner: Owner, signal: AbortSignal): Promise<readonly Memory[]>;
  list(owner: Owner, page: MemoryPage): Promise<Page<Memory>>;
  get(owner: Owner, id: string): Promise<Memory | null>;
  /** The memory with all that it took the place of and that took its place, oldest first; empty when it is unknown. */
  history(owner: Owner, id: string): Promise<readonly Memory[]>;
  /** Notes that these were given to a model. What is unknown is ignored. */
  touch(owner: Owner, ids: readonly string[], atMs: number): Promise<void>;
  /** Removes a memory for good; false when it was not there. What it took the place of stays history. */
  delete(owner: Owner, id: string): Promise<boolean>;
  /** Removes everything of this owner for good, from files and indexes too; the number of memories that were there. */
  eraseAll(owner: Owner): Promise<number>;

  /** The space of the vectors from now on. Vectors of another one are not searched and may be dropped. Null: none. */
  useSpace(space: EmbeddingSpace | null): Promise<void>;
  /** Memories without a vector in the space in use, some of them; empty when all have one. */
  unembedded(limit: number): Promise<readonly Unembedded[]>;
  /** Gives memories their vectors. One that is gone or has other words by now is left alone. */
  setVectors(entries: readonly (Unembedded & { readonly vector: Float32Array })[]): Promise<void>;
}
