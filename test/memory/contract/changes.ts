import { describe, expect, test } from 'vitest';
import type { OpenStore } from '../memory-store-contract.ts';
import { ALICE, add, DAY_MS, EVERYTHING, foundTexts, idOf, kept, memory, texts } from '../sample-memories.ts';

export function describeChanges(open: OpenStore): void {
  describe('what changes', () => {
    test('a memory comes back as it was learned', async () => {
      await using opened = await open();
      const { store } = opened;
      const bruno = memory(1, 'The user has a dog, Bruno.', {
        ...{ kind: 'event', subject: 'bruno', attribute: 'age', value: '3 years' },
        ...{ importance: 0.25, context: 'What is your dog called?' },
      });
      const written = memory(2, 'Ünïcödé “quotes” 🙂 日本語\nand a second line.', { source: null });
      expect(await store.apply(ALICE, [add(bruno), add(written)])).toEqual([
        { outcome: 'added', id: idOf(1), superseded: [] },
        { outcome: 'added', id: idOf(2), superseded: [] },
      ]);
      expect(await store.get(ALICE, idOf(1))).toEqual(kept(bruno));
      expect(await store.get(ALICE, idOf(2))).toEqual(kept(written));
    });

    test('nothing to change is no change', async () => {
      await using opened = await open();
      expect(await opened.store.apply(ALICE, [])).toEqual([]);
    });

    test.each([
      ['The user likes tea.', 'The user likes tea.'],
      ['The user likes tea.', 'the USER likes “tea”!'],
    ])('what is there already is known: %j and %j', async (first, second) => {
      await using opened = await open();
      const { store } = opened;
      await store.apply(ALICE, [add(memory(1, first))]);
      expect(await store.apply(ALICE, [add(memory(2, second))])).toEqual([
        { outcome: 'known', id: idOf(1), superseded: [] },
      ]);
      expect(texts((await store.list(ALICE, EVERYTHING)).data)).toEqual([first]);
    });

    test('what sounds alike is not the same', async () => {
      await using opened = await open();
      const { store } = opened;
      const said = ['The user likes tea.', "The user doesn't like tea.", 'The user liked tea.', '🙂', '🙁'];
      await store.apply(
        ALICE,
        said.map((text, index) => add(memory(index, text))),
      );
      expect(texts((await store.list(ALICE, EVERYTHING)).data)).toEqual(said);
    });

    test('the same twice in one call is learned once', async () => {
      await using opened = await open();
      const { store } = opened;
      const changes = [add(memory(1, 'The user likes tea.')), add(memory(2, 'The user likes tea.'))];
      expect((await store.apply(ALICE, changes)).map(({ outcome }) => outcome)).toEqual(['added', 'known']);
    });

    test('applying the same changes once more changes nothing', async () => {
      await using opened = await open();
      const { store } = opened;
      const changes = [
        add(memory(1, 'The user likes tea.')),
        add(memory(2, 'The user hates tea.'), [idOf(1)]),
        add(memory(3, 'The user has a cold.')),
        { type: 'end', id: idOf(3), atMs: Date.UTC(2027, 11, 1) },
        { type: 'edit', id: idOf(2), edit: { text: 'The user hates green tea.' } },
      ] as const;
      await store.apply(ALICE, changes);
      const before = await store.list(ALICE, EVERYTHING);
      expect((await store.apply(ALICE, changes)).map(({ outcome, id }) => [outcome, id])).toEqual([
        ['known', idOf(1)],
        ['known', idOf(2)],
        ['known', idOf(3)],
        ['ended', idOf(3)],
        ['edited', idOf(2)],
      ]);
      expect(await store.list(ALICE, EVERYTHING)).toEqual(before);
    });

    test('is known again under its id even when it no longer holds', async () => {
      await using opened = await open();
      const { store } = opened;
      const tea = memory(1, 'The user likes tea.');
      await store.apply(ALICE, [add(tea), { type: 'end', id: tea.id, atMs: tea.validAtMs + DAY_MS }]);
      expect(await store.apply(ALICE, [add(tea)])).toEqual([
        { outcome: 'known', id: tea.id, superseded: [] },
      ]);
      expect(await store.get(ALICE, tea.id)).toEqual(kept(tea, { invalidAtMs: tea.validAtMs + DAY_MS }));
    });

    test('what ended can be learned anew from another place', async () => {
      await using opened = await open();
      const { store } = opened;
      const first = memory(1, 'The user has a cold.');
      await store.apply(ALICE, [add(first), { type: 'end', id: idOf(1), atMs: first.validAtMs + 1 }]);
      expect(await store.apply(ALICE, [add(memory(2, first.text))])).toEqual([
        { outcome: 'added', id: idOf(2), superseded: [] },
      ]);
    });

    test('an end says when, and the first end stays', async () => {
      await using opened = await open();
      const { store } = opened;
      const cold = memory(1, 'The user has a cold.');
      const end = (atMs: number) => store.apply(ALICE, [{ type: 'end', id: cold.id, atMs }]);
      await store.apply(ALICE, [add(cold)]);
      expect(await end(cold.validAtMs + 5)).toEqual([{ outcome: 'ended', id: cold.id, superseded: [] }]);
      await end(cold.validAtMs + 9);
      expect(await store.get(ALICE, cold.id)).toEqual(kept(cold, { invalidAtMs: cold.validAtMs + 5 }));
    });

    test('an edit changes what it names and leaves the rest', async () => {
      await using opened = await open();
      const { store } = opened;
      const cat = memory(1, 'The user has a cat.', { attribute: 'pet', value: 'cat' });
      await store.apply(ALICE, [add(cat)]);
      const edit = { text: 'The user has a dog.', value: 'dog' };
      expect(await store.apply(ALICE, [{ type: 'edit', id: cat.id, edit }])).toEqual([
        { outcome: 'edited', id: cat.id, superseded: [] },
      ]);
      expect(await store.get(ALICE, cat.id)).toEqual(kept(cat, edit));
      const rest = { kind: 'event', value: null, importance: 1 } as const;
      await store.apply(ALICE, [{ type: 'edit', id: cat.id, edit: rest }]);
      expect(await store.get(ALICE, cat.id)).toEqual(kept(cat, { ...edit, ...rest }));
    });

    test('corrected words are found by the new ones, and no longer by the old ones or what was said around them', async () => {
      await using opened = await open();
      const { store } = opened;
      await store.apply(ALICE, [
        add(memory(1, 'The user owns a tortoise.', { context: 'Tell me of Sheldon!' })),
      ]);
      await store.apply(ALICE, [{ type: 'edit', id: idOf(1), edit: { text: 'The user owns a parrot.' } }]);
      expect(await foundTexts(store, ALICE, 'parrot')).toEqual(['The user owns a parrot.']);
      expect(await foundTexts(store, ALICE, 'tortoise')).toEqual([]);
      expect(await foundTexts(store, ALICE, 'Sheldon')).toEqual([]);
    });

    test('an edit of something else keeps what was said around it', async () => {
      await using opened = await open();
      const { store } = opened;
      await store.apply(ALICE, [
        add(memory(1, 'The user owns a tortoise.', { context: 'Tell me of Sheldon!' })),
      ]);
      await store.apply(ALICE, [{ type: 'edit', id: idOf(1), edit: { importance: 1 } }]);
      expect(await foundTexts(store, ALICE, 'Sheldon')).toEqual(['The user owns a tortoise.']);
    });

    test('what is not there cannot be changed', async () => {
      await using opened = await open();
      const { store } = opened;
      const missing = { outcome: 'missing', id: idOf(9), superseded: [] };
      const changes = [
        { type: 'edit', id: idOf(9), edit: { importance: 1 } },
        { type: 'end', id: idOf(9), atMs: 1 },
      ] as const;
      expect(await store.apply(ALICE, changes)).toEqual([missing, missing]);
      expect(await store.get(ALICE, idOf(9))).toBeNull();
    });

    test('remembers when it was last used', async () => {
      await using opened = await open();
      const { store } = opened;
      const [tea, dog] = [memory(1, 'The user likes tea.'), memory(2, 'The user has a dog.')];
      await store.apply(ALICE, [add(tea), add(dog)]);
      const atMs = dog.validAtMs + DAY_MS;
      await store.touch(ALICE, [tea.id, idOf(9)], atMs);
      await store.touch(ALICE, [], atMs);
      expect((await store.list(ALICE, EVERYTHING)).data).toEqual([
        kept(tea, { lastUsedAtMs: atMs }),
        kept(dog),
      ]);
    });
  });
}
