import { expect, test } from 'vitest';
import { VivavoceError } from '../../src/errors.ts';
import { Guard } from '../../src/resilience/guard.ts';
import { guardMemoryStore } from '../../src/resilience/guarded-memory-store.ts';
import { ALICE, add, find, memory, SPACE } from '../memory/sample-memories.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { MemoryInArrays } from '../support/memory-in-arrays.ts';

const DOG = add(memory(1, 'The user has a dog.'));

function guarded() {
  const clock = new ManualClock();
  const own = (name: string) => new Guard({ name, clock, maxConcurrent: 4 });
  const guards = { reads: own('reads'), writes: own('writes'), vectors: own('vectors') };
  const store = new MemoryInArrays();
  const behind = guardMemoryStore(store, guards, { readMs: 1_500, writeMs: 10_000 });
  const states = () => Object.values(guards).map(({ state }) => state);
  const dispose = () => Object.values(guards).forEach((guard) => void guard[Symbol.dispose]());
  return { clock, store, behind, states, [Symbol.dispose]: dispose };
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
