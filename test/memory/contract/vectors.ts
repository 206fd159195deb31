import { describe, expect, test } from 'vitest';
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
  OTHER_SPACE,
  SPACE,
} from '../sample-memories.ts';

const DOG = 'The user has a dog.';
const CAR = 'The user drives a van.';
const TEA = 'The user likes tea.';

/** A dog along axis 0, a van along 1, tea along 2. */
async function learnThree(store: MemoryStore): Promise<void> {
  await store.useSpace(SPACE);
  const said = [DOG, CAR, TEA].map((text, index) => memory(index, text));
  const vectors = new Map(said.map(({ id }, index) => [id, along(index)]));
  await store.apply(
    ALICE,
    said.map((one) => add(one)),
    vectors,
  );
}

async function unembeddedIds(store: MemoryStore): Promise<string[]> {
  return (await store.unembedded(100)).map(({ id }) => id).toSorted();
}

export function describeVectors(open: OpenStore): void {
  describe('a search by meaning', () => {
    test('finds what has no word in common with the question', async () => {
      await using opened = await open();
      const { store } = opened;
      await learnThree(store);
      expect(await foundTexts(store, ALICE, 'any pets', { vector: along(0), limit: 1 })).toEqual([DOG]);
      expect(await foundTexts(store, ALICE, '?', { vector: along(1), limit: 1 })).toEqual([CAR]);
    });

    test('finds by words what has no vector yet, beside what is near', async () => {
      await using opened = await open();
      const { store } = opened;
      await learnThree(store);
      await store.apply(ALICE, [add(memory(9, 'The user has a zebra.'))]);
      const found = await foundTexts(store, ALICE, 'zebra', { vector: along(2) });
      expect(found.slice(0, 2).toSorted()).toEqual([TEA, 'The user has a zebra.'].toSorted());
    });

    test('puts first what words and meaning agree on', async () => {
      await using opened = await open();
      const { store } = opened;
      await learnThree(store);
      const found = await find(store, ALICE, 'tea', { vector: along(2) });
      expect(found[0]?.memory.text).toBe(TEA);
      const relevances = found.map(({ relevance }) => relevance);
      expect(relevances).toEqual(relevances.toSorted((one, other) => other - one));
      expect(relevances.every((relevance) => relevance > 0 && relevance <= 1)).toBe(true);
      expect(new Set(found.map(({ memory }) => memory.id)).size).toBe(found.length);
    });

    test('finds only what holds', async () => {
      await using opened = await open();
      const { store } = opened;
      await store.useSpace(SPACE);
      const vectors = new Map([1, 2].map((number) => [idOf(number), along(3)]));
      await store.apply(ALICE, [add(home(1, 'Berlin')), add(home(2, 'Oslo'))], vectors);
      expect(await foundTexts(store, ALICE, '?', { vector: along(3) })).toEqual(['The user lives in Oslo.']);
      await store.delete(ALICE, idOf(2));
      expect(await foundTexts(store, ALICE, '?', { vector: along(3) })).toEqual([]);
    });

    test('gives at most what it is asked for, of both rankings together', async () => {
      await using opened = await open();
      const { store } = opened;
      await learnThree(store);
      expect(
        await find(store, ALICE, 'the user likes tea and a dog', { vector: along(1), limit: 2 }),
      ).toHaveLength(2);
    });
  });

  describe('memories without a vector', () => {
    test('are told until they have one', async () => {
      await using opened = await open();
      const { store } = opened;
      await store.useSpace(SPACE);
      await store.apply(ALICE, [add(memory(1, DOG)), add(memory(2, CAR))], new Map([[idOf(1), along(0)]]));
      await store.apply(BOB, [add(memory(3, TEA))]);
      const waiting = await store.unembedded(100);
      expect(waiting.toSorted((one, other) => one.id.localeCompare(other.id))).toEqual([
        { owner: ALICE, id: idOf(2), text: CAR },
        { owner: BOB, id: idOf(3), text: TEA },
      ]);
      expect(await store.unembedded(1)).toHaveLength(1);
      await store.setVectors(waiting.map((one) => ({ ...one, vector: along(1) })));
      expect(await store.unembedded(100)).toEqual([]);
      expect((await foundTexts(store, ALICE, '?', { vector: along(1), limit: 1 }))[0]).toBe(CAR);
      expect(await foundTexts(store, BOB, '?', { vector: along(1) })).toEqual([TEA]);
    });

    test('are none of those that no longer hold', async () => {
      await using opened = await open();
      const { store } = opened;
      await store.useSpace(SPACE);
      await store.apply(ALICE, [add(home(1, 'Berlin')), add(home(2, 'Oslo'))]);
      expect(await unembeddedIds(store)).toEqual([idOf(2)]);
    });

    test('are those whose text was corrected, and only those', async () => {
      await using opened = await open();
      const { store } = opened;
      await learnThree(store);
      await store.apply(ALICE, [
        { type: 'edit', id: idOf(0), edit: { text: 'The user has a cat.' } },
        { type: 'edit', id: idOf(1), edit: { importance: 1 } },
        { type: 'edit', id: idOf(2), edit: { text: TEA } },
      ]);
      expect(await unembeddedIds(store)).toEqual([idOf(0)]);
      expect(await foundTexts(store, ALICE, '?', { vector: along(0) })).not.toContain('The user has a cat.');
    });

    test('take no vector of other words than they have by now', async () => {
      await using opened = await open();
      const { store } = opened;
      await store.useSpace(SPACE);
      await store.apply(ALICE, [add(memory(1, DOG)), add(memory(2, CAR)), add(memory(3, TEA))]);
      const waiting = await store.unembedded(100);
      await store.apply(ALICE, [{ type: 'edit', id: idOf(1), edit: { text: 'The user has a cat.' } }]);
      await store.delete(ALICE, idOf(2));
      await store.setVectors(waiting.map((one) => ({ ...one, vector: along(0) })));
      expect(await unembeddedIds(store)).toEqual([idOf(1)]);
      expect(await foundTexts(store, ALICE, '?', { vector: along(0) })).toEqual([TEA]);
      expect(await store.get(ALICE, idOf(2))).toBeNull();
    });

    test('take a new vector in place of an old one', async () => {
      await using opened = await open();
      const { store } = opened;
      await learnThree(store);
      await store.setVectors([{ owner: ALICE, id: idOf(0), text: DOG, vector: along(3) }]);
      expect(await foundTexts(store, ALICE, '?', { vector: along(3), limit: 1 })).toEqual([DOG]);
      expect(await foundTexts(store, ALICE, '?', { vector: along(0), limit: 3 })).toHaveLength(3);
    });
  });

  describe('a change of the embedding model', () => {
    test('forgets the vectors of the old one, and nothing else', async () => {
      await using opened = await open();
      const { store } = opened;
      await learnThree(store);
      const before = await store.list(ALICE, EVERYTHING);
      await store.useSpace(OTHER_SPACE);
      expect(await unembeddedIds(store)).toEqual([idOf(0), idOf(1), idOf(2)]);
      const query = { vector: new Float32Array(6).fill(1), limit: 10 };
      expect(await foundTexts(store, ALICE, 'dog', query)).toEqual([DOG]);
      expect(await store.list(ALICE, EVERYTHING)).toEqual(before);
      const waiting = await store.unembedded(100);
      await store.setVectors(waiting.map((one) => ({ ...one, vector: new Float32Array(6).fill(1) })));
      expect(await store.unembedded(100)).toEqual([]);
      expect(await find(store, ALICE, '?', query)).toHaveLength(3);
    });

    test('is one also when the length stays the same', async () => {
      await using opened = await open();
      const { store } = opened;
      await learnThree(store);
      await store.useSpace({ ...SPACE, model: 'fake:other-four' });
      expect(await store.unembedded(100)).toHaveLength(3);
      expect(await foundTexts(store, ALICE, '?', { vector: along(0) })).toEqual([]);
    });

    test('is none when the same is used again', async () => {
      await using opened = await open();
      const { store } = opened;
      await learnThree(store);
      await store.useSpace({ ...SPACE });
      expect(await store.unembedded(100)).toEqual([]);
      expect(await foundTexts(store, ALICE, '?', { vector: along(0), limit: 1 })).toEqual([DOG]);
    });

    test('to none leaves the words, and nothing to embed', async () => {
      await using opened = await open();
      const { store } = opened;
      await learnThree(store);
      await store.useSpace(null);
      expect(await store.unembedded(100)).toEqual([]);
      expect(await foundTexts(store, ALICE, 'dog', { vector: along(1) })).toEqual([DOG]);
      await store.setVectors([{ owner: ALICE, id: idOf(0), text: DOG, vector: along(0) }]);
      await store.apply(ALICE, [add(memory(9, 'The user has a zebra.'))], new Map([[idOf(9), along(1)]]));
      expect(await foundTexts(store, ALICE, 'zebra')).toEqual(['The user has a zebra.']);
    });
  });
}
