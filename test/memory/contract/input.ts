import { describe, expect, test } from 'vitest';
import type { MemoryEdit, NewMemory } from '../../../src/memory/memory.ts';
import type { MemoryPage, MemoryStore } from '../../../src/memory/memory-store.ts';
import type { OpenStore } from '../memory-store-contract.ts';
import { ALICE, add, along, EVERYTHING, find, foundTexts, idOf, memory, SPACE } from '../sample-memories.ts';

const TEA = 'The user likes tea.';
const signal = AbortSignal.timeout(60_000);

const badMemories: readonly Partial<NewMemory>[] = [
  { text: '' },
  { text: ' \n' },
  { text: 'NUL \0' },
  { text: 'half a pair \ud83d' },
  { text: 'x'.repeat(4_001) },
  { id: '' },
  { id: 'a\0b' },
  { subject: '' },
  { subject: '\ud83d' },
  { attribute: '' },
  { value: '\0' },
  { kind: 'secret' as NewMemory['kind'] },
  { importance: -0.1 },
  { importance: 1.1 },
  { importance: Number.NaN },
  { validAtMs: 1.5 },
  { createdAtMs: Number.POSITIVE_INFINITY },
  { source: { conversationId: '', itemId: 'item' } },
  { source: { conversationId: 'conv', itemId: '\0' } },
];

const badEdits: readonly MemoryEdit[] = [
  { text: '' },
  { text: '\0' },
  { text: 'x'.repeat(4_001) },
  { kind: 'secret' as NewMemory['kind'] },
  { value: '\ud83d' },
  { importance: 2 },
];

const badPages: readonly Partial<MemoryPage>[] = [
  { limit: 0 },
  { limit: 101 },
  { limit: 1.5 },
  { limit: Number.NaN },
  { order: 'up' as 'asc' },
  { after: '' },
  { after: '\0' },
];

async function expectRefused(call: Promise<unknown>): Promise<void> {
  await expect(call).rejects.toMatchObject({ code: 'invalid_request', param: expect.any(String) });
}

export function describeInput(open: OpenStore): void {
  describe('what no store can keep', () => {
    test('is refused as a new memory, with everything that came along with it', async () => {
      await using opened = await open();
      const { store } = opened;
      for (const bad of badMemories) {
        const changes = [add(memory(1, TEA)), add(memory(2, 'The user likes rum.', bad))];
        await expectRefused(store.apply(ALICE, changes));
      }
      await expectRefused(store.apply(ALICE, [add(memory(1, TEA), ['\0'])]));
      await expectRefused(store.apply(ALICE, [{ type: 'end', id: idOf(1), atMs: Number.NaN }]));
      expect(await store.list(ALICE, EVERYTHING)).toEqual({ data: [], hasMore: false });
    });

    test('is refused as an edit', async () => {
      await using opened = await open();
      const { store } = opened;
      await store.apply(ALICE, [add(memory(1, TEA))]);
      const before = await store.get(ALICE, idOf(1));
      for (const edit of badEdits)
        await expectRefused(store.apply(ALICE, [{ type: 'edit', id: idOf(1), edit }]));
      expect(await store.get(ALICE, idOf(1))).toEqual(before);
    });

    test('is refused as a page or as a limit', async () => {
      await using opened = await open();
      const { store } = opened;
      for (const bad of badPages) await expectRefused(store.list(ALICE, { ...EVERYTHING, ...bad }));
      for (const limit of [0, -1, 1.5, 101, Number.NaN])
        await expectRefused(find(store, ALICE, 'tea', { limit }));
    });

    test('is refused as an id or as a time', async () => {
      await using opened = await open();
      const { store } = opened;
      for (const id of ['', 'a\0b', '\ud83d']) {
        await expectRefused(store.get(ALICE, id));
        await expectRefused(store.history(ALICE, id));
        await expectRefused(store.delete(ALICE, id));
        await expectRefused(store.touch(ALICE, [id], 1));
      }
      await expectRefused(store.touch(ALICE, [idOf(1)], Number.NaN));
    });

    test.each(['', 'a\0b', '\ud83d'])('is refused as the name of an owner: %j', async (name) => {
      await using opened = await open();
      const { store } = opened;
      for (const owner of [
        { ...ALICE, user: name },
        { ...ALICE, key: name },
      ]) {
        await expectRefused(store.apply(owner, [add(memory(1, TEA))]));
        await expectRefused(find(store, owner, 'tea'));
        await expectRefused(store.profile(owner, signal));
        await expectRefused(store.list(owner, EVERYTHING));
        await expectRefused(store.get(owner, idOf(1)));
        await expectRefused(store.history(owner, idOf(1)));
        await expectRefused(store.touch(owner, [idOf(1)], 1));
        await expectRefused(store.delete(owner, idOf(1)));
        await expectRefused(store.eraseAll(owner));
      }
    });

    test('is refused as a vector', async () => {
      await using opened = await open();
      const { store } = opened;
      await store.useSpace(SPACE);
      await store.apply(ALICE, [add(memory(1, TEA))]);
      const bad: Float32Array[] = [3, 5].map((length) => new Float32Array(length).fill(1));
      bad.push(new Float32Array(4), along(0).fill(Number.NaN), along(0).fill(Number.POSITIVE_INFINITY));
      for (const vector of bad) {
        const rum = memory(2, 'The user likes rum.');
        await expectRefused(store.apply(ALICE, [add(rum)], new Map([[rum.id, vector]])));
        await expectRefused(find(store, ALICE, 'tea', { vector }));
        const entries = [{ owner: ALICE, id: idOf(1), text: TEA }].map((entry) => ({ ...entry, vector }));
        await expectRefused(store.setVectors(entries));
      }
      expect(await onlyUnembedded(store)).toBe(idOf(1));
    });
  });

  test('what was said around a memory may be anything: only its words are kept', async () => {
    await using opened = await open();
    const { store } = opened;
    const context = `NUL \0 and half a pair \ud83d of ${'very many words '.repeat(5_000)}`;
    await store.apply(ALICE, [add(memory(1, TEA, { context }))]);
    expect(await foundTexts(store, ALICE, 'pair')).toEqual([TEA]);
  });

  test('a memory may be as long as a long paragraph', async () => {
    await using opened = await open();
    const { store } = opened;
    const text = 'All work and no play. '.repeat(181);
    await store.apply(ALICE, [add(memory(1, text))]);
    expect((await store.get(ALICE, idOf(1)))?.text).toBe(text);
  });
}

async function onlyUnembedded(store: MemoryStore): Promise<string | undefined> {
  const waiting = await store.unembedded(10);
  expect(waiting).toHaveLength(1);
  return waiting[0]?.id;
}
