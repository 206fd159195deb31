import type { Erasure } from '../conversation/erasure-log.ts';
import type { Memory } from '../memory/memory.ts';
import type { MemoryCounts } from '../memory/memory-statistics.ts';
import type { CacheCounters } from '../memory/recall/search-cache.ts';
import type { RestMemory, RestMemoryErasure, RestMemoryStatistics } from '../protocol/rest-memories.ts';

/** A memory as it is shown to whom it is about. */
export function toRestMemory(memory: Memory): RestMemory {
  const { id, kind, text, subject, attribute, value, importance, source } = memory;
  return {
    ...{ id, object: 'memory', kind, text, subject, attribute, value, importance },
    valid_at: seconds(memory.validAtMs),
    invalid_at: secondsOrNull(memory.invalidAtMs),
    superseded_by: memory.supersededBy,
    source: source && { conversation_id: source.conversationId, item_id: source.itemId },
    created_at: seconds(memory.createdAtMs),
    last_used_at: secondsOrNull(memory.lastUsedAtMs),
  };
}

export function toRestErasure({ id, requestedAtMs, completedAtMs }: Erasure): RestMemoryErasure {
  return {
    id,
    object: 'memory.erasure',
    status: completedAtMs === null ? 'in_progress' : 'completed',
    requested_at: seconds(requestedAtMs),
    completed_at: secondsOrNull(completedAtMs),
  };
}

export function toRestStatistics({
  recall,
  replies,
  skipped,
  extraction,
}: MemoryCounts): RestMemoryStatistics {
  return {
    object: 'memory.statistics',
    recall: toRestCache(recall),
    replies: replies && toRestCache(replies),
    skipped,
    extraction,
  };
}

function toRestCache({ hits, misses, shared, failures, entries, bytes }: CacheCounters) {
  const asked = hits + misses + shared;
  return { hits, misses, shared, failures, hit_rate: asked === 0 ? null : hits / asked, entries, bytes };
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}

function secondsOrNull(ms: number | null): number | null {
  return ms === null ? null : seconds(ms);
}
