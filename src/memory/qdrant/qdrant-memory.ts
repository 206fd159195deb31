import type { Owner, Page } from '../../conversation/store.ts';
import type { EngineStatus } from '../../engine-status.ts';
import { isAbort, messageOf } from '../../errors.ts';
import { cancelled } from '../../resilience/deadline.ts';
import { orAborted } from '../embedding/or-aborted.ts';
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
import { Lanes } from './lanes.ts';
import { MemoryCollections } from './memory-collections.ts';
import { memoryHistory } from './memory-history.ts';
import { byMoment, memoryPage } from './memory-pages.ts';
import { BEST_FUSED, HOLDS, OwnedPoints, type PointFilter } from './owned-points.ts';
import { hasMoved, moveOwner, moveSome, type Place } from './owner-moves.ts';
import { type FoundPoint, PAGE, type QdrantAddress, QdrantApi } from './qdrant-api.ts';
import { CollectionGone } from './qdrant-failure.ts';
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
  readonly #collections: MemoryCollections;
  readonly #searches: SearchBatch;
  readonly #lanes = new Lanes();
  #space: EmbeddingSpace | null = null;
  /** Null until it is asked for again, when the server has lost a collection. */
  #place: Promise<Place> | null = null;

  private constructor({ prefix = 'vivavoce_memory', ...address }: QdrantMemoryOptions) {
    this.#api = new QdrantApi(address);
    this.#collections = new MemoryCollections(this.#api, prefix);
    this.#searches = new SearchBatch(this.#api);
  }

  /**
   * Makes the collection or brings it up to date. Rejects with `engine_unavailable` while there is no server, and with
   * `engine_failed` when the server will not have it; the message says what to do.
   */
  static async open(options: QdrantMemoryOptions, signal: AbortSignal): Promise<QdrantMemory> {
    const memory = new QdrantMemory(options);
    try {
      await memory.#here(signal);
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
    const space = this.#space;
    for (const vector of vectors.values()) checkVector(vector, space);
    if (changes.length === 0) return [];
    return await this.#write(owner, async (points) => {
      const plan = new ChangePlan(points, await readWhole(points, filterFor(points, changes)));
      const fitting = space && this.#space === space ? vectors : NONE;
      const applied = changes.map((change) => plan.change(change, fitting));
      await points.write(plan.operations());
      return applied;
    });
  }

  async search(owner: Owner, query: MemoryQuery, signal: AbortSignal): Promise<readonly FoundMemory[]> {
    checkOwner(owner);
    checkQuery(query, this.#space);
    const words = queryVectors(query.text);
    const vector = this.#space ? query.vector : null;
    return await this.#read(owner, signal, async (points) => {
      if (vector) {
        const search = points.searchByMeaning(vector, words, query.limit);
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
    return await this.#read(owner, signal, async (points) => {
      const stored = await points.all({ must: [HOLDS, isProfile] }, signal);
      return stored.toSorted(byMoment).map(({ memory }) => memory);
    });
  }

  async list(owner: Owner, page: MemoryPage): Promise<Page<Memory>> {
    checkOwner(owner);
    checkPage(page);
    return await this.#read(owner, NEVER, (points) => memoryPage(points, page));
  }

  async get(owner: Owner, id: string): Promise<Memory | null> {
    checkOwner(owner);
    checkId(id);
    return await this.#read(owner, NEVER, async (points) => {
      const [stored] = await points.all({ must: [points.withIds([id])] });
      return stored?.memory ?? null;
    });
  }

  async history(owner: Owner, id: string): Promise<readonly Memory[]> {
    checkOwner(owner);
    checkId(id);
    return await this.#read(owner, NEVER, (points) => memoryHistory(points, id));
  }

  async touch(owner: Owner, ids: readonly string[], atMs: number): Promise<void> {
    checkOwner(owner);
    for (const id of ids) checkId(id);
    checkTime(atMs, 'atMs');
    if (ids.length === 0) return;
    await this.#write(owner, (points) =>
      points.write([points.setPayload({ must: [points.withIds(ids)] }, { last_used_at: atMs })]),
    );
  }

  async delete(owner: Owner, id: string): Promise<boolean> {
    checkOwner(owner);
    checkId(id);
    return await this.#write(owner, async (points) => {
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
    return await this.#write(owner, async (points) => {
      const count = await points.count();
      if (count > 0) await points.write([points.delete({})]);
      return count;
    });
  }

  /** What is remembered follows into the collection of the new model: each owner's with the first call, all others' with `unembedded`. */
  async useSpace(space: EmbeddingSpace | null): Promise<void> {
    if (this.#space?.model !== space?.model || this.#space?.dimensions !== space?.dimensions)
      this.#space = null;
    if (!space) return;
    await this.#lanes.alone(async () => {
      const sources = new Set(await this.#collections.use(space, NEVER));
      const place = { collection: this.#collections.nameOf(space), sources, moved: new Set<string>() };
      this.#place = Promise.resolve(place);
      this.#space = { ...space };
    });
  }

  async unembedded(limit: number): Promise<readonly Unembedded[]> {
    if (!this.#space) return [];
    return await this.#at(async (place) => {
      for (;;) {
        const found = await this.#withoutVector(place.collection, limit);
        if (found.length > 0 || place.sources.size === 0) return found;
        await moveSome(this.#api, place, (by, work) => this.#lanes.run(by.token, work));
      }
    });
  }

  async setVectors(entries: readonly (Unembedded & { readonly vector: Float32Array })[]): Promise<void> {
    const space = this.#space;
    for (const { owner, vector } of entries) {
      checkOwner(owner);
      checkVector(vector, space);
    }
    if (!space) return;
    const byOwner = Map.groupBy(entries, ({ owner }) => new PointOwner(owner).token);
    const written = [...byOwner.values()].map((own) =>
      this.#write(own[0]?.owner as Owner, async (points) => {
        if (this.#space !== space) return;
        const stored = await points.all({ must: [points.withIds(own.map(({ id }) => id))] });
        const texts = new Map(stored.map(({ memory }) => [memory.id, memory.text]));
        const fitting = own.filter(({ id, text }) => texts.get(id) === text);
        if (fitting.length > 0) await points.write([points.setVectors(fitting)]);
      }),
    );
    await Promise.all(written);
  }

  /** Whether it answers, and what it keeps. */
  async probe(signal: AbortSignal): Promise<EngineStatus> {
    const status = { part: 'memory', engine: this.engine };
    try {
      const { collection } = await orAborted(this.#here(NEVER), signal);
      const version = await this.#api.version(signal);
      const info = await this.#api.collection(collection, signal);
      const reason = `keeps ${info?.points_count ?? 0} memories at ${this.#api.url} (Qdrant ${version})`;
      return { ...status, detail: collection, state: 'ready', reason };
    } catch (error) {
      if (isAbort(error)) throw error;
      return { ...status, detail: '', state: 'failed', reason: messageOf(error) };
    }
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

  async #read<T>(owner: Owner, signal: AbortSignal, read: (points: OwnedPoints) => Promise<T>): Promise<T> {
    if (signal.aborted) throw cancelled('the memory', signal);
    const by = new PointOwner(owner);
    return await this.#at(async (place) => {
      if (!hasMoved(place, by)) {
        const moving = this.#lanes.run(by.token, () => moveOwner(this.#api, place, by));
        await orAborted(moving, signal);
      }
      return await read(new OwnedPoints(this.#api, place.collection, by));
    });
  }

  /** Each owner's writes one after the other: they read what is there first. */
  async #write<T>(owner: Owner, write: (points: OwnedPoints) => Promise<T>): Promise<T> {
    const by = new PointOwner(owner);
    return await this.#lanes.run(by.token, () =>
      this.#at(async (place) => {
        if (!hasMoved(place, by)) await moveOwner(this.#api, place, by);
        return await write(new OwnedPoints(this.#api, place.collection, by));
      }),
    );
  }

  async #at<T>(work: (place: Place) => Promise<T>): Promise<T> {
    const here = this.#here(NEVER);
    const opened = this.#place;
    try {
      return await work(await here);
    } catch (error) {
      if (error instanceof CollectionGone && this.#place === opened) this.#place = null;
      throw error;
    }
  }

  async #here(signal: AbortSignal): Promise<Place> {
    this.#place ??= this.#open(signal);
    const place = this.#place;
    try {
      return await place;
    } catch (error) {
      if (this.#place === place) this.#place = null;
      throw error;
    }
  }

  async #open(signal: AbortSignal): Promise<Place> {
    const space = this.#space;
    if (!space) {
      const { current, others } = await this.#collections.open(signal);
      return { collection: current, sources: new Set(others), moved: new Set() };
    }
    const others = await this.#collections.use(space, signal);
    return { collection: this.#collections.nameOf(space), sources: new Set(others), moved: new Set() };
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
