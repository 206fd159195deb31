import { badFormat, badRequest, invalid, wrongInput } from './qdrant-error.ts';
import { checkFilter, matches } from './qdrant-filter.ts';
import {
  comparePointIds,
  type Point,
  readDense,
  readPointId,
  readSparse,
  type SparseVector,
  type VectorParams,
} from './qdrant-point.ts';
import { checkFullScan, checkRead, type StrictlyKept } from './qdrant-strict-mode.ts';

// biome-ignore lint/suspicious/noExplicitAny: whatever the client under test has sent.
type Json = any;

export interface Scored {
  readonly point: Point;
  readonly score: number;
}

/** What a query looks at. */
export interface Searched extends StrictlyKept {
  readonly points: ReadonlyMap<Point['id'], Point>;
  readonly params: VectorParams;
}

const DEFAULT_LIMIT = 10;
const DEFAULT_RRF_K = 2;
const MAIN_KEYS = ['offset', 'with_payload', 'with_vector', 'shard_key'];
const KEYS = ['prefetch', 'query', 'using', 'filter', 'params', 'score_threshold', 'limit', 'lookup_from'];

/** The universal query: by a vector, or by the fusion of several such queries. */
export function runQuery(searched: Searched, request: Json): readonly Scored[] {
  checkRequest(searched, request, [...KEYS, ...MAIN_KEYS]);
  const offset = request.offset ?? 0;
  return rank(searched, request, null, offset).slice(offset);
}

function checkRequest(searched: Searched, request: Json, keys: readonly string[]): void {
  for (const key of Object.keys(request))
    if (!keys.includes(key)) throw badFormat(`unknown field \`${key}\``);
  const { query, limit = DEFAULT_LIMIT, filter, using = '' } = request;
  if (limit < 1) throw invalid('limit', `value ${limit} invalid, must be 1 or larger`);
  checkFilter(filter);
  const prefetches = prefetchesOf(request);
  for (const prefetch of prefetches) checkRequest(searched, prefetch, KEYS);
  if (isFusion(query) && prefetches.length === 0)
    throw badRequest('Fusion queries cannot be used without prefetches');
  if (query !== undefined && !isFusion(query) && prefetches.length === 0)
    checkFullScan(searched, using, filter);
  checkRead(searched, { filter, limit, exact: request.params?.exact });
}

function rank(searched: Searched, request: Json, outer: Json, offset = 0): Scored[] {
  const { query, using = '', limit = DEFAULT_LIMIT, score_threshold } = request;
  const filter = { must: [request.filter, outer].filter(Boolean) };
  const prefetches = prefetchesOf(request);
  let ranked: Scored[];
  if (isFusion(query)) {
    const lists = prefetches.map((prefetch) => rank(searched, prefetch, filter));
    ranked = fuse(lists, query);
  } else {
    const pool = prefetches.length
      ? prefetches.flatMap((prefetch) => rank(searched, prefetch, filter).map(({ point }) => point))
      : [...searched.points.values()];
    const candidates = [...new Set(pool)].filter((point) => matches(point, filter));
    ranked = query === undefined ? unranked(candidates) : byVector(searched, candidates, query, using);
  }
  const enough = ranked.filter(({ score }) => score_threshold === undefined || score >= score_threshold);
  return enough.slice(0, limit + offset);
}

function prefetchesOf({ prefetch }: Json): Json[] {
  if (prefetch === undefined || prefetch === null) return [];
  return Array.isArray(prefetch) ? prefetch : [prefetch];
}

function isFusion(query: Json): boolean {
  return query?.rrf !== undefined || query?.fusion !== undefined;
}

function unranked(points: readonly Point[]): Scored[] {
  return points
    .toSorted((one, other) => comparePointIds(one.id, other.id))
    .map((point) => ({ point, score: 0 }));
}

/** Reciprocal rank fusion as the server computes it: positions from 0, `k` 2 unless another one is asked for. */
function fuse(lists: readonly (readonly Scored[])[], query: Json): Scored[] {
  if (query.fusion !== undefined && query.fusion !== 'rrf') throw badFormat('the stand-in fuses by rrf only');
  const { k = DEFAULT_RRF_K, weights = lists.map(() => 1) } = query.rrf ?? {};
  if (k < 1) throw invalid('query.rrf.k', `value ${k} invalid, must be 1 or larger`);
  if (weights.length !== lists.length)
    throw wrongInput(
      `Validation failed: Number of weights in RRF should match number of pre-fetches: got ${weights.length}, expected ${lists.length}`,
    );
  const scores = new Map<Point, number>();
  for (const [index, list] of lists.entries())
    for (const [position, { point }] of list.entries()) {
      const score = weights[index] > 0 ? 1 / ((position + 1) / weights[index] + k - 1) : 0;
      scores.set(point, (scores.get(point) ?? 0) + score);
    }
  return sorted([...scores].map(([point, score]) => ({ point, score })));
}

function byVector(searched: Searched, candidates: readonly Point[], query: Json, using: string): Scored[] {
  const { params, points } = searched;
  let vector = query?.nearest ?? query;
  if (typeof vector === 'string' || typeof vector === 'number') {
    const like = points.get(readPointId(vector));
    vector = like?.sparse.get(using) ?? [...(like?.dense.get(using) ?? [])];
  }
  if (params.sparse[using]) {
    const sparse = readSparse(vector, 'query.?');
    const weights =
      params.sparse[using].modifier === 'idf' ? withIdf(sparse, [...points.values()], using) : sparse;
    return bySparse(candidates, weights, using);
  }
  if (!params.dense[using]) throw wrongInput(`Not existing vector name error: ${using}`);
  const dense = readDense(vector, using, params);
  const scored = candidates.flatMap((point) => {
    const own = point.dense.get(using);
    return own ? [{ point, score: own.reduce((sum, value, at) => sum + value * (dense[at] ?? 0), 0) }] : [];
  });
  return sorted(scored);
}

/** How rare each term of the query is at this moment, in the whole collection and whoever asks. */
function withIdf(query: SparseVector, points: readonly Point[], using: string): SparseVector {
  const having = new Map(query.indices.map((index) => [index, 0]));
  let all = 0;
  for (const { sparse } of points) {
    const vector = sparse.get(using);
    if (!vector) continue;
    all += 1;
    for (const index of vector.indices) {
      const count = having.get(index);
      if (count !== undefined) having.set(index, count + 1);
    }
  }
  const values = query.indices.map((index, at) => {
    const df = having.get(index) ?? 0;
    return (query.values[at] ?? 0) * Math.log((all - df + 0.5) / (df + 0.5) + 1);
  });
  return { indices: query.indices, values };
}

/** Only points that share an index with the query are found at all. */
function bySparse(points: readonly Point[], query: SparseVector, using: string): Scored[] {
  const weights = new Map(query.indices.map((index, at) => [index, query.values[at] ?? 0]));
  const scored = points.flatMap((point) => {
    const own = point.sparse.get(using);
    if (!own?.indices.some((index) => weights.has(index))) return [];
    const score = own.indices.reduce(
      (sum, index, at) => sum + (weights.get(index) ?? 0) * (own.values[at] ?? 0),
      0,
    );
    return [{ point, score }];
  });
  return sorted(scored);
}

function sorted(scored: readonly Scored[]): Scored[] {
  return scored.toSorted(
    (one, other) => other.score - one.score || comparePointIds(one.point.id, other.point.id),
  );
}
