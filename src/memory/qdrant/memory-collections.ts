import { hash } from 'node:crypto';
import type { Schemas } from '@qdrant/js-client-rest';
import { VivavoceError } from '../../errors.ts';
import type { EmbeddingSpace } from '../memory-store.ts';
import { PAGE, type QdrantApi } from './qdrant-api.ts';
import { INDEXES } from './stored-memory.ts';

/** A search has to say whose memories it means, and no filter may make the server read through all of them. */
const STRICT = {
  enabled: true,
  unindexed_filtering_retrieve: false,
  unindexed_filtering_update: false,
  search_allow_exact: false,
  max_query_limit: PAGE,
} as const;

/** One graph for each owner and none over all: nobody searches among everybody's memories. */
const GRAPHS = { m: 0, payload_m: 16 } as const;

/** The first that fuses rankings with a constant of ours, and changes vectors of points that match a filter only. */
const OLDEST = [1, 16] as const;

/**
 * The collections of memories: one for each embedding model, and one for words alone.
 *
 * They share the prefix of their names, and an alias by that prefix says which is in use.
 */
export class MemoryCollections {
  readonly #api: QdrantApi;
  readonly #prefix: string;

  constructor(api: QdrantApi, prefix: string) {
    this.#api = api;
    this.#prefix = prefix;
  }

  /** The collection of these vectors; of words alone without them. */
  nameOf(space: EmbeddingSpace | null): string {
    if (!space) return `${this.#prefix}--words`;
    const { model, dimensions } = space;
    const slug = model
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '')
      .slice(0, 60);
    return `${this.#prefix}--${slug}-${hash('sha256', model).slice(0, 8)}-${dimensions}`;
  }

  /** The one in use, made when there is none; and the others, from which not everything may have been taken yet. */
  async open(signal: AbortSignal): Promise<{ current: string; others: string[] }> {
    await this.#checkVersion(signal);
    const aliased = await this.#api.aliased(this.#prefix, signal);
    const current = aliased ?? this.nameOf(null);
    // What it is made for is in its name; what it has is not changed.
    await this.#prepare(current, null, signal);
    if (aliased === null) await this.#api.setAlias(this.#prefix, current, signal);
    return { current, others: await this.#others(current, signal) };
  }

  /** Makes the collection of this space, takes it into use, and returns the others. */
  async use(space: EmbeddingSpace, signal: AbortSignal): Promise<string[]> {
    const name = this.nameOf(space);
    await this.#prepare(name, space, signal);
    await this.#api.setAlias(this.#prefix, name, signal);
    return await this.#others(name, signal);
  }

  /** Makes a collection, or what is missing in it. */
  async #prepare(name: string, space: EmbeddingSpace | null, signal: AbortSignal): Promise<void> {
    let info = await this.#api.collection(name, signal);
    if (!info) {
      await this.#api.createCollection(name, configOf(space), signal);
      info = await this.#api.collection(name, signal);
    }
    if (!info)
      throw new VivavoceError('engine_failed', `Qdrant at ${this.#api.url} does not keep collections`);
    checkSize(info, name, space);
    await this.#mend(name, info, signal);
  }

  /** Adds what is missing: it may have been made by an earlier version, or half. */
  async #mend(name: string, info: Schemas['CollectionInfo'], signal: AbortSignal): Promise<void> {
    if (!isStrict(info)) await this.#api.configure(name, { strict_mode_config: { ...STRICT } }, signal);
    for (const [field, schema] of Object.entries(INDEXES))
      if (!info.payload_schema[field]) await this.#api.index(name, field, schema, signal);
  }

  async #others(current: string, signal: AbortSignal): Promise<string[]> {
    const names = await this.#api.collections(signal);
    const others = names.filter((name) => name.startsWith(`${this.#prefix}--`) && name !== current);
    for (const name of others) {
      const info = await this.#api.collection(name, signal);
      if (info) await this.#mend(name, info, signal);
    }
    return others;
  }

  async #checkVersion(signal: AbortSignal): Promise<void> {
    const version = await this.#api.version(signal);
    const [major = 0, minor = 0] = version.split('.').map(Number);
    if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return;
    const text = `Qdrant at ${this.#api.url} is ${version || 'of an unknown version'}: Vivavoce needs ${OLDEST.join('.')} or newer`;
    throw new VivavoceError('engine_failed', text);
  }
}

function configOf(space: EmbeddingSpace | null): Schemas['CreateCollection'] {
  return {
    vectors: space ? { dense: { size: space.dimensions, distance: 'Cosine' } } : {},
    sparse_vectors: { bm25: { modifier: 'idf' } },
    hnsw_config: { ...GRAPHS },
    strict_mode_config: { ...STRICT },
  };
}

function checkSize(info: Schemas['CollectionInfo'], name: string, space: EmbeddingSpace | null): void {
  if (!space) return;
  const { dense } = (info.config.params.vectors ?? {}) as { dense?: { size?: number } };
  if (dense?.size === space.dimensions) return;
  throw new VivavoceError(
    'engine_failed',
    `the collection ${name} has vectors of ${dense?.size ?? 'no'} numbers and ${space.model} makes ${space.dimensions}: rename or remove it in Qdrant`,
  );
}

function isStrict({ config }: Schemas['CollectionInfo']): boolean {
  const { strict_mode_config: strict } = config;
  return Object.entries(STRICT).every(
    ([key, value]) => (strict as Record<string, unknown> | null)?.[key] === value,
  );
}
