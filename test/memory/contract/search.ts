import { describe, expect, test } from 'vitest';
import type { NewMemory } from '../../../src/memory/memory.ts';
import type { MemoryStore } from '../../../src/memory/memory-store.ts';
import type { OpenStore } from '../memory-store-contract.ts';
import { ALICE, add, find, foundTexts, home, idOf, kept, memory } from '../sample-memories.ts';

const BERLIN = 'The user lives in Berlin.';
const DOG = 'The user has a dog called Bruno.';
const TEA = 'The user prefers green tea to coffee.';
const CAFE = 'The user met Zoë at the Café Müller.';
const NUTS = 'The user is allergic to peanuts.';

async function learn(store: MemoryStore, ...said: readonly (string | NewMemory)[]): Promise<void> {
  const memories = said.map((one, index) => (typeof one === 'string' ? memory(index + 100, one) : one));
  await store.apply(
    ALICE,
    memories.map((memory) => add(memory)),
  );
}

export function describeSearch(open: OpenStore): void {
  describe('a search by words', () => {
    test.each([
      ['berlin', BERLIN],
      ['Am I living in Berlin?', BERLIN],
      ['Where do I live?', BERLIN],
      ['What do you call my dogs', DOG],
      ["BRUNO's food", DOG],
      ['Which teas would I prefer?', TEA],
      ['zoe', CAFE],
      ['cafe muller', CAFE],
      ['peanut allergies', NUTS],
    ])('finds by %j', async (query, text) => {
      await using opened = await open();
      await learn(opened.store, BERLIN, DOG, TEA, CAFE, NUTS);
      expect((await foundTexts(opened.store, ALICE, query))[0]).toBe(text);
    });

    test.each([
      ['房间', '用户住在北京的一个大房间里。'],
      ['東京', 'ユーザーは東京に住んでいます。'],
      ['москве', 'Пользователь живёт в Москве.'],
      ['Αθήνα', 'Ο χρήστης μένει στην Αθήνα.'],
      ['قطة', 'لديه قطة سوداء'],
      ['4711', 'The door code of the user is 4711.'],
      ['R2D2', 'The user calls the vacuum cleaner R2D2.'],
    ])('finds %j in its own script', async (query, text) => {
      await using opened = await open();
      await learn(opened.store, text, 'Something else altogether.', '完全不同。', 'Совсем другое.');
      expect(await foundTexts(opened.store, ALICE, query)).toEqual([text]);
    });

    test('gives whole memories, the best first, each with how well it fits', async () => {
      await using opened = await open();
      const { store } = opened;
      const berlin = home(1, 'Berlin');
      await learn(store, berlin, 'The user was in Paris last spring.', 'The user lives alone.', DOG);
      const found = await find(store, ALICE, 'Who lives in Berlin?');
      expect(found[0]?.memory).toEqual(kept(berlin));
      expect(found.length).toBeGreaterThan(1);
      const relevances = found.map(({ relevance }) => relevance);
      expect(relevances).toEqual(relevances.toSorted((one, other) => other - one));
      for (const relevance of relevances) {
        expect(relevance).toBeGreaterThan(0);
        expect(relevance).toBeLessThanOrEqual(1);
      }
    });

    test('finds what shares no word with the question by what was said around it, behind what has the word itself', async () => {
      await using opened = await open();
      const { store } = opened;
      const context = 'Do you have any pets, and how is the dog?';
      await learn(store, memory(1, 'The user looks after Bruno.', { context }), 'The user walks a dog.', TEA);
      expect(await foundTexts(store, ALICE, 'dog')).toEqual([
        'The user walks a dog.',
        'The user looks after Bruno.',
      ]);
    });

    test('gives at most what it is asked for', async () => {
      await using opened = await open();
      const { store } = opened;
      await learn(
        store,
        ...['tea', 'rum', 'milk', 'gin', 'wine'].map((drink) => `The user drinks ${drink}.`),
      );
      expect(await find(store, ALICE, 'drinks', { limit: 3 })).toHaveLength(3);
      expect(await find(store, ALICE, 'drinks', { limit: 1 })).toHaveLength(1);
      expect(await find(store, ALICE, 'drinks', { limit: 100 })).toHaveLength(5);
    });

    test('finds only what holds', async () => {
      await using opened = await open();
      const { store } = opened;
      const cold = memory(3, 'The user lives with a cold.');
      await learn(store, home(1, 'Berlin'), home(2, 'Oslo'), cold);
      await store.apply(ALICE, [{ type: 'end', id: cold.id, atMs: cold.validAtMs + 1 }]);
      expect(await foundTexts(store, ALICE, 'where I live')).toEqual(['The user lives in Oslo.']);
      expect(await foundTexts(store, ALICE, 'Berlin')).toEqual([]);
      await store.apply(ALICE, [add(home(4, 'Berlin'))]);
      expect(await foundTexts(store, ALICE, 'Berlin')).toEqual([BERLIN]);
    });

    test('keeps a negation apart from what it negates', async () => {
      await using opened = await open();
      await learn(opened.store, 'The user does eat fish.', 'The user does not eat meat.');
      expect((await foundTexts(opened.store, ALICE, "What don't I eat?"))[0]).toContain('meat');
    });

    test.each([
      '',
      '   ',
      '?!',
      'is it the',
      'zebra',
      '"',
      'NEAR(a b)',
      'text:',
      '*',
      'a AND',
      "'; --",
      '\0',
      '\ud800',
    ])('finds nothing by %j, and does not stumble over it', async (query) => {
      await using opened = await open();
      await learn(opened.store, BERLIN, DOG);
      expect(await find(opened.store, ALICE, query)).toEqual([]);
    });

    test('takes a question as long as a book', async () => {
      await using opened = await open();
      await learn(opened.store, BERLIN, DOG);
      expect(await foundTexts(opened.store, ALICE, `Bruno ${'so many words '.repeat(20_000)}`)).toEqual([
        DOG,
      ]);
    });

    test('is over when nobody waits for it any more', async () => {
      await using opened = await open();
      const query = { text: 'dog', vector: null, limit: 5 };
      const search = opened.store.search(ALICE, query, AbortSignal.abort());
      await expect(search).rejects.toMatchObject({ code: 'cancelled' });
    });

    test('sees every write that came before it', async () => {
      await using opened = await open();
      const { store } = opened;
      await store.apply(ALICE, [add(memory(1, DOG))]);
      expect(await foundTexts(store, ALICE, 'dog')).toEqual([DOG]);
      await store.delete(ALICE, idOf(1));
      expect(await foundTexts(store, ALICE, 'dog')).toEqual([]);
    });
  });
}
