import { describe, expect, test } from 'vitest';
import type { FoundMemory, Memory } from '../../src/memory/memory.ts';
import { rankMemories } from '../../src/memory/scoring.ts';
import { DAY_MS, kept, memory } from './sample-memories.ts';

const NOW_MS = Date.UTC(2027, 5, 1);

/** Said `daysAgo` days ago. */
function found(
  text: string,
  relevance: number,
  { daysAgo = 0, ...changes }: Partial<Memory> & { daysAgo?: number } = {},
): FoundMemory {
  const validAtMs = NOW_MS - daysAgo * DAY_MS;
  return { relevance, memory: kept(memory(1, text), { validAtMs, ...changes }) };
}

function order(...memories: FoundMemory[]): string[] {
  return rankMemories(memories, NOW_MS).map(({ memory }) => memory.text);
}

describe('the rank of a memory', () => {
  test('is that of its relevance, all else being equal', () => {
    expect(order(found('less', 0.5), found('most', 0.9), found('least', 0.1))).toEqual([
      'most',
      'less',
      'least',
    ]);
  });

  test('is higher for what was said lately, among what is equally relevant', () => {
    expect(order(found('old', 0.5, { daysAgo: 60 }), found('new', 0.5, { daysAgo: 1 }))).toEqual([
      'new',
      'old',
    ]);
  });

  test('is higher for what is important, among what is equally relevant', () => {
    const small = found('small talk', 0.5, { importance: 0.1 });
    expect(order(small, found('matters', 0.5, { importance: 0.9 }))).toEqual(['matters', 'small talk']);
  });

  test('counts what was used lately as new', () => {
    const used = found('used', 0.5, { daysAgo: 300, lastUsedAtMs: NOW_MS - DAY_MS });
    expect(order(found('unused', 0.5, { daysAgo: 200 }), used)).toEqual(['used', 'unused']);
  });

  test('never puts what hardly fits before what fits, however new and important it is', () => {
    const fits = found('fits', 0.5, { daysAgo: 5_000, importance: 0 });
    expect(order(found('does not', 0.39, { importance: 1 }), fits)).toEqual(['fits', 'does not']);
  });

  test('keeps the order of the search where nothing else decides', () => {
    expect(order(found('first', 0.5), found('second', 0.5), found('third', 0.5))).toEqual([
      'first',
      'second',
      'third',
    ]);
  });
});

describe('the score', () => {
  const scoreOf = (one: FoundMemory) => rankMemories([one], NOW_MS)[0]?.score;

  test('is between 0 and 1', () => {
    expect(scoreOf(found('all', 1, { importance: 1 }))).toBeCloseTo(1);
    expect(scoreOf(found('nothing', 0, { importance: 1 }))).toBe(0);
  });

  test('has half of its recency left after 30 days, and a quarter after 60', () => {
    const at = (daysAgo: number) => scoreOf(found('x', 1, { daysAgo, importance: 0 })) ?? 0;
    const [now, month, twoMonths, ages] = [at(0), at(30), at(60), at(100_000)];
    expect((month - ages) / (now - ages)).toBeCloseTo(0.5);
    expect((twoMonths - ages) / (now - ages)).toBeCloseTo(0.25);
  });

  test('does not grow for what is valid only from later on', () => {
    expect(scoreOf(found('tomorrow', 0.5, { daysAgo: -1 }))).toBe(scoreOf(found('now', 0.5)));
  });

  test('leaves the relevance as it was found', () => {
    expect(rankMemories([found('x', 0.3)], NOW_MS)[0]?.relevance).toBe(0.3);
  });
});
