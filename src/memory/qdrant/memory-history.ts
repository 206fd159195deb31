import type { Memory } from '../memory.ts';
import { byMoment } from './memory-pages.ts';
import type { Condition, OwnedPoints } from './owned-points.ts';
import { type StoredMemory, slotOf } from './stored-memory.ts';

/**
 * A memory with all that it took the place of and that took its place, oldest first.
 *
 * Most of it has the same subject and attribute, and comes with one request however long it is; what is linked beyond
 * that is followed from link to link.
 */
export async function memoryHistory(points: OwnedPoints, id: string): Promise<readonly Memory[]> {
  const known = new Map<string, StoredMemory>();
  const slots = new Set<string>();
  for (let wanted: Condition[] = [points.withIds([id])]; wanted.length > 0; ) {
    const found = await points.all({ should: wanted });
    const fresh = found.filter(({ memory }) => !known.has(memory.id));
    for (const one of fresh) known.set(one.memory.id, one);
    wanted = linksOf(points, fresh, slots);
  }
  return linkedTo(id, known)
    .toSorted((one, other) => one.memory.validAtMs - other.memory.validAtMs || byMoment(one, other))
    .map(({ memory }) => memory);
}

/** What may be linked to these; each slot is asked for once. */
function linksOf(points: OwnedPoints, fresh: readonly StoredMemory[], slots: Set<string>): Condition[] {
  if (fresh.length === 0) return [];
  const next = fresh.flatMap(({ memory }) => memory.supersededBy ?? []);
  const newSlots = [...new Set(fresh.flatMap(({ memory }) => slotOf(memory) ?? []))].filter(
    (slot) => !slots.has(slot),
  );
  for (const slot of newSlots) slots.add(slot);
  return [
    { key: 'superseded_by', match: { any: fresh.map(({ memory }) => memory.id) } },
    ...(next.length > 0 ? [points.withIds(next)] : []),
    ...(newSlots.length > 0 ? [{ key: 'slot', match: { any: newSlots } }] : []),
  ];
}

function linkedTo(id: string, known: ReadonlyMap<string, StoredMemory>): StoredMemory[] {
  const linked = new Set([id]);
  // A set that grows while it is walked is walked to its end.
  for (const one of linked) {
    const next = known.get(one)?.memory.supersededBy;
    if (next) linked.add(next);
    for (const { memory } of known.values()) if (memory.supersededBy === one) linked.add(memory.id);
  }
  return [...linked].flatMap((one) => known.get(one) ?? []);
}
