import { beforeEach, describe, expect, it } from 'vitest';
import type { Owner } from '../../src/conversation/store.ts';
import type { MemoryChange } from '../../src/memory/memory.ts';
import { MemoryKeeper, type WrittenMemory } from '../../src/memory/memory-keeper.ts';
import type { MemoryQuery } from '../../src/memory/memory-store.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { MemoryInArrays } from '../support/memory-in-arrays.ts';
import { ALICE, add, BOB, home, idOf, memory, texts } from './sample-memories.ts';

/** A store whose writes end when the test says so. */
class GatedMemory extends MemoryInArrays {
  readonly queries: MemoryQuery[] = [];
  readonly began: string[] = [];
  gate: Promise<void> = Promise.resolve();

  override async apply(owner: Owner, changes: readonly MemoryChange[]) {
    this.began.push(`apply for ${owner.user}`);
    await this.gate;
    return await super.apply(owner, changes);
  }

  override async eraseAll(owner: Owner) {
    this.began.push(`erase ${owner.user}`);
    await this.gate;
    return await super.eraseAll(owner);
  }

  override search(owner: Owner, query: MemoryQuery, signal: AbortSignal) {
    this.queries.push(query);
    return super.search(owner, query, signal);
  }
}

const NOTE: WrittenMemory = {
  text: 'The user has a boat.',
  kind: 'fact',
  subject: 'user',
  attribute: null,
  value: null,
  importance: 0.5,
};
const signal = new AbortController().signal;

let clock: ManualClock;
let store: GatedMemory;
let changed: { readonly user: string; readonly isRemoval: boolean }[];
let keeper: MemoryKeeper;

beforeEach(() => {
  clock = new ManualClock();
  store = new GatedMemory();
  changed = [];
  let id = 0;
  keeper = new MemoryKeeper({
    store,
    vectors: { embedQuery: async () => null },
    clock,
    ids: { next: (prefix) => `${prefix}_${++id}` },
    onChanged: ({ user }, isRemoval) => changed.push({ user, isRemoval }),
  });
});

describe('writes of one owner', () => {
  it('are made one after the other, in the order in which they were asked for', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    store.gate = promise;
    const writes = [
      keeper.apply(ALICE, [add(home(1, 'Berlin'))]),
      keeper.eraseAll(ALICE),
      keeper.apply(ALICE, [add(home(2, 'Oslo'))]),
    ];
    await clock.settle();
    expect(store.began).toEqual(['apply for alice']);
    resolve();
    await Promise.all(writes);
    expect(store.began).toEqual(['apply for alice', 'erase alice', 'apply for alice']);
    const { data } = await keeper.list(ALICE, { limit: 10, order: 'asc', withHistory: true });
    expect(texts(data)).toEqual(['The user lives in Oslo.']);
  });

  it('wait for nobody else', async () => {
    store.gate = new Promise(() => undefined);
    void keeper.apply(ALICE, [add(home(1, 'Berlin'))]);
    await clock.settle();
    store.gate = Promise.resolve();
    await keeper.apply(BOB, [add(home(2, 'Rome'))]);
    expect(store.began).toEqual(['apply for alice', 'apply for bob']);
  });

  it('go on after one that failed', async () => {
    store.gate = Promise.reject(new Error('disk full'));
    const failing = keeper.apply(ALICE, [add(home(1, 'Berlin'))]);
    await expect(failing).rejects.toThrow('disk full');
    store.gate = Promise.resolve();
    await keeper.apply(ALICE, [add(home(2, 'Oslo'))]);
    expect((await keeper.get(ALICE, idOf(2))).text).toBe('The user lives in Oslo.');
  });
});

describe('the caches are told', () => {
  it('of every write when it has ended, and whether something was removed', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    store.gate = promise;
    const applied = keeper.apply(ALICE, [add(home(1, 'Berlin'))]);
    await clock.settle();
    expect(changed).toEqual([]);
    resolve();
    await applied;
    await keeper.edit(ALICE, idOf(1), { importance: 1 });
    await keeper.delete(ALICE, idOf(1));
    await keeper.eraseAll(BOB);
    expect(changed).toEqual([
      { user: 'alice', isRemoval: false },
      { user: 'alice', isRemoval: false },
      { user: 'alice', isRemoval: true },
      { user: 'bob', isRemoval: true },
    ]);
  });

  it('of a write that failed too, because it may have happened', async () => {
    store.gate = Promise.reject(new Error('connection lost'));
    await expect(keeper.apply(ALICE, [add(home(1, 'Berlin'))])).rejects.toThrow();
    expect(changed).toEqual([{ user: 'alice', isRemoval: false }]);
  });

  it('of no read, no use, and no empty write', async () => {
    await keeper.apply(ALICE, [add(home(1, 'Berlin'))]);
    changed = [];
    await keeper.touch(ALICE, [idOf(1)], 5);
    await keeper.search(ALICE, { text: 'Berlin', limit: 3 }, signal);
    expect(await keeper.apply(ALICE, [])).toEqual([]);
    expect(changed).toEqual([]);
  });
});

