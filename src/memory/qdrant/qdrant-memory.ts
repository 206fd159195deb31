import type { Owner, Page } from '../../conversation/store.ts';
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
import { ChangePlan, filterFor } from './change-plan.ts';
import { MemoryCollections } from './memory-collections.ts';
import { memoryHistory } from './memory-history.ts';
import { byMoment, memoryPage } from './memory-pages.ts';
import { MemoryPlaces } from './memory-places.ts';
import { BEST_FUSED, HOLDS, type OwnedPoints, type PointFilter } from './owned-points.ts';
import { type FoundPoint, PAGE, type QdrantAddress, QdrantApi } from './qdrant-api.ts';
import { SearchBatch } from './search-batch.ts';
import { queryVectors } from './sparse-vector.ts';
import { ownerOf, PointOwner, type StoredMemory, toMemory } from './stored-memory.ts';

export interface QdrantMemoryOptions extends QdrantAddress {
  /** Of the names of its collections; letters, digits and `_`. `vivavoce_memory` when absent. */
  readonly prefix?: string;
}

const NEVER = new AbortController().signal;
const NONE: ReadonlyMap<string, Float32Array> = new Map();

/**
 * Memories in Qdrant: by words (BM25, the rareness of a word counted by the server) and by vectors, each owner a tenant.
 *
 * One process at a time writes to its collections. Calls without a signal have deadlines of their own and may still
 * happen when they are given up; all of them can be made again.
 */
export class QdrantMemory implements MemoryStore, AsyncDisposable {
  readonly engine = 'qdrant';
  readonly #api: QdrantApi;
  readonly #places: MemoryPlaces;
  readonly #searches: SearchBatch;

  private constructor({ prefix = 'vivavoce_memory', ...address }: QdrantMemoryOptions) {
    this.#api = new QdrantApi(address);
    this.#places = new MemoryPlaces(this.#api, new MemoryCollections(this.#api, prefix));
    this.#searches = new SearchBatch(this.#api);
  }

  /**
   * Makes the collection or brings it up to date. Rejects with `engine_unavailable` while there is no server, and with
   * `engine_failed` when the server will not have it; the message says what to do.
   */
  static async open(options: QdrantMemoryOptions, signal: AbortSignal): Promise<QdrantMemory> {
    const memory = new QdrantMemory(options);
    try {
      await memory.#places.here(signal);
      return memory;
    } catch (error) {
      await memory[Symbol.asyncDispose]();
      throw error;
    }
  }

