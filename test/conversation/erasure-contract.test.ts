import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Owner, WholeStore } from '../../src/conversation/store.ts';
import { ALICE, BOB, START_MS, userSays } from './sample-items.ts';
import { type OpenedStore, STORE_KINDS } from './store-kinds.ts';

describe.each(STORE_KINDS)('the erasures of %s', (_name, open) => {
  let opened: OpenedStore;
  let store: WholeStore;
  let made = 0;
  beforeAll(async () => {
    opened = await open();
    store = opened.store;
  });
  afterAll(async () => await opened[Symbol.asyncDispose]());
  const somebody = (): Owner => ({ key: 'home', user: `user ${++made}` });
  const begin = async (owner: Owner, id: string, createdAtMs: number) => {
    await store.create(owner, { id, createdAtMs, metadata: {} });
    await store.insertItem(owner, id, userSays('a', 'words', createdAtMs));
  };
  const settled = { items: [{ id: 'a', to: 'noted' as const }], changes: '[]' };

  test('are under way until they are completed, one of an owner at a time', async () => {
    const [one, two] = [somebody(), somebody()];
    const asked = await store.erasures.requestErasure(one, { id: 'era_1', requestedAtMs: START_MS });
    expect(asked).toEqual({ id: 'era_1', owner: one, requestedAtMs: START_MS, completedAtMs: null });
    expect(await store.erasures.requestErasure(one, { id: 'era_2', requestedAtMs: START_MS + 1 })).toEqual(
      asked,
    );
    const other = await store.erasures.requestErasure(two, { id: 'era_1', requestedAtMs: START_MS + 2 });
    expect(other).toMatchObject({ id: 'era_1', owner: two });
    expect(await store.erasures.openErasures()).toEqual([asked, other]);

    await store.erasures.completeErasure(one, 'era_1', START_MS + 5);
    await store.erasures.completeErasure(one, 'era_1', START_MS + 9);
    const done = { ...asked, completedAtMs: START_MS + 5 };
    expect(await store.erasures.findErasure(one, 'era_1')).toEqual(done);
    expect(await store.erasures.openErasures()).toEqual([other]);
    expect(await store.erasures.findErasure(one, 'era_2')).toBeNull();
    expect(await store.erasures.findErasure(two, 'era_2')).toBeNull();

    const again = { id: 'era_3', requestedAtMs: START_MS + 10 };
    expect(await store.erasures.requestErasure(one, again)).toMatchObject(again);
    await store.erasures.completeErasure(one, 'era_3', START_MS + 11);
    await expect(store.erasures.requestErasure(one, again)).rejects.toMatchObject({ code: 'conflict' });
    await store.erasures.completeErasure(two, 'era_1', START_MS + 11);
  });

  test('take what began by then, of this owner, so many at a time', async () => {
    const [owner, other] = [somebody(), somebody()];
    for (const [index, id] of ['e1', 'e2', 'e3', 'later'].entries()) await begin(owner, id, START_MS + index);
    await begin(other, 'others', START_MS);
    const erase = () => store.erasures.eraseConversations(owner, START_MS + 2, 2);
    const erased = [await erase(), await erase()];
    expect(erased.map(({ length }) => length)).toEqual([2, 1]);
    expect(new Set(erased.flat())).toEqual(new Set(['e1', 'e2', 'e3']));
    expect(await erase()).toEqual([]);
    const { data } = await store.list(owner, { limit: 10, order: 'asc' });
    expect(data.map(({ id }) => id)).toEqual(['later']);
    expect(await store.find(other, 'others')).not.toBeNull();
    await expect(store.listItems(owner, 'e1', { limit: 10, order: 'asc' })).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  test('take summaries, places in the outbox and what was decided, and leave what came later', async () => {
    const [owner, other] = [somebody(), somebody()];
    for (const [who, id, atMs] of [
      [owner, 'with-all', START_MS],
      [owner, 'after', START_MS + 1],
      [other, 'beside', START_MS],
    ] as const) {
      await begin(who, id, atMs);
      await store.outbox.settle(who, id, settled);
      await store.summaries.saveSummary(who, id, { text: id, throughItemId: 'a', createdAtMs: atMs });
    }
    await store.erasures.eraseConversations(owner, START_MS, 10);
    expect(await store.summaries.findSummary(owner, 'with-all')).toBeNull();
    expect(await store.outbox.newestOf(owner, 10)).toMatchObject([{ conversationId: 'after' }]);
    expect(await store.outbox.newestOf(other, 10)).toMatchObject([{ conversationId: 'beside' }]);
    const decided = (await store.outbox.decided(100)).map((changes) => changes.owner);
    expect(decided).toEqual([owner, other]);
    await store.outbox.settle(owner, 'with-all', settled);
    expect(await store.outbox.decided(100)).toHaveLength(2);
  });

  test('free the ids of what is gone, for others too', async () => {
    const owner = somebody();
    await begin(owner, 'taken', START_MS);
    const erasing = store.erasures.eraseConversations(owner, START_MS, 10);
    const again = begin(BOB, 'taken', START_MS);
    expect(await erasing).toEqual(['taken']);
    await again;
    expect(await store.findItem(BOB, 'taken', 'a')).toEqual(userSays('a', 'words'));
    await begin(ALICE, 'deleted', START_MS);
    const deleting = store.delete(ALICE, 'deleted');
    await Promise.all([deleting, begin(ALICE, 'deleted', START_MS)]);
    expect(await store.findItem(ALICE, 'deleted', 'a')).toEqual(userSays('a', 'words'));
  });
});