describe('what is written down by hand', () => {
  it('is answered as it is kept', async () => {
    const written = await keeper.add(ALICE, NOTE);
    expect(written).toMatchObject({ ...NOTE, source: null, validAtMs: clock.nowMs() });
    expect(await keeper.get(ALICE, written.id)).toEqual(written);
  });

  it('is what is known already when that says the same', async () => {
    const first = await keeper.add(ALICE, NOTE);
    expect((await keeper.add(ALICE, { ...NOTE, text: 'the user has a boat' })).id).toBe(first.id);
    expect((await keeper.add(BOB, NOTE)).id).not.toBe(first.id);
  });

  it('takes the place of another value, which stays in the history', async () => {
    const berlin = await keeper.add(ALICE, {
      ...NOTE,
      text: 'Lives in Berlin.',
      attribute: 'home',
      value: 'Berlin',
    });
    await clock.advance(1_000);
    const oslo = await keeper.add(ALICE, {
      ...NOTE,
      text: 'Lives in Oslo.',
      attribute: 'home',
      value: 'Oslo',
    });
    expect(texts(await keeper.history(ALICE, oslo.id))).toEqual(['Lives in Berlin.', 'Lives in Oslo.']);
    expect(await keeper.get(ALICE, berlin.id)).toMatchObject({ supersededBy: oslo.id });
  });

  it('can be corrected, and what is not there cannot', async () => {
    const { id } = await keeper.add(ALICE, NOTE);
    expect((await keeper.edit(ALICE, id, { text: 'The user had a boat.' })).text).toBe(
      'The user had a boat.',
    );
    const missing = { code: 'not_found', param: 'memory_id' };
    await expect(keeper.edit(BOB, id, { text: 'x' })).rejects.toMatchObject(missing);
    await expect(keeper.get(ALICE, 'unknown')).rejects.toMatchObject(missing);
    await expect(keeper.history(ALICE, 'unknown')).rejects.toMatchObject(missing);
    expect(await keeper.delete(ALICE, 'unknown')).toBe(false);
  });
});

describe('a search', () => {
  it('lets importance choose among what fits as well', async () => {
    await keeper.apply(ALICE, [
      add(memory(1, 'Bruno barks.', { importance: 0.1, validAtMs: 0 })),
      add(memory(2, 'Bruno bites.', { importance: 1, validAtMs: 0 })),
    ]);
    const found = await keeper.search(ALICE, { text: 'Bruno', limit: 1 }, signal);
    expect(texts(found.map(({ memory }) => memory))).toEqual(['Bruno bites.']);
    expect(store.queries).toMatchObject([{ limit: 3, vector: null }]);
  });

  it('asks for no more than a store gives', async () => {
    await keeper.search(ALICE, { text: 'Bruno', limit: 100 }, signal);
    expect(store.queries).toMatchObject([{ limit: 100 }]);
  });
});

describe('an export', () => {
  it('has everything of its owner, what no longer holds included, over many pages', async () => {
    const all = Array.from({ length: 250 }, (_, i) => add(memory(i, `Fact ${i}.`, { createdAtMs: i })));
    await keeper.apply(ALICE, [...all, add(home(900, 'Berlin')), add(home(901, 'Oslo'))]);
    await keeper.apply(BOB, [add(home(902, 'Rome'))]);
    const exported = texts(await Array.fromAsync(keeper.export(ALICE)));
    expect(exported).toHaveLength(252);
    expect(exported.slice(-2)).toEqual(['The user lives in Berlin.', 'The user lives in Oslo.']);
  });

  it('of who is not known is empty', async () => {
    expect(await Array.fromAsync(keeper.export(BOB))).toEqual([]);
  });
});
