import { describe, expect, test } from 'vitest';
import type { Owner } from '../../../src/conversation/store.ts';
import type { MemoryStore } from '../../../src/memory/memory-store.ts';
import type { OpenStore } from '../memory-store-contract.ts';
import {
  ALICE,
  add,
  along,
  BOB,
  EVERYTHING,
  find,
  foundTexts,
  home,
  idOf,
  memory,
  OTHER_ALICE,
  SPACE,
} from '../sample-memories.ts';

const signal = AbortSignal.timeout(60_000);
const NAME = memory(3, "The user's name is Alice.", { kind: 'profile', attribute: 'name', value: 'Alice' });

/** Alice lived in Berlin, lives in Oslo and is called Alice. */
async function learnOfAlice(store: MemoryStore): Promise<void> {
  await store.useSpace(SPACE);
  const vectors = new Map([1, 2, 3].map((number) => [idOf(number), along(0)]));
  await store.apply(ALICE, [add(home(1, 'Berlin')), add(home(2, 'Oslo')), add(NAME)], vectors);
}

async function everythingOf(store: MemoryStore, owner: Owner) {
  return {
    list: await store.list(owner, EVERYTHING),
    profile: await store.profile(owner, signal),
    history: await store.history(owner, idOf(1)),
    found: await find(store, owner, 'Where does Alice live: Berlin or Oslo?', { vector: along(0) }),
  };
}

export function describeOwners(open: OpenStore): void {
  describe.each([
    ['another user', BOB],
    ['a user of the same name behind another key', OTHER_ALICE],
  ])('%s', (_, stranger) => {
    test('sees nothing', async () => {
      await using opened = await open();
      const { store } = opened;
      await learnOfAlice(store);
      expect(await everythingOf(store, stranger)).toEqual({
        list: { data: [], hasMore: false },
        profile: [],
        history: [],
        found: [],
      });
      for (const id of [1, 2, 3]) expect(await store.get(stranger, idOf(id))).toBeNull();
    });

    test('changes nothing', async () => {
      await using opened = await open();
      const { store } = opened;
      await learnOfAlice(store);
      const before = await everythingOf(store, ALICE);
      const applied = await store.apply(stranger, [
        { type: 'edit', id: idOf(2), edit: { text: 'The user lives on the moon.', importance: 0 } },
        { type: 'end', id: idOf(2), atMs: 1 },
        add(home(4, 'Rome'), [idOf(2), idOf(3)]),
        add(memory(5, 'The user lives in Oslo.')),
      ]);
      expect(applied).toEqual([
        { outcome: 'missing', id: idOf(2), superseded: [] },
        { outcome: 'missing', id: idOf(2), superseded: [] },
        { outcome: 'added', id: idOf(4), superseded: [] },
        { outcome: 'added', id: idOf(5), superseded: [] },
      ]);
      await store.touch(stranger, [idOf(2)], NAME.createdAtMs);
      await store.setVectors([
        { owner: stranger, id: idOf(2), text: 'The user lives in Oslo.', vector: along(3) },
      ]);
      expect(await store.delete(stranger, idOf(2))).toBe(false);
      expect(await store.eraseAll(stranger)).toBe(2);
      expect(await everythingOf(store, ALICE)).toEqual(before);
    });

    test('may have memories with the very same ids', async () => {
      await using opened = await open();
      const { store } = opened;
      await learnOfAlice(store);
      const before = await everythingOf(store, ALICE);
      const applied = await store.apply(stranger, [add(memory(2, 'The user lives in a caravan.'))]);
      expect(applied).toEqual([{ outcome: 'added', id: idOf(2), superseded: [] }]);
      expect(await foundTexts(store, stranger, 'caravan')).toEqual(['The user lives in a caravan.']);
      expect(await store.unembedded(100)).toEqual([
        { owner: stranger, id: idOf(2), text: 'The user lives in a caravan.' },
      ]);
      expect(await everythingOf(store, ALICE)).toEqual(before);
      expect(await store.delete(stranger, idOf(2))).toBe(true);
      expect(await everythingOf(store, ALICE)).toEqual(before);
    });
  });

  test('names that run together are still two', async () => {
    await using opened = await open();
    const { store } = opened;
    const [one, other] = [
      { key: 'a', user: 'bc' },
      { key: 'ab', user: 'c' },
    ];
    await store.apply(one, [add(memory(1, 'The user likes tea.'))]);
    expect(await foundTexts(store, other, 'tea')).toEqual([]);
    await store.eraseAll(other);
    expect(await foundTexts(store, one, 'tea')).toEqual(['The user likes tea.']);
    await store.eraseAll(one);
  });
}
