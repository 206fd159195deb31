import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Owner } from '../../../src/conversation/store.ts';
import { SearchCache } from '../../../src/memory/recall/search-cache.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { ALICE, BOB, OTHER_ALICE } from '../sample-memories.ts';

const TTL_MS = 300_000;

let clock: ManualClock;
let cache: SearchCache<string[]>;
let searches: { readonly find: (answer: string) => void; readonly fail: (error: Error) => void }[];

beforeEach(() => {
  clock = new ManualClock();
  cache = new SearchCache({ ttlMs: TTL_MS, maxBytes: 1024 * 1024, clock });
  searches = [];
});

/** A search that ends when the test says so. */
function ask(owner: Owner, question: string): Promise<string[]> {
  return cache.find(owner, question, () => {
    const { promise, resolve, reject } = Promise.withResolvers<string[]>();
    searches.push({ find: (answer) => resolve([answer]), fail: reject });
    return promise;
  });
}

async function keep(owner: Owner, question: string, answer: string): Promise<void> {
  const asked = ask(owner, question);
  searches.at(-1)?.find(answer);
  await asked;
}

describe('what was found', () => {
  it('is found again without a search', async () => {
    await keep(ALICE, 'q', 'Berlin');
    expect(cache.get(ALICE, 'q')).toEqual(['Berlin']);
    expect(await ask(ALICE, 'q')).toEqual(['Berlin']);
    expect(searches).toHaveLength(1);
  });

  it('is good for five minutes', async () => {
    await keep(ALICE, 'q', 'Berlin');
    await clock.advance(TTL_MS);
    expect(cache.get(ALICE, 'q')).toEqual(['Berlin']);
    await clock.advance(1);
    expect(cache.get(ALICE, 'q')).toBeNull();
  });

  it('is another one for another question, another person, and the same name behind another key', async () => {
    await keep(ALICE, 'q', 'Berlin');
    expect(cache.get(ALICE, 'other')).toBeNull();
    expect(cache.get(BOB, 'q')).toBeNull();
    expect(cache.get(OTHER_ALICE, 'q')).toBeNull();
  });

  it('does not hold after a write of its owner, and of nobody else', async () => {
    await keep(ALICE, 'q', 'Berlin');
    await keep(BOB, 'q', 'Rome');
    cache.drop(ALICE);
    expect(cache.get(ALICE, 'q')).toBeNull();
    expect(cache.get(BOB, 'q')).toEqual(['Rome']);
  });

  it('counts as found when it is nothing', async () => {
    await cache.find(ALICE, 'q', async () => []);
    expect(cache.get(ALICE, 'q')).toEqual([]);
  });
});

describe('a search', () => {
  it('is shared by all who ask the same meanwhile', async () => {
    const all = [ask(ALICE, 'q'), ask(ALICE, 'q'), ask(ALICE, 'q')];
    expect(searches).toHaveLength(1);
    searches[0]?.find('Berlin');
    expect(await Promise.all(all)).toEqual([['Berlin'], ['Berlin'], ['Berlin']]);
  });

  it('is not shared with somebody else', () => {
    void ask(ALICE, 'q');
    void ask(BOB, 'q');
    expect(searches).toHaveLength(2);
  });

  it('that began before a write is neither kept nor shared after it', async () => {
    const before = ask(ALICE, 'q');
    cache.drop(ALICE);
    const after = ask(ALICE, 'q');
    expect(searches).toHaveLength(2);
    searches[1]?.find('Oslo');
    expect(await after).toEqual(['Oslo']);
    searches[0]?.find('Berlin');
    // Whoever asked before the write gets what there was.
    expect(await before).toEqual(['Berlin']);
    expect(cache.get(ALICE, 'q')).toEqual(['Oslo']);
    expect(cache.stale(ALICE)).toEqual(['Oslo']);
  });

  it('that ends after the write, and alone, leaves nothing behind', async () => {
    const before = ask(ALICE, 'q');
    cache.drop(ALICE);
    searches[0]?.find('Berlin');
    await before;
    expect(cache.get(ALICE, 'q')).toBeNull();
    expect(cache.stale(ALICE)).toBeNull();
  });

  it('is outdated by no write of somebody else', async () => {
    const asked = ask(ALICE, 'q');
    cache.drop(BOB);
    searches[0]?.find('Berlin');
    await asked;
    expect(cache.get(ALICE, 'q')).toEqual(['Berlin']);
  });

  it('that failed is told to all who share it, and made anew for the next', async () => {
    const all = [ask(ALICE, 'q'), ask(ALICE, 'q')];
    searches[0]?.fail(new Error('down'));
    expect(await Promise.allSettled(all)).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
    await keep(ALICE, 'q', 'Berlin');
    expect(cache.get(ALICE, 'q')).toEqual(['Berlin']);
    expect(cache.counters.failures).toBe(1);
  });
});

