import { describe, expect, test } from 'vitest';
import type { OpenStore } from '../memory-store-contract.ts';
import {
  ALICE,
  add,
  BOB,
  EVERYTHING,
  find,
  foundTexts,
  home,
  idOf,
  memory,
  texts,
} from '../sample-memories.ts';

const signal = AbortSignal.timeout(60_000);

export function describeErasing(open: OpenStore): void {
  describe('what is erased', () => {
    test('a deleted memory is gone, once', async () => {
      await using opened = await open();
      const { store } = opened;
      await store.apply(ALICE, [
        add(memory(1, 'The user likes tea.')),
        add(memory(2, 'The user likes rum.')),
      ]);
      expect(await store.delete(ALICE, idOf(1))).toBe(true);
      expect(await store.delete(ALICE, idOf(1))).toBe(false);
      expect(await store.get(ALICE, idOf(1))).toBeNull();
      expect(await store.history(ALICE, idOf(1))).toEqual([]);
      expect(texts((await store.list(ALICE, EVERYTHING)).data)).toEqual(['The user likes rum.']);
      expect(await foundTexts(store, ALICE, 'likes tea')).toEqual(['The user likes rum.']);
    });

    test('what it took the place of stays history', async () => {
      await using opened = await open();
      const { store } = opened;
      const [berlin, oslo] = [home(1, 'Berlin'), home(2, 'Oslo')];
      await store.apply(ALICE, [add(berlin), add(oslo)]);
      await store.delete(ALICE, oslo.id);
      expect(await store.get(ALICE, berlin.id)).toMatchObject({
        invalidAtMs: oslo.validAtMs,
        supersededBy: null,
      });
      expect(await foundTexts(store, ALICE, 'where I live')).toEqual([]);
    });

    test('a history closes over what is taken out of its middle', async () => {
      await using opened = await open();
      const { store } = opened;
      await store.apply(ALICE, [add(home(1, 'Berlin')), add(home(2, 'Oslo')), add(home(3, 'Rome'))]);
      await store.delete(ALICE, idOf(2));
      const history = await store.history(ALICE, idOf(1));
      expect(history.map(({ id, supersededBy }) => [id, supersededBy])).toEqual([
        [idOf(1), idOf(3)],
        [idOf(3), null],
      ]);
    });

    test('everything of somebody is erased at once, history included, and counted', async () => {
      await using opened = await open();
      const { store } = opened;
      const many = Array.from({ length: 120 }, (_, index) => add(memory(index + 10, `Number ${index}.`)));
      await store.apply(ALICE, [add(home(1, 'Berlin')), add(home(2, 'Oslo')), ...many]);
      await store.apply(BOB, [add(memory(3, 'The user likes rum.'))]);
      expect(await store.eraseAll(ALICE)).toBe(122);
      expect(await store.eraseAll(ALICE)).toBe(0);
      expect(await store.list(ALICE, EVERYTHING)).toEqual({ data: [], hasMore: false });
      expect(await store.profile(ALICE, signal)).toEqual([]);
      expect(await find(store, ALICE, 'number 7 in Oslo')).toEqual([]);
      expect(await foundTexts(store, BOB, 'rum')).toEqual(['The user likes rum.']);
    });

    test('who was erased can be known again', async () => {
      await using opened = await open();
      const { store } = opened;
      const tea = memory(1, 'The user likes tea.');
      await store.apply(ALICE, [add(tea)]);
      await store.eraseAll(ALICE);
      expect(await store.apply(ALICE, [add(tea)])).toMatchObject([{ outcome: 'added' }]);
      expect(await foundTexts(store, ALICE, 'tea')).toEqual([tea.text]);
    });
  });
}
