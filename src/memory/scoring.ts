import type { FoundMemory, Memory } from './memory.ts';

/** The share of each in the score, one in all. Relevance decides; the others among what fits about as well. */
const WEIGHTS = { relevance: 0.8, recency: 0.1, importance: 0.1 } as const;
const HALF_LIFE_MS = 30 * 86_400_000;

export interface RankedMemory extends FoundMemory {
  /** 0 to 1: how well it fits, how lately it was said or used and how important it is, all together. */
  readonly score: number;
}

/**
 * Brings recency and importance into the order of what was found. They only add to what is relevant: what fits less
 * than four fifths as well as another stays behind it, however new and important it is.
 */
export function rankMemories(found: readonly FoundMemory[], nowMs: number): readonly RankedMemory[] {
  return found
    .map(({ memory, relevance }) => ({ memory, relevance, score: scoreOf(memory, relevance, nowMs) }))
    .toSorted((one, other) => other.score - one.score);
}

function scoreOf(memory: Memory, relevance: number, nowMs: number): number {
  const { recency, importance } = WEIGHTS;
  return (
    relevance * (WEIGHTS.relevance + recency * recencyOf(memory, nowMs) + importance * memory.importance)
  );
}

/** 1 now, a half after 30 days, a quarter after 60. What was given to a model lately is on somebody's mind again. */
function recencyOf({ validAtMs, lastUsedAtMs }: Memory, nowMs: number): number {
  const ageMs = Math.max(0, nowMs - Math.max(validAtMs, lastUsedAtMs ?? validAtMs));
  return 0.5 ** (ageMs / HALF_LIFE_MS);
}
