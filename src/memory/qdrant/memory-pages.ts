import type { Page } from '../../conversation/store.ts';
import { VivavoceError } from '../../errors.ts';
import type { Memory } from '../memory.ts';
import type { MemoryPage } from '../memory-store.ts';
import { type Condition, type Direction, HOLDS, type OwnedPoints } from './owned-points.ts';
import type { StoredMemory } from './stored-memory.ts';

/**
 * A page of what is remembered, by the moment at which it was learned, and within one moment by id.
 *
 * Qdrant orders by a field, and what is equal there in any way that it likes: so a moment is never cut, and all of what
 * was learned in it is read together.
 */
export async function memoryPage(points: OwnedPoints, page: MemoryPage): Promise<Page<Memory>> {
  const { after, limit, order, withHistory } = page;
  const must = withHistory ? [] : [HOLDS];
  const wanted = limit + 1;
  const sorted = (stored: readonly StoredMemory[]) => stored.toSorted((a, b) => compare(a, b, order));
  const moment = async (atMs: number) => await points.all({ must: [...must, at(atMs)] });

  const found: StoredMemory[] = [];
  const cursor = after === undefined ? null : await cursorOf(points, after);
  if (cursor) {
    const beside = await moment(cursor.memory.createdAtMs);
    found.push(...sorted(beside).filter((one) => compare(one, cursor, order) > 0));
  }
  if (found.length < wanted) {
    const missing = wanted - found.length;
    const beyond = cursor ? [...must, past(cursor.memory.createdAtMs, order)] : must;
    const rest = await points.first({ must: beyond }, order, missing);
    const last = rest.length === missing ? rest.at(-1)?.memory.createdAtMs : undefined;
    const isWhole = ({ memory }: StoredMemory) => memory.createdAtMs !== last;
    found.push(...sorted(rest.filter(isWhole)), ...(last === undefined ? [] : sorted(await moment(last))));
  }
  const data = found.slice(0, limit).map(({ memory }) => memory);
  return { data, hasMore: found.length > limit };
}

/** What was learned earlier comes before what was learned later. */
export function byMoment(one: StoredMemory, other: StoredMemory): number {
  const earlier = one.memory.createdAtMs - other.memory.createdAtMs;
  return earlier || (one.pointId < other.pointId ? -1 : one.pointId > other.pointId ? 1 : 0);
}

function compare(one: StoredMemory, other: StoredMemory, order: Direction): number {
  return order === 'asc' ? byMoment(one, other) : byMoment(other, one);
}

function at(createdAtMs: number): Condition {
  return { key: 'created_at', match: { value: createdAtMs } };
}

function past(createdAtMs: number, order: Direction): Condition {
  return { key: 'created_at', range: order === 'asc' ? { gt: createdAtMs } : { lt: createdAtMs } };
}

async function cursorOf(points: OwnedPoints, after: string): Promise<StoredMemory> {
  const [cursor] = await points.all({ must: [points.withIds([after])] });
  if (cursor) return cursor;
  throw new VivavoceError('not_found', `after names "${after}", which is not there`, { param: 'after' });
}