describe('the stale answer', () => {
  it('is the newest one to any question, though it is old and the memory has changed', async () => {
    await keep(ALICE, 'one', 'Berlin');
    await keep(ALICE, 'two', 'Bruno');
    cache.drop(ALICE);
    await clock.advance(10 * TTL_MS);
    expect(cache.stale(ALICE)).toEqual(['Bruno']);
    expect(cache.stale(BOB)).toBeNull();
  });

  it('goes with everything else when its owner wants to be forgotten', async () => {
    await keep(ALICE, 'q', 'Berlin');
    await keep(BOB, 'q', 'Rome');
    const running = ask(ALICE, 'slow');
    cache.forget(ALICE);
    searches.at(-1)?.find('Bruno');
    await running;
    expect(cache.stale(ALICE)).toBeNull();
    expect(cache.get(ALICE, 'q')).toBeNull();
    expect(cache.get(ALICE, 'slow')).toBeNull();
    expect(cache.stale(BOB)).toEqual(['Rome']);
  });
});

describe('its memory', () => {
  it('stays below its bound, whatever is asked', async () => {
    const small = new SearchCache<string[]>({ ttlMs: TTL_MS, maxBytes: 100_000, clock });
    for (let i = 0; i < 500; i++) {
      await small.find({ key: 'k', user: `u${i % 50}` }, `q${i}`, async () => ['x'.repeat(i * 10)]);
    }
    expect(small.counters.bytes).toBeLessThanOrEqual(100_000);
    expect(small.counters.entries).toBeGreaterThan(0);
  });

  it('does not hold what is too old, although nobody asks for it again', async () => {
    for (let i = 0; i < 100; i++) {
      await cache.find(ALICE, `q${i}`, async () => ['Oslo']);
      await clock.advance(TTL_MS / 10);
    }
    // What holds, and what has become too old since it was last looked at.
    expect(cache.counters.entries).toBeLessThanOrEqual(12);
    expect(cache.get(ALICE, 'q99')).toEqual(['Oslo']);
  });

  it('does not take what is larger than all of it', async () => {
    const small = new SearchCache<string[]>({ ttlMs: TTL_MS, maxBytes: 1_000, clock });
    expect(await small.find(ALICE, 'q', async () => ['x'.repeat(10_000)])).toHaveLength(1);
    expect(small.counters).toMatchObject({ entries: 0, bytes: 0 });
    expect(small.get(ALICE, 'q')).toBeNull();
  });

  it('counts hits, searches, shared searches, entries and bytes', async () => {
    const both = [ask(ALICE, 'q'), ask(ALICE, 'q')];
    searches[0]?.find('Berlin');
    await Promise.all(both);
    await ask(ALICE, 'q');
    expect(cache.counters).toMatchObject({ hits: 1, misses: 1, shared: 1, failures: 0, entries: 1 });
    expect(cache.counters.bytes).toBeGreaterThan(0);
    cache.forget(ALICE);
    expect(cache.counters).toMatchObject({ entries: 0, bytes: 0 });
  });
});

describe('whatever happens in whatever order', () => {
  const owners = [
    ALICE,
    BOB,
    OTHER_ALICE,
    { key: 'home', user: 'alice"]' },
    { key: '', user: 'home\nalice' },
  ];
  const step = fc.record({
    act: fc.constantFrom('ask', 'ask', 'ask', 'end', 'fail', 'drop', 'forget', 'wait'),
    owner: fc.nat({ max: owners.length - 1 }),
    question: fc.constantFrom('a', 'b', 'a\nb'),
  });

  it('nobody gets an answer of somebody else, or one from before the last write', async () => {
    const runs = fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 80 }), async (steps) => {
      const clock = new ManualClock();
      const cache = new SearchCache<{ of: number; version: number }>({ ttlMs: 100, maxBytes: 4_000, clock });
      const versions = owners.map(() => 0);
      const answers: Promise<{ answer: unknown; expected: unknown } | null>[] = [];
      const running: { readonly end: () => void; readonly fail: () => void }[] = [];
      for (const { act, owner: of, question } of steps) {
        const owner = owners[of] as Owner;
        if (act === 'end') running.shift()?.end();
        if (act === 'fail') running.shift()?.fail();
        if (act === 'wait') await clock.advance(30);
        if (act === 'drop' || act === 'forget') {
          versions[of] = (versions[of] ?? 0) + 1;
          cache[act](owner);
        }
        if (act !== 'ask') continue;
        const version = versions[of] ?? 0;
        const asked = cache.find(owner, question, () => {
          const { promise, resolve, reject } = Promise.withResolvers<{ of: number; version: number }>();
          running.push({ end: () => resolve({ of, version }), fail: () => reject(new Error('down')) });
          return promise;
        });
        answers.push(
          asked.then(
            (answer) => ({ answer, expected: { of, version } }),
            () => null,
          ),
        );
        for (const [index, each] of owners.entries()) {
          expect(cache.stale(each)?.of ?? index).toBe(index);
        }
      }
      for (const { end } of running) end();
      for (const found of await Promise.all(answers)) expect(found?.answer).toEqual(found?.expected);
      for (const [index, each] of owners.entries()) {
        for (const question of ['a', 'b', 'a\nb']) {
          const known = cache.get(each, question);
          expect(known ?? { of: index, version: versions[index] }).toEqual({
            of: index,
            version: versions[index],
          });
        }
        expect(cache.stale(each)?.of ?? index).toBe(index);
      }
    });
    await fc.assert(runs, { numRuns: 60, seed: 4 });
  });
});
