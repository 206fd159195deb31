import type { Schemas } from '@qdrant/js-client-rest';
import { type Operation, PAGE, type Point, type QdrantApi, type Search } from './qdrant-api.ts';
import type { QueryVectors } from './sparse-vector.ts';
import { type MemoryPayload, type PointOwner, type StoredMemory, toMemory } from './stored-memory.ts';

export type Condition = Schemas['Condition'];

export interface PointFilter {
  readonly must?: readonly Condition[];
  readonly should?: readonly Condition[];
}

export type Direction = 'asc' | 'desc';

export const HOLDS: Condition = { key: 'holds', match: { value: true } };

/** How much less a place further down counts. The server's own default of 2 leaves little to the second ranking. */
const RANK_CONSTANT = 60;
/** So many of each ranking are brought together, at least. */
const MIN_DEPTH = 50;
/** What a point scores that is first in both rankings. */
export const BEST_FUSED = 2 / RANK_CONSTANT;

/** The points of one owner in one collection: whatever is asked or changed here, nobody else's are seen or touched. */
export class OwnedPoints {
  readonly by: PointOwner;
  readonly collection: string;
  readonly #api: QdrantApi;

  constructor(api: QdrantApi, collection: string, by: PointOwner) {
    this.#api = api;
    this.collection = collection;
    this.by = by;
  }

  /** Those with these ids of memories. */
  withIds(ids: readonly string[]): Condition {
    return { has_id: [...new Set(ids)].map((id) => this.by.pointId(id)) };
  }

  /** All that match, in no order that means anything. */
  async all(filter: PointFilter, signal?: AbortSignal): Promise<StoredMemory[]> {
    const found: StoredMemory[] = [];
    const request = { filter: this.#mine(filter), limit: PAGE, with_payload: true };
    for await (const page of this.#api.pages(this.collection, request, signal))
      found.push(...page.map(toMemory));
    return found;
  }

  /** The first of those that match, by the moment at which they were learned; of one moment, in any order. */
  async first(filter: PointFilter, direction: Direction, limit: number): Promise<StoredMemory[]> {
    const order_by = { key: 'created_at', direction };
    const page = await this.#api.scroll(this.collection, {
      ...{ filter: this.#mine(filter), limit, order_by, with_payload: true },
    });
    return page.points.map(toMemory);
  }

  async count(): Promise<number> {
    // The server does not count exactly in strict mode.
    const request = { filter: this.#mine({}), limit: PAGE, with_payload: false };
    let count = 0;
    for await (const page of this.#api.pages(this.collection, request)) count += page.length;
    return count;
  }

  /** The whole points of some of the owner's memories, with the vector of their words. */
  async some(limit: number): Promise<Point[]> {
    const request = { filter: this.#mine({}), limit, with_payload: true, with_vector: ['bm25'] };
    const { points } = await this.#api.scroll(this.collection, request);
    return points.map(({ id, payload, vector }) => {
      return { id, payload: payload ?? {}, vector: (vector ?? {}) as Record<string, Schemas['Vector']> };
    });
  }

  /** What holds and fits, by its words. */
  searchByWords(query: QueryVectors, limit: number): Search {
    const filter = this.#mine({ must: [HOLDS] });
    return { ...this.#byWords(query, limit, Math.max(limit, MIN_DEPTH)), filter, with_payload: true };
  }

  /** What holds and fits, by its words, its meaning or both: the best of both rankings. */
  searchByMeaning(vector: Float32Array, words: QueryVectors | null, limit: number): Search {
    const depth = Math.max(limit, MIN_DEPTH);
    const filter = this.#mine({ must: [HOLDS] });
    const dense = { query: [...vector], using: 'dense', filter, limit: depth };
    return {
      prefetch: words ? [dense, this.#byWords(words, depth, depth)] : [dense],
      query: { rrf: { k: RANK_CONSTANT } },
      ...{ filter, limit, with_payload: true },
    };
  }

  upsert(points: readonly Point[]): Operation {
    return { upsert: { points: [...points] } };
  }

  setPayload(filter: PointFilter, payload: Partial<MemoryPayload>): Operation {
    return { set_payload: { payload: { ...payload }, filter: this.#mine(filter) } };
  }

  setVectors(points: readonly { readonly id: string; readonly vector: Float32Array }[]): Operation {
    return {
      update_vectors: {
        points: points.map(({ id, vector }) => ({ id: this.by.pointId(id), vector: { dense: [...vector] } })),
        update_filter: this.#mine({}),
      },
    };
  }

  delete(filter: PointFilter): Operation {
    return { delete: { filter: this.#mine(filter) } };
  }

  async write(operations: readonly Operation[]): Promise<void> {
    await this.#api.write(this.collection, operations);
  }

  #byWords({ terms, withCues }: QueryVectors, limit: number, depth: number) {
    const filter = this.#mine({ must: [HOLDS] });
    const byTerms = { query: terms, using: 'bm25', filter, limit: withCues ? depth : limit };
    return withCues ? { prefetch: byTerms, query: withCues, using: 'bm25', filter, limit } : byTerms;
  }

  /** The only maker of filters: whose points are meant is in every one of them. */
  #mine({ must = [], should = [] }: PointFilter): Schemas['Filter'] {
    const owner = { key: 'owner', match: { value: this.by.token } };
    return { must: [owner, ...must], ...(should.length > 0 && { should: [...should] }) };
  }
}