  async apply(
    owner: Owner,
    changes: readonly MemoryChange[],
    vectors: ReadonlyMap<string, Float32Array> = NONE,
  ): Promise<readonly AppliedChange[]> {
    checkOwner(owner);
    checkChanges(changes);
    const space = this.#places.space;
    for (const vector of vectors.values()) checkVector(vector, space);
    if (changes.length === 0) return [];
    return await this.#places.write(owner, async (points) => {
      const plan = new ChangePlan(points, await readWhole(points, filterFor(points, changes)));
      const fitting = space && this.#places.space === space ? vectors : NONE;
      const applied = changes.map((change) => plan.change(change, fitting));
      await points.write(plan.operations());
      return applied;
    });
  }

  async search(owner: Owner, query: MemoryQuery, signal: AbortSignal): Promise<readonly FoundMemory[]> {
    checkOwner(owner);
    const { space } = this.#places;
    checkQuery(query, space);
    const words = queryVectors(query.text);
    return await this.#places.read(owner, signal, async (points) => {
      if (query.vector && space && this.#places.space === space) {
        const search = points.searchByMeaning(query.vector, words, query.limit);
        return found(await this.#searches.search(points.collection, search, signal), BEST_FUSED);
      }
      if (!words) return [];
      const search = points.searchByWords(words, query.limit);
      const hits = await this.#searches.search(points.collection, search, signal);
      return found(hits, hits[0]?.score ?? 1);
    });
  }

  async profile(owner: Owner, signal: AbortSignal): Promise<readonly Memory[]> {
    checkOwner(owner);
    const isProfile = { key: 'kind', match: { value: 'profile' } };
    return await this.#places.read(owner, signal, async (points) => {
      const stored = await points.all({ must: [HOLDS, isProfile] }, signal);
      return stored.toSorted(byMoment).map(({ memory }) => memory);
    });
  }

  async list(owner: Owner, page: MemoryPage): Promise<Page<Memory>> {
    checkOwner(owner);
    checkPage(page);
    return await this.#places.read(owner, NEVER, (points) => memoryPage(points, page));
  }

  async get(owner: Owner, id: string): Promise<Memory | null> {
    checkOwner(owner);
    checkId(id);
    return await this.#places.read(owner, NEVER, async (points) => {
      const [stored] = await points.all({ must: [points.withIds([id])] });
      return stored?.memory ?? null;
    });
  }

  async history(owner: Owner, id: string): Promise<readonly Memory[]> {
    checkOwner(owner);
    checkId(id);
    return await this.#places.read(owner, NEVER, (points) => memoryHistory(points, id));
  }

  async touch(owner: Owner, ids: readonly string[], atMs: number): Promise<void> {
    checkOwner(owner);
    for (const id of ids) checkId(id);
    checkTime(atMs, 'atMs');
    if (ids.length === 0) return;
    await this.#places.write(owner, (points) =>
      points.write([points.setPayload({ must: [points.withIds(ids)] }, { last_used_at: atMs })]),
    );
  }

  async delete(owner: Owner, id: string): Promise<boolean> {
    checkOwner(owner);
    checkId(id);
    return await this.#places.write(owner, async (points) => {
      const stored = await readWhole(points, { must: [points.withIds([id])] });
      const gone = stored.find(({ memory }) => memory.id === id);
      if (!gone) return false;
      const replaced = { must: [{ key: 'superseded_by', match: { value: id } }] };
      await points.write([
        ...new ChangePlan(points, stored).operations(),
        points.setPayload(replaced, { superseded_by: gone.memory.supersededBy }),
        points.delete({ must: [points.withIds([id])] }),
      ]);
      return true;
    });
  }

  async eraseAll(owner: Owner): Promise<number> {
    checkOwner(owner);
    return await this.#places.write(owner, async (points) => {
      const count = await points.count();
      if (count > 0) await points.write([points.delete({})]);
      return count;
    });
  }

  /** What is remembered follows into the collection of the new model: each owner's with the first call, all others' with `unembedded`. */
  async useSpace(space: EmbeddingSpace | null): Promise<void> {
    await this.#places.use(space);
  }

  async unembedded(limit: number): Promise<readonly Unembedded[]> {
    if (!this.#places.space) return [];
    return await this.#places.at(async (place) => {
      for (;;) {
        const found = await this.#withoutVector(place.collection, limit);
        if (found.length > 0 || place.sources.size === 0) return found;
        await this.#places.moveSome(place);
      }
    });
  }

  async setVectors(entries: readonly (Unembedded & { readonly vector: Float32Array })[]): Promise<void> {
    const space = this.#places.space;
    for (const { owner, vector } of entries) {
      checkOwner(owner);
      checkVector(vector, space);
    }
    if (!space) return;
    const byOwner = Map.groupBy(entries, ({ owner }) => new PointOwner(owner).token);
    const written = [...byOwner.values()].map((own) =>
      this.#places.write(own[0]?.owner as Owner, async (points) => {
        if (this.#places.space !== space) return;
        const stored = await points.all({ must: [points.withIds(own.map(({ id }) => id))] });
        const texts = new Map(stored.map(({ memory }) => [memory.id, memory.text]));
        const fitting = own.filter(({ id, text }) => texts.get(id) === text);
        if (fitting.length > 0) await points.write([points.setVectors(fitting)]);
      }),
    );
    await Promise.all(written);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#api[Symbol.dispose]();
  }

  async #withoutVector(collection: string, limit: number): Promise<Unembedded[]> {
    const filter = { must: [HOLDS], must_not: [{ has_vector: 'dense' }] };
    const found: Unembedded[] = [];
    const request = { filter, limit: Math.min(limit, PAGE), with_payload: true };
    for await (const page of this.#api.pages(collection, request)) {
      for (const point of page) {
        const { id, text } = toMemory(point).memory;
        found.push({ owner: ownerOf(point), id, text });
      }
      if (found.length >= limit) break;
    }
    return found.slice(0, limit);
  }
}

/** What matches, and all that any of it is still replacing. */
async function readWhole(points: OwnedPoints, filter: PointFilter): Promise<StoredMemory[]> {
  const stored = await points.all(filter);
  const known = new Set(stored.map(({ memory }) => memory.id));
  const missing = stored.flatMap(({ replacing }) => replacing).filter((id) => !known.has(id));
  if (missing.length === 0) return stored;
  return [...stored, ...(await points.all({ must: [points.withIds(missing)] }))];
}

function found(points: readonly FoundPoint[], best: number): FoundMemory[] {
  return points.map((point) => {
    return { memory: toMemory(point).memory, relevance: Math.min(1, point.score / best) };
  });
}
