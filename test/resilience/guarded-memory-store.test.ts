import { expect, test } from 'vitest';
import { VivavoceError } from '../../src/errors.ts';
import { Guard } from '../../src/resilience/guard.ts';
import { guardMemoryStore } from '../../src/resilience/guarded-memory-store.ts';
import { RetryBudget } from '../../src/resilience/retry-budget.ts';
import { ALICE, add, find, memory, SPACE } from '../memory/sample-memories.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { MemoryInArrays } from '../support/memory-in-arrays.ts';

const DOG = add(memory(1, 'The user has a dog.'));

function guarded() {
  const clock = new ManualClock();
  const retries = new RetryBudget(() => 1);
  const own = (name: string) => new Guard({ name, clock, maxConcurrent: 4, retries });
  const guards = { reads: own('reads'), writes: own('writes'), vectors: own('vectors') };
  const store = new MemoryInArrays();
  const behind = guardMemoryStore(store, guards, { readMs: 1_500, writeMs: 10_000 });
  const states = () => Object.values(guards).map(({ state }) => state);
  const dispose = () => Object.values(guards).forEach((guard) => void guard[Symbol.dispose]());
  return { clock, store, behind, states, guards, [Symbol.dispose]: dispose };
}

const refuse = () => Promise.reject(new VivavoceError('engine_failed', 'it is full'));

test('a memory that takes no more can be read', async () => {
  using at = guarded();
  await at.behind.apply(ALICE, [DOG]);
  at.store.apply = refuse;
  for (let n = 0; n < 6; n++) await expect(at.behind.apply(ALICE, [DOG])).rejects.toThrow('full');
  expect(at.states()).toEqual(['closed', 'open', 'closed']);
  expect(await find(at.behind, ALICE, 'dog')).toHaveLength(1);
});

test('vectors that it does not want cost neither reads nor writes', async () => {
  using at = guarded();
  at.store.useSpace = refuse;
  for (let n = 0; n < 5; n++) await expect(at.behind.useSpace(SPACE)).rejects.toThrow('full');
  expect(at.states()).toEqual(['closed', 'closed', 'open']);
  await at.behind.apply(ALICE, [DOG]);
  expect(await find(at.behind, ALICE, 'dog')).toHaveLength(1);
});

test('a search that hangs has failed before a turn gives it up', async () => {
  using at = guarded();
  at.store.search = () => new Promise(() => {});
  for (let n = 0; n < 5; n++) {
    const search = expect(find(at.behind, ALICE, 'dog')).rejects.toThrow('1500 ms');
    await at.clock.advance(1_500);
    await search;
    // It does not end when it is told to.
    await at.clock.advance(1_000);
  }
  expect(at.states()).toEqual(['open', 'closed', 'closed']);
});

test('a read that is refused a connection is made again, and a write is not: it waits in the outbox', async () => {
  using at = guarded();
  const { search, apply } = at.store;
  const away = () => Promise.reject(new VivavoceError('engine_unavailable', 'refused'));
  at.store.search = () => {
    at.store.search = search;
    return away();
  };
  at.store.apply = () => {
    at.store.apply = apply;
    return away();
  };
  await expect(at.behind.apply(ALICE, [DOG])).rejects.toThrow('refused');
  await at.behind.apply(ALICE, [DOG]);
  expect(await find(at.behind, ALICE, 'dog')).toHaveLength(1);
  expect([at.guards.reads.counters.retries, at.guards.writes.counters.retries]).toEqual([1, 0]);
});

test('a search that takes longer than usual is asked for twice, and nothing else is', async () => {
  using at = guarded();
  await at.behind.apply(ALICE, [DOG]);
  for (let n = 0; n < 20; n++) {
    await find(at.behind, ALICE, 'dog');
    await at.behind.profile(ALICE, new AbortController().signal);
  }
  const { search } = at.store;
  const slow = { search: 0, profile: 0 };
  at.store.search = (...args) => {
    at.store.search = search;
    slow.search++;
    const [, , signal] = args;
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  };
  const found = find(at.behind, ALICE, 'dog');
  await at.clock.advance(5);
  expect(await found).toHaveLength(1);
  at.store.profile = async () => {
    slow.profile++;
    await new Promise<void>((resolve) => at.clock.after(1_000, resolve));
    return [];
  };
  const profile = at.behind.profile(ALICE, new AbortController().signal);
  await at.clock.advance(1_000);
  expect(await profile).toEqual([]);
  expect(slow).toEqual({ search: 1, profile: 1 });
  expect(at.guards.reads.counters).toMatchObject({ hedges: 1, cancelled: 1, failures: 0 });
});
