import { badFormat } from './qdrant-error.ts';
import { type Point, type PointId, readPointId } from './qdrant-point.ts';

// biome-ignore lint/suspicious/noExplicitAny: whatever the client under test has sent.
type Json = any;

/** Which payload fields have an index, and of which type. */
export type IndexTypes = ReadonlyMap<string, string>;

const CLAUSES = ['must', 'should', 'must_not', 'min_should'];
const FIELD_KEYS = ['key', 'match', 'range', 'is_null', 'is_empty'];
const ALL_TYPES = ['bool', 'datetime', 'float', 'geo', 'integer', 'keyword', 'text', 'uuid'];

/** Refuses what the server's reader of JSON does not know. */
export function checkFilter(filter: Json): void {
  if (filter === undefined || filter === null) return;
  if (typeof filter !== 'object' || Array.isArray(filter))
    throw badFormat('invalid type: expected struct Filter');
  for (const key of Object.keys(filter)) {
    if (CLAUSES.includes(key)) continue;
    throw badFormat(
      `unknown field \`${key}\`, expected one of \`should\`, \`min_should\`, \`must\`, \`must_not\``,
    );
  }
  for (const condition of conditionsOf(filter)) checkCondition(condition);
}

function checkCondition(condition: Json): void {
  const keys = typeof condition === 'object' && condition !== null ? Object.keys(condition) : [];
  const [first = ''] = keys;
  if (keys.length > 0 && keys.every((key) => CLAUSES.includes(key))) {
    checkFilter(condition);
    return;
  }
  const isAlone = keys.length === 1;
  if (isAlone && first === 'has_id' && condition.has_id.map(readPointId)) return;
  if (isAlone && first === 'has_vector' && typeof condition.has_vector === 'string') return;
  if (isAlone && (first === 'is_empty' || first === 'is_null') && condition[first]?.key) return;
  const isField = typeof condition?.key === 'string' && keys.every((key) => FIELD_KEYS.includes(key));
  if (isField && keys.length > 1 && isMatch(condition.match) && isRange(condition.range)) return;
  throw badFormat('data did not match any variant of untagged enum Condition');
}

function isMatch(match: Json): boolean {
  if (match === undefined) return true;
  const [kind, ...more] = Object.keys(match);
  if (more.length > 0) return false;
  if (kind === 'value')
    return ['string', 'boolean'].includes(typeof match.value) || Number.isInteger(match.value);
  const list = kind === 'any' ? match.any : kind === 'except' ? match.except : null;
  if (!Array.isArray(list)) return false;
  return list.every((one) => typeof one === 'string') || list.every((one) => Number.isInteger(one));
}

function isRange(range: Json): boolean {
  return range === undefined || Object.keys(range).every((key) => ['gt', 'gte', 'lt', 'lte'].includes(key));
}

export function conditionsOf(filter: Json): Json[] {
  const { must, should, must_not, min_should } = filter;
  return [must, should, must_not, min_should?.conditions].flatMap(listOf);
}

function listOf(clause: Json): Json[] {
  return clause === undefined || clause === null ? [] : Array.isArray(clause) ? clause : [clause];
}

export function matches(point: Point, filter: Json): boolean {
  if (filter === undefined || filter === null) return true;
  const holds = (condition: Json) => matchesCondition(point, condition);
  const should = listOf(filter.should);
  const least = filter.min_should;
  return (
    listOf(filter.must).every(holds) &&
    !listOf(filter.must_not).some(holds) &&
    (should.length === 0 || should.some(holds)) &&
    (!least || listOf(least.conditions).filter(holds).length >= least.min_count)
  );
}

function matchesCondition(point: Point, condition: Json): boolean {
  if (condition.has_id) return condition.has_id.some((id: PointId) => isThis(id, point.id));
  if (condition.has_vector !== undefined)
    return point.dense.has(condition.has_vector) || point.sparse.has(condition.has_vector);
  if (condition.is_empty?.key) return isEmpty(point.payload[condition.is_empty.key]);
  if (condition.is_null?.key) return point.payload[condition.is_null.key] === null;
  if (condition.key === undefined) return matches(point, condition);
  const value = point.payload[condition.key];
  if (typeof condition.is_empty === 'boolean' && isEmpty(value) !== condition.is_empty) return false;
  if (typeof condition.is_null === 'boolean' && (value === null) !== condition.is_null) return false;
  const values = Array.isArray(value) ? value : [value];
  const { match, range } = condition;
  if (match && !values.some((one) => matchesValue(one, match))) return false;
  return !range || values.some((one) => typeof one === 'number' && isWithin(one, range));
}

function isThis(asked: PointId, id: PointId): boolean {
  return asked === id || (typeof asked === 'string' && asked.toLowerCase() === id);
}

function matchesValue(value: unknown, match: Json): boolean {
  if (match.any) return match.any.includes(value);
  if (match.except) return value !== undefined && value !== null && !match.except.includes(value);
  return value === match.value;
}

function isWithin(value: number, { gt, gte, lt, lte }: Json): boolean {
  return (
    (gt === undefined || gt === null || value > gt) &&
    (gte === undefined || gte === null || value >= gte) &&
    (lt === undefined || lt === null || value < lt) &&
    (lte === undefined || lte === null || value <= lte)
  );
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

/** The first field that `filter` looks at without an index that serves it, and the types that would. */
export function unindexedField(
  filter: Json,
  indexes: IndexTypes,
): { readonly key: string; readonly types: readonly string[] } | null {
  if (filter === undefined || filter === null) return null;
  for (const condition of conditionsOf(filter)) {
    if (condition.has_id || condition.has_vector !== undefined) continue;
    const key: string | undefined = condition.key ?? condition.is_empty?.key ?? condition.is_null?.key;
    if (key === undefined) {
      const inner = unindexedField(condition, indexes);
      if (inner) return inner;
      continue;
    }
    const types = typesFor(condition);
    if (!types.includes(indexes.get(key) ?? '')) return { key, types };
  }
  return null;
}

function typesFor({ match, range }: Json): readonly string[] {
  if (range) return ['float', 'integer'];
  if (!match) return ALL_TYPES;
  const [value] = match.any ?? match.except ?? [match.value];
  if (typeof value === 'boolean') return ['bool'];
  return typeof value === 'number' ? ['integer'] : ['keyword'];
}

/** The keys that `filter` looks at, in clauses within clauses too. */
export function keysOf(filter: Json): string[] {
  if (filter === undefined || filter === null) return [];
  return conditionsOf(filter).flatMap((condition) => {
    const key = condition.key ?? condition.is_empty?.key ?? condition.is_null?.key;
    return key !== undefined ? [key] : keysOf(condition);
  });
}
