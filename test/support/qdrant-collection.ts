import { invalid, wrongInput } from './qdrant-error.ts';
import { checkFilter, matches } from './qdrant-filter.ts';
import {
  comparePointIds,
  type Point,
  type PointId,
  readPointId,
  shownPayload,
  shownVectors,
  type VectorParams,
} from './qdrant-point.ts';
import { runQuery } from './qdrant-query.ts';
import { checkRead, type StrictlyKept } from './qdrant-strict-mode.ts';

// biome-ignore lint/suspicious/noExplicitAny: whatever the client under test has sent.
type Json = any;

const MAX_SIZE = 65_536;
const RANGE_TYPES = ['integer', 'float', 'datetime'];
const DEFAULT_LIMIT = 10;

/** A collection of the stand-in: its points in memory, and everything that it can be asked without a change. */
export class QdrantCollection implements StrictlyKept {
  readonly points = new Map<PointId, Point>();
  readonly params: VectorParams;
  hnsw: Json;
  strict: Json;
  /** Field → what it was asked to be indexed as, with its `type`. */
  readonly schema = new Map<string, Json>();

  constructor({ vectors = {}, sparse_vectors = {}, hnsw_config, strict_mode_config }: Json) {
    if ('size' in vectors) throw new Error('The stand-in has named vectors only.');
    for (const [name, { size, distance }] of Object.entries<Json>(vectors)) {
      if (!(size >= 1 && size <= MAX_SIZE))
        throw invalid(`vectors.${name}.size`, `value ${size} invalid, must be from 1 to ${MAX_SIZE}`);
      if (distance !== 'Cosine') throw new Error('The stand-in knows the distance Cosine only.');
    }
    this.params = { dense: vectors, sparse: sparse_vectors };
    this.hnsw = { m: 16, ef_construct: 100, ...hnsw_config };
    this.strict = strict_mode_config ?? { enabled: false };
  }

  get indexes(): ReadonlyMap<string, string> {
    return new Map([...this.schema].map(([field, { type }]) => [field, type]));
  }

  get tenantFields(): ReadonlySet<string> {
    return new Set([...this.schema].filter(([, { is_tenant }]) => is_tenant).map(([field]) => field));
  }

  get denseNames(): readonly string[] {
    return Object.keys(this.params.dense);
  }

  info(): Json {
    return {
      status: 'green',
      optimizer_status: 'ok',
      indexed_vectors_count: 0,
      points_count: this.points.size,
      segments_count: 2,
      config: {
        params: {
          vectors: this.params.dense,
          ...(Object.keys(this.params.sparse).length > 0 && { sparse_vectors: this.params.sparse }),
          ...{ shard_number: 1, replication_factor: 1, write_consistency_factor: 1, on_disk_payload: true },
        },
        hnsw_config: this.hnsw,
        strict_mode_config: this.strict,
      },
      payload_schema: Object.fromEntries(
        [...this.schema].map(([field, params]) => {
          const points = [...this.points.values()].filter(({ payload }) => (payload[field] ?? null) !== null);
          const isPlain = Object.keys(params).length === 1;
          return [field, { data_type: params.type, ...(!isPlain && { params }), points: points.length }];
        }),
      ),
    };
  }

  query(request: Json): Json {
    const { with_payload = false, with_vector = false } = request;
    const scored = runQuery(this, request);
    return { points: scored.map(({ point, score }) => shown(point, with_payload, with_vector, { score })) };
  }

  retrieve({ ids, with_payload = true, with_vector = false }: Json): Json {
    checkRead(this, { limit: ids.length });
    const found = ids.map(readPointId).flatMap((id: PointId) => this.points.get(id) ?? []);
    return found.map((point: Point) => shown(point, with_payload, with_vector));
  }

  count({ filter, exact = true }: Json): Json {
    checkFilter(filter);
    checkRead(this, { filter, exact });
    return { count: this.matching(filter).length };
  }

  scroll(request: Json): Json {
    const {
      filter,
      offset,
      order_by,
      limit = DEFAULT_LIMIT,
      with_payload = true,
      with_vector = false,
    } = request;
    checkFilter(filter);
    if (limit < 1) throw invalid('limit', `value ${limit} invalid, must be 1 or larger`);
    checkRead(this, { filter, limit });
    const hasOffset = offset !== undefined && offset !== null;
    if (order_by) {
      if (hasOffset)
        throw wrongInput(
          "Cannot use an `offset` when using `order_by`. The alternative for paging is to use `order_by.start_from` and a filter to exclude the IDs that you've already seen for the `order_by.start_from` value",
        );
      const points = this.#ordered(this.matching(filter), order_by).slice(0, limit);
      return {
        points: points.map((point) => shown(point, with_payload, with_vector)),
        next_page_offset: null,
      };
    }
    const from = hasOffset ? readPointId(offset) : null;
    const points = this.matching(filter).filter(({ id }) => from === null || comparePointIds(id, from) >= 0);
    return {
      points: points.slice(0, limit).map((point) => shown(point, with_payload, with_vector)),
      next_page_offset: points[limit]?.id ?? null,
    };
  }

  /** In the order of their ids. */
  matching(filter: Json): Point[] {
    return [...this.points.values()]
      .filter((point) => matches(point, filter))
      .toSorted((one, other) => comparePointIds(one.id, other.id));
  }

  /** Of equal values in no order that anybody may count on: here by the end of their ids. */
  #ordered(points: readonly Point[], orderBy: Json): Point[] {
    const { key, direction = 'asc', start_from } = typeof orderBy === 'string' ? { key: orderBy } : orderBy;
    const type = this.indexes.get(key) ?? '';
    if (!RANGE_TYPES.includes(type) || this.schema.get(key)?.range === false)
      throw wrongInput(
        `No range index for \`order_by\` key: \`${key}\`. Please create one to use \`order_by\`. Check https://qdrant.tech/documentation/concepts/indexing/#payload-index to see which payload schemas support Range conditions`,
      );
    const sign = direction === 'desc' ? -1 : 1;
    const numberOf = ({ payload }: Point) => payload[key] as number;
    const backwards = ({ id }: Point) => [...String(id)].toReversed().join('');
    return points
      .filter((point) => typeof numberOf(point) === 'number')
      .filter((point) => typeof start_from !== 'number' || sign * (numberOf(point) - start_from) >= 0)
      .toSorted(
        (one, other) =>
          sign * (numberOf(one) - numberOf(other)) || (backwards(one) < backwards(other) ? -1 : 1),
      );
  }
}

function shown(point: Point, withPayload: unknown, withVector: unknown, scored?: { score: number }): Json {
  const payload = shownPayload(point, withPayload);
  const vector = shownVectors(point, withVector);
  return {
    id: point.id,
    ...(scored && { version: point.version, ...scored }),
    ...(payload && { payload }),
    ...(vector && { vector }),
  };
}
