import { badFormat, invalid, notFound, wrongInput } from './qdrant-error.ts';

export type PointId = number | string;

export interface SparseVector {
  readonly indices: readonly number[];
  readonly values: readonly number[];
}

export interface Point {
  readonly id: PointId;
  version: number;
  readonly dense: Map<string, Float32Array>;
  readonly sparse: Map<string, SparseVector>;
  payload: Record<string, unknown>;
}

interface DenseParams {
  readonly size: number;
  readonly distance: string;
}

/** The vectors that points of a collection may have, by name. */
export interface VectorParams {
  readonly dense: Readonly<Record<string, DenseParams>>;
  readonly sparse: Readonly<Record<string, { readonly modifier?: string }>>;
}

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;

export function readPointId(id: unknown): PointId {
  if (typeof id === 'number' && Number.isInteger(id) && id >= 0) return id;
  if (typeof id === 'string' && UUID.test(id)) return id.toLowerCase();
  throw badFormat(
    `value ${JSON.stringify(id)} is not a valid point ID, valid values are either an unsigned integer or a UUID`,
  );
}

/** Numbers before UUIDs, each in their order. */
export function comparePointIds(one: PointId, other: PointId): number {
  if (typeof one !== typeof other) return typeof one === 'number' ? -1 : 1;
  return one < other ? -1 : one > other ? 1 : 0;
}

export function pointMissing(id: PointId): Error {
  return notFound(`No point with id ${id} found`);
}

/** Checks the vectors of a point as they are sent, and gives them to it. Those it has under other names stay. */
export function setVectors(point: Point, vectors: unknown, params: VectorParams, at: string): void {
  if (typeof vectors !== 'object' || vectors === null) throw badFormat('missing field `vector`');
  if (Array.isArray(vectors)) throw wrongInput('Not existing vector name error: ');
  for (const [name, vector] of Object.entries(vectors)) {
    if (params.dense[name]) {
      point.dense.set(name, readDense(vector, name, params));
    } else if (params.sparse[name]) {
      point.sparse.set(name, readSparse(vector, `${at}.vector.?`));
    } else throw wrongInput(`Not existing vector name error: ${name}`);
  }
}

/** As it is kept: of length 1, because the distance is the cosine. */
export function readDense(vector: unknown, name: string, params: VectorParams): Float32Array {
  if (!Array.isArray(vector) || !vector.every((value) => typeof value === 'number'))
    throw badFormat('data did not match any variant of untagged enum Vector');
  const size = params.dense[name]?.size ?? 0;
  if (vector.length !== size)
    throw wrongInput(`Vector dimension error: expected dim: ${size}, got ${vector.length}`);
  const length = Math.hypot(...vector);
  return Float32Array.from(vector, (value: number) => (length === 0 ? 0 : value / length));
}

export function readSparse(vector: unknown, at: string): SparseVector {
  const { indices, values } = (vector ?? {}) as Partial<SparseVector>;
  if (!Array.isArray(indices) || !Array.isArray(values))
    throw badFormat('data did not match any variant of untagged enum Vector');
  const isU32 = (value: number) => Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff;
  if (!indices.every(isU32)) throw badFormat('data did not match any variant of untagged enum Vector');
  if (indices.length !== values.length)
    throw invalid(`${at}.values`, 'Validation error: must be the same length as indices [{}]');
  if (new Set(indices).size !== indices.length)
    throw invalid(`${at}.indices`, 'Validation error: must be unique [{}]');
  return { indices, values };
}

/** What `with_vector` asks for. */
export function shownVectors(point: Point, wanted: unknown): Record<string, unknown> | undefined {
  if (!wanted) return undefined;
  const isWanted = (name: string) => wanted === true || (wanted as string[]).includes(name);
  const dense = [...point.dense].map(([name, vector]) => [name, [...vector]] as const);
  return Object.fromEntries([...dense, ...point.sparse].filter(([name]) => isWanted(name)));
}

/** What `with_payload` asks for. */
export function shownPayload(point: Point, wanted: unknown): Record<string, unknown> | undefined {
  if (wanted === false || wanted === undefined || wanted === null) return undefined;
  if (wanted === true) return structuredClone(point.payload);
  const { include, exclude } = (Array.isArray(wanted) ? { include: wanted } : wanted) as {
    include?: string[];
    exclude?: string[];
  };
  const isShown = (key: string) => (include ? include.includes(key) : !exclude?.includes(key));
  return structuredClone(Object.fromEntries(Object.entries(point.payload).filter(([key]) => isShown(key))));
}
