import { describe, expect, test } from 'vitest';
import type { MemoryPage } from '../../../src/memory/memory-store.ts';
import type { OpenStore } from '../memory-store-contract.ts';
import {
  ALICE,
  add,
  BOB,
  EVERYTHING,
  HOLDING,
  home,
  idOf,
  kept,
  memory,
  START_MS,
} from '../sample-memories.ts';

const signal = AbortSignal.timeout(60_000);

export function describeReading(open: OpenStore): void {
  describe('what is read', () => {
    test('is nothing at first', async () => {
      await using opened = await open();
      const { store } = opened;
      expect(await store.list(ALICE, EVERYTHING)).toEqual({ data: [], hasMore: false });
      expect(await store.profile(ALICE, signal)).toEqual([]);
      expect(await store.get(ALICE, idOf(1))).toBeNull();
      expect(await store.history(ALICE, idOf(1))).toEqual([]);
    });

    test('the profile is who somebody is now, and nothing else', async () => {
      await using opened = await open();
      const { store } = opened;
      const profile = (id: number, attribute: string, value: string) =>
        memory(id, `The user's ${attribute} is ${value}.`, { kind: 'profile', attribute, value });
      const [alice, she, ally] = [
        profile(1, 'name', 'Alice'),
        profile(2, 'pronouns', 'she/her'),
        profile(3, 'name', 'Ally'),
      ];
      const gone = profile(5, 'language', 'German');
      await store.apply(ALICE, [
        ...[alice, she, ally, home(4, 'Berlin'), gone].map((one) => add(one)),
        { type: 'end', id: gone.id, atMs: gone.validAtMs },
      ]);
      const found = await store.profile(ALICE, signal);
      expect(found.toSorted((one, other) => one.validAtMs - other.validAtMs)).toEqual([
        kept(she),
        kept(ally),
      ]);
    });

    test('pages go in the order of learning, in both directions', async () => {
      await using opened = await open();
      const { store } = opened;
      // Learned in another order than written.
      for (const id of [3, 1, 5, 2, 4]) {
        const times = { createdAtMs: START_MS + id, validAtMs: START_MS - id };
        await store.apply(ALICE, [add(memory(id, `Number ${id}.`, times))]);
      }
      const page = async (page: Omit<MemoryPage, 'withHistory'>) => {
        const { data, hasMore } = await store.list(ALICE, { ...page, withHistory: false });
        return { ids: data.map(({ id }) => Number(id.slice(-1))).join(''), hasMore };
      };
      expect(await page({ limit: 2, order: 'asc' })).toEqual({ ids: '12', hasMore: true });
      expect(await page({ limit: 2, order: 'asc', after: idOf(2) })).toEqual({ ids: '34', hasMore: true });
      expect(await page({ limit: 2, order: 'asc', after: idOf(4) })).toEqual({ ids: '5', hasMore: false });
      expect(await page({ limit: 5, order: 'asc' })).toEqual({ ids: '12345', hasMore: false });
      expect(await page({ limit: 3, order: 'desc' })).toEqual({ ids: '543', hasMore: true });
      expect(await page({ limit: 3, order: 'desc', after: idOf(3) })).toEqual({ ids: '21', hasMore: false });
      expect(await page({ limit: 3, order: 'desc', after: idOf(1) })).toEqual({ ids: '', hasMore: false });
    });

    test('no page loses or repeats what was learned in the same moment', async () => {
      await using opened = await open();
      const { store } = opened;
      const ids = Array.from({ length: 17 }, (_, index) => idOf(index));
      const times = { createdAtMs: START_MS, validAtMs: START_MS };
      await store.apply(
        ALICE,
        ids.map((_, index) => add(memory(index, `Number ${index}.`, times))),
      );
      const walked = async (order: 'asc' | 'desc') => {
        const seen: string[] = [];
        for (let more = true; more; ) {
          const after = seen.at(-1);
          const page = { limit: 4, order, withHistory: true, ...(after !== undefined && { after }) };
          const { data, hasMore } = await store.list(ALICE, page);
          seen.push(...data.map(({ id }) => id));
          more = hasMore;
        }
        return seen;
      };
      const ascending = await walked('asc');
      expect(ascending.toSorted()).toEqual(ids);
      expect(await walked('desc')).toEqual(ascending.toReversed());
    });

    test('history is listed only when it is asked for, and may be where a page begins', async () => {
      await using opened = await open();
      const { store } = opened;
      for (const one of [home(1, 'Berlin'), memory(2, 'The user likes tea.'), home(3, 'Oslo')])
        await store.apply(ALICE, [add(one)]);
      const ids = async (page: MemoryPage) => (await store.list(ALICE, page)).data.map(({ id }) => id);
      expect(await ids(EVERYTHING)).toEqual([idOf(1), idOf(2), idOf(3)]);
      expect(await ids(HOLDING)).toEqual([idOf(2), idOf(3)]);
      expect(await ids({ ...HOLDING, after: idOf(1) })).toEqual([idOf(2), idOf(3)]);
    });

    test('a page cannot begin where nothing is, or behind what is not yours', async () => {
      await using opened = await open();
      const { store } = opened;
      await store.apply(BOB, [add(memory(1, 'The user likes tea.'))]);
      for (const after of [idOf(1), idOf(2)])
        await expect(store.list(ALICE, { ...EVERYTHING, after })).rejects.toMatchObject({
          code: 'not_found',
          param: 'after',
        });
    });
  });
}
