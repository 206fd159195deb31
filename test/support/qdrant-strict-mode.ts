import { strictMode } from './qdrant-error.ts';
import { type IndexTypes, keysOf, unindexedField } from './qdrant-filter.ts';

// biome-ignore lint/suspicious/noExplicitAny: whatever the client under test has sent.
type Json = any;

/** What of a collection strict mode looks at. */
export interface StrictlyKept {
  readonly strict: Json;
  readonly hnsw: Json;
  readonly indexes: IndexTypes;
  readonly tenantFields: ReadonlySet<string>;
  readonly denseNames: readonly string[];
}

interface Read {
  readonly filter?: Json;
  readonly limit?: number;
  readonly exact?: boolean;
}

export function checkRead({ strict, indexes }: StrictlyKept, { filter, limit, exact }: Read): void {
  if (!strict?.enabled) return;
  const most = strict.max_query_limit ?? Number.POSITIVE_INFINITY;
  if (limit !== undefined && limit > most)
    throw strictMode(
      `Limit exceeded ${limit} > ${most} for "limit"`,
      `Reduce the "limit" parameter to or below ${most}.`,
    );
  if (strict.unindexed_filtering_retrieve === false) checkIndexed(filter, indexes);
  if (exact && strict.search_allow_exact === false)
    throw strictMode('Exact search disabled!', 'Set exact=false.');
}

export function checkWrite({ strict, indexes }: StrictlyKept, filter: Json): void {
  if (strict?.enabled && strict.unindexed_filtering_update === false) checkIndexed(filter, indexes);
}

function checkIndexed(filter: Json, indexes: IndexTypes): void {
  const missing = unindexedField(filter, indexes);
  if (!missing) return;
  const types = missing.types.toSorted().join(', ');
  throw strictMode(
    `Index required but not found for "${missing.key}" of one of the following types: [${types}]`,
    'Create an index for this key or use a different filter.',
  );
}

/** Without a graph over all points, a search by a dense vector has to say whose points it means. */
export function checkFullScan(kept: StrictlyKept, using: string, filter: Json): void {
  const { strict, hnsw, tenantFields, denseNames } = kept;
  if (!strict?.enabled || strict.search_allow_exact !== false) return;
  if (!denseNames.includes(using) || (hnsw?.m ?? 16) > 0) return;
  if (!keysOf(filter).some((key) => tenantFields.has(key)))
    throw strictMode(
      `Request is forbidden on '${using}' because global vector indexing is disabled (hnsw_config.m = 0)`,
      'Use tenant-specific filter, enable global vector indexing or enable strict mode `search_allow_exact` option',
    );
  if ((hnsw?.payload_m ?? 0) === 0)
    throw strictMode(
      `Request is forbidden on '${using}' because vector indexing is disabled (hnsw_config.m = 0 and hnsw_config.payload_m = 0)`,
      'Enable vector indexing, use a prefetch query with indexed vectors or enable strict mode `search_allow_exact` option',
    );
}
