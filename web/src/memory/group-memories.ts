import type { RestMemory } from '../../../src/protocol/rest-memories.ts';

/** Something that holds, with what was thought before, newest first. */
export interface CurrentMemory {
  readonly memory: RestMemory;
  readonly earlier: readonly RestMemory[];
}

export interface MemoryGroups {
  readonly current: readonly CurrentMemory[];
  /** What no longer holds, with nothing in its place. */
  readonly ended: readonly RestMemory[];
}

/** Puts every memory that no longer holds under the one that holds in its place. The order stays. */
export function groupMemories(memories: readonly RestMemory[]): MemoryGroups {
  const byId = new Map(memories.map((memory) => [memory.id, memory]));
  const earlier = new Map<string, RestMemory[]>();
  const current: RestMemory[] = [];
  const ended: RestMemory[] = [];
  for (const memory of memories) {
    if (memory.invalid_at === null) {
      current.push(memory);
      continue;
    }
    const heir = heirOf(memory, byId);
    if (heir === null) ended.push(memory);
    else earlier.set(heir.id, [...(earlier.get(heir.id) ?? []), memory]);
  }
  return {
    current: current.map((memory) => ({ memory, earlier: earlier.get(memory.id) ?? [] })),
    ended,
  };
}

/** What holds in its place by now, perhaps after several others. */
function heirOf(memory: RestMemory, byId: ReadonlyMap<string, RestMemory>): RestMemory | null {
  const seen = new Set<string>();
  for (let next: RestMemory | undefined = memory; next && !seen.has(next.id); ) {
    if (next.invalid_at === null) return next;
    seen.add(next.id);
    next = next.superseded_by === null ? undefined : byId.get(next.superseded_by);
  }
  return null;
}
