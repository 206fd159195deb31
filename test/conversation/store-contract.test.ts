import { afterAll, describe, expect, test } from 'vitest';
import { SqliteStore } from '../../src/conversation/sqlite-store.ts';
import type { ConversationStore, Owner, PageQuery } from '../../src/conversation/store.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { ALICE, agentSays, BOB, START_MS, toolCall, toolResult, userSays } from './sample-items.ts';
import { tempDir } from './temp-dir.ts';

const LATER_MS = START_MS + 60_000;
const clock = { nowMs: () => LATER_MS };
const ASCENDING: PageQuery = { limit: 100, order: 'asc' };

const dir = await tempDir();
const sqlite = await SqliteStore.open({ path: dir.file('conversations.db'), clock });
afterAll(async () => {
  await sqlite[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

const kinds = {
  /** One for all tests, because a thread takes its time to start; each test leaves it empty. */
  SqliteStore: () => {
    const empty = async () => {
      for (const owner of [ALICE, BOB]) {
        for (const { id } of (await sqlite.list(owner, ASCENDING)).data) await sqlite.delete(owner, id);
      }
    };
    return { store: sqlite as ConversationStore, [Symbol.asyncDispose]: empty };
  },
  MemoryStore: () => ({
    store: new MemoryStore(clock) as ConversationStore,
    [Symbol.asyncDispose]: async () => {},
  }),
};

const newConversation = (id: string, createdAtMs = START_MS) => ({ id, createdAtMs, metadata: {} });

async function itemIds(store: ConversationStore, page = ASCENDING, owner: Owner = ALICE) {
  return (await store.listItems(owner, 'conv', page)).data.map(({ id }) => id);
}

describe.each(Object.entries(kinds))('%s', (_name, opened) => {
  test('creates a conversation once, however often it is asked', async () => {
    await using kind = opened();
    const { store } = kind;
    const first = await store.create(ALICE, {
      id: 'conv',
      createdAtMs: START_MS,
      metadata: { topic: 'tea' },
    });
    const again = await store.create(ALICE, {
      id: 'conv',
      createdAtMs: LATER_MS,
      metadata: { topic: 'rum' },
    });
    expect(first).toEqual({
      id: 'conv',
      createdAtMs: START_MS,
      updatedAtMs: START_MS,
      metadata: { topic: 'tea' },
    });
    expect(again).toEqual(first);
    expect(await store.find(ALICE, 'conv')).toEqual(first);
  });

  test('keeps an id from a second owner and shows nobody what is not theirs', async () => {
    await using kind = opened();
    const { store } = kind;
    await store.create(ALICE, newConversation('conv'));
    await store.insertItem(ALICE, 'conv', userSays('a', 'mine'));
    const otherKey = { key: 'office', user: ALICE.user };
    for (const stranger of [BOB, otherKey]) {
      await expect(store.create(stranger, newConversation('conv'))).rejects.toMatchObject({
        code: 'conflict',
      });
      expect(await store.find(stranger, 'conv')).toBeNull();
      expect(await store.delete(stranger, 'conv')).toBe(false);
      expect((await store.list(stranger, ASCENDING)).data).toEqual([]);
      const refused = [
        store.insertItem(stranger, 'conv', userSays('b', 'hi')),
        store.insertItem(stranger, 'conv', userSays('b', 'hi'), 'root'),
        store.insertItem(stranger, 'conv', userSays('a', 'overwritten')),
        store.replaceItem(stranger, 'conv', userSays('a', 'overwritten')),
        store.appendItems(stranger, 'conv', [userSays('b', 'hi')]),
        store.findItem(stranger, 'conv', 'a'),
        store.listItems(stranger, 'conv', ASCENDING),
        store.deleteItem(stranger, 'conv', 'a'),
        store.replaceMetadata(stranger, 'conv', {}),
      ];
      for (const call of await Promise.allSettled(refused)) {
        expect(call).toMatchObject({ reason: { code: 'not_found', param: 'conversation_id' } });
      }
    }
    expect((await store.listItems(ALICE, 'conv', ASCENDING)).data).toEqual([userSays('a', 'mine')]);
  });

  test('gives every kind of item back as it came', async () => {
    await using kind = opened();
    const { store } = kind;
    await store.create(ALICE, newConversation('conv'));
    const items = [
      userSays('plain', 'hello'),
      userSays('odd', 'NUL \0, half a pair \ud83d, line\r\nend'),
      { ...userSays('parts', ''), content: [{ type: 'input_image', imageUrl: 'data:x' }] as const },
      { ...userSays('voice', ''), content: [{ type: 'input_audio', transcript: null }] as const },
      agentSays('heard', 'all of it', { heard: 'all' }),
      agentSays('open', 'so far', { status: 'in_progress' }),
      toolCall('call', 'weather', '{"city":"Bern"}'),
      toolResult('result', 'call_call', 'sunny'),
    ];
    await store.appendItems(ALICE, 'conv', items);
    expect((await store.listItems(ALICE, 'conv', ASCENDING)).data).toEqual(items);
    for (const item of items) expect(await store.findItem(ALICE, 'conv', item.id)).toEqual(item);
    expect(await store.findItem(ALICE, 'conv', 'other')).toBeNull();
  });

  test('replaces an item where it stands', async () => {
    await using kind = opened();
    const { store } = kind;
    await store.create(ALICE, newConversation('conv'));
    for (const id of ['a', 'b', 'c']) await store.insertItem(ALICE, 'conv', userSays(id, id));
    await store.replaceItem(ALICE, 'conv', agentSays('b', 'new', { status: 'incomplete' }));
    expect((await store.listItems(ALICE, 'conv', ASCENDING)).data).toEqual([
      userSays('a', 'a'),
      agentSays('b', 'new', { status: 'incomplete' }),
      userSays('c', 'c'),
    ]);
  });

  test('does not bring back what was deleted when a newer version of it comes', async () => {
    await using kind = opened();
    const { store } = kind;
    await store.create(ALICE, newConversation('conv'));
    for (const id of ['a', 'b']) await store.insertItem(ALICE, 'conv', userSays(id, id));
    await store.deleteItem(ALICE, 'conv', 'a');
    await store.replaceItem(ALICE, 'conv', userSays('a', 'more of it'));
    expect(await itemIds(store)).toEqual(['b']);
  });

  test.each([
    'end',
    'root',
    { after: 'b' },
    { after: 'unknown' },
  ] as const)('refuses an id that is taken and leaves what has it alone: %o', async (placement) => {
    await using kind = opened();
    const { store } = kind;
    await store.create(ALICE, newConversation('conv'));
    for (const id of ['a', 'b']) await store.insertItem(ALICE, 'conv', userSays(id, id));
    await expect(store.insertItem(ALICE, 'conv', agentSays('a', 'instead'), placement)).rejects.toMatchObject(
      { code: 'conflict', param: 'item.id' },
    );
    expect((await store.listItems(ALICE, 'conv', ASCENDING)).data).toEqual([
      userSays('a', 'a'),
      userSays('b', 'b'),
    ]);
  });

  test('places items at the front, behind another one and at the end', async () => {
    await using kind = opened();
    const { store } = kind;
    await store.create(ALICE, newConversation('conv'));
    await store.insertItem(ALICE, 'conv', userSays('m', 'm'), 'root');
    await store.insertItem(ALICE, 'conv', userSays('z', 'z'));
    await store.insertItem(ALICE, 'conv', userSays('a', 'a'), 'root');
    await store.insertItem(ALICE, 'conv', userSays('n', 'n'), { after: 'm' });
    await store.insertItem(ALICE, 'conv', userSays('zz', 'zz'), { after: 'z' });
    expect(await itemIds(store)).toEqual(['a', 'm', 'n', 'z', 'zz']);
    await expect(
      store.insertItem(ALICE, 'conv', userSays('x', 'x'), { after: 'gone' }),
    ).rejects.toMatchObject({
      code: 'not_found',
      param: 'previous_item_id',
    });
    expect(await itemIds(store)).toEqual(['a', 'm', 'n', 'z', 'zz']);
  });

  test('finds room between two neighbours as often as it is asked to', async () => {
    await using kind = opened();
    const { store } = kind;
    await store.create(ALICE, newConversation('conv'));
    await store.appendItems(ALICE, 'conv', [userSays('first', ''), userSays('last', '')]);
    const ids = Array.from({ length: 90 }, (_, index) => `i${index}`);
    // Some go to the end in between, so that a renumbering meets items of every age on both sides.
    const goesToEnd = (id: string) => id.endsWith('7');
    const saved = ids.map((id) =>
      store.insertItem(ALICE, 'conv', userSays(id, id), goesToEnd(id) ? 'end' : { after: 'first' }),
    );
    await Promise.all(saved);
    const between = ids.filter((id) => !goesToEnd(id)).toReversed();
    expect(await itemIds(store)).toEqual(['first', ...between, 'last', ...ids.filter(goesToEnd)]);
  });

  test('appends in order and leaves what is there alone', async () => {
    await using kind = opened();
    const { store } = kind;
    await store.create(ALICE, newConversation('conv'));
    await store.insertItem(ALICE, 'conv', userSays('b', 'old'));
    await store.appendItems(ALICE, 'conv', [
      userSays('a', 'a'),
      userSays('b', 'new'),
      userSays('a', 'twice'),
    ]);
    await store.appendItems(ALICE, 'conv', []);
    const { data } = await store.listItems(ALICE, 'conv', ASCENDING);
    expect(data).toEqual([userSays('b', 'old'), userSays('a', 'a')]);
  });

  test('appends all or none', async () => {
    await using kind = opened();
    const { store } = kind;
    await store.create(ALICE, newConversation('conv'));
    const broken = { ...userSays('b', 'b'), createdAtMs: Number.NaN };
    await expect(store.appendItems(ALICE, 'conv', [userSays('a', 'a'), broken])).rejects.toMatchObject({
      code: 'invalid_request',
      param: 'item.createdAtMs',
    });
    expect(await itemIds(store)).toEqual([]);
  });

  test('pages through items in both directions', async () => {
    await using kind = opened();
    const { store } = kind;
    await store.create(ALICE, newConversation('conv'));
    await store.appendItems(
      ALICE,
      'conv',
      ['a', 'b', 'c', 'd', 'e'].map((id) => userSays(id, id)),
    );
    const ids = async (page: PageQuery) => {
      const { data, hasMore } = await store.listItems(ALICE, 'conv', page);
      return { ids: data.map(({ id }) => id).join(''), hasMore };
    };
    expect(await ids({ limit: 2, order: 'asc' })).toEqual({ ids: 'ab', hasMore: true });
    expect(await ids({ after: 'b', limit: 2, order: 'asc' })).toEqual({ ids: 'cd', hasMore: true });
    expect(await ids({ after: 'd', limit: 1, order: 'asc' })).toEqual({ ids: 'e', hasMore: false });
    expect(await ids({ after: 'e', limit: 2, order: 'asc' })).toEqual({ ids: '', hasMore: false });
    expect(await ids({ limit: 3, order: 'desc' })).toEqual({ ids: 'edc', hasMore: true });
    expect(await ids({ after: 'c', limit: 2, order: 'desc' })).toEqual({ ids: 'ba', hasMore: false });
    await expect(ids({ after: 'nobody', limit: 2, order: 'asc' })).rejects.toMatchObject({
      code: 'not_found',
      param: 'after',
    });
  });

  test('lists conversations by activity: a new item and new metadata count', async () => {
    await using kind = opened();
    const { store } = kind;
    for (const [index, id] of ['one', 'two', 'three', 'four'].entries()) {
      await store.create(ALICE, newConversation(id, START_MS + Math.min(index, 2)));
    }
    const listed = async (page: PageQuery) => (await store.list(ALICE, page)).data.map(({ id }) => id);
    expect(await listed({ limit: 100, order: 'desc' })).toEqual(['four', 'three', 'two', 'one']);
    await store.insertItem(ALICE, 'one', userSays('a', 'hi', START_MS + 500));
    await store.insertItem(ALICE, 'three', userSays('a', 'old news', START_MS - 500));
    await store.replaceMetadata(ALICE, 'two', { topic: 'tea' });
    expect(await listed({ limit: 100, order: 'desc' })).toEqual(['two', 'one', 'four', 'three']);
    expect(await listed({ limit: 2, after: 'one', order: 'desc' })).toEqual(['four', 'three']);
    expect(await listed({ limit: 2, after: 'three', order: 'asc' })).toEqual(['four', 'one']);
    expect((await store.list(ALICE, { limit: 3, order: 'asc' })).hasMore).toBe(true);
    expect((await store.list(ALICE, { limit: 4, order: 'asc' })).hasMore).toBe(false);
    await expect(listed({ limit: 2, after: 'none', order: 'asc' })).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  test('replaces all of the metadata and says when', async () => {
    await using kind = opened();
    const { store } = kind;
    await store.create(ALICE, { id: 'conv', createdAtMs: START_MS, metadata: { a: '1' } });
    const metadata = { constructor: 'x', b: '\0\ud800' };
    const record = await store.replaceMetadata(ALICE, 'conv', metadata);
    expect(record).toEqual({
      id: 'conv',
      createdAtMs: START_MS,
      updatedAtMs: LATER_MS,
      metadata: { constructor: 'x', b: '\0\ud800' },
    });
    expect(await store.find(ALICE, 'conv')).toEqual(record);
  });

  test('deletes a conversation with its items, and one item alone', async () => {
    await using kind = opened();
    const { store } = kind;
    await store.create(ALICE, newConversation('conv'));
    await store.appendItems(ALICE, 'conv', [userSays('a', 'a'), userSays('b', 'b')]);
    expect(await store.deleteItem(ALICE, 'conv', 'a')).toBe(true);
    expect(await store.deleteItem(ALICE, 'conv', 'a')).toBe(false);
    expect(await itemIds(store)).toEqual(['b']);
    expect(await store.delete(ALICE, 'conv')).toBe(true);
    expect(await store.delete(ALICE, 'conv')).toBe(false);
    expect(await store.find(ALICE, 'conv')).toBeNull();
    await store.create(BOB, newConversation('conv'));
    expect(await itemIds(store, ASCENDING, BOB)).toEqual([]);
  });

  test('answers a read with all that was written before it and nothing that came after', async () => {
    await using kind = opened();
    const { store } = kind;
    const calls = [
      store.create(ALICE, newConversation('conv')),
      store.insertItem(ALICE, 'conv', userSays('a', 'a')),
      store.insertItem(ALICE, 'conv', userSays('b', 'b')),
    ];
    const seen = itemIds(store);
    calls.push(store.insertItem(ALICE, 'conv', userSays('c', 'c')));
    expect(await seen).toEqual(['a', 'b']);
    await Promise.all(calls);
    expect(await itemIds(store)).toEqual(['a', 'b', 'c']);
  });

  test('stores an item as it was when it was handed over', async () => {
    await using kind = opened();
    const { store } = kind;
    await store.create(ALICE, newConversation('conv'));
    const content = [{ type: 'input_text' as const, text: 'before' }];
    const saved = [
      store.insertItem(ALICE, 'conv', userSays('first', '')),
      store.insertItem(ALICE, 'conv', { ...userSays('a', ''), content }),
    ];
    content.push({ type: 'input_text', text: 'after' });
    await Promise.all(saved);
    expect(await store.findItem(ALICE, 'conv', 'a')).toEqual(userSays('a', 'before'));
  });

  test.each([
    { limit: 0, order: 'asc' as const },
    { limit: 101, order: 'asc' as const },
    { limit: 1.5, order: 'asc' as const },
    { limit: Number.NaN, order: 'asc' as const },
    { limit: 1, order: 'up' as 'asc' },
    { limit: 1, order: 'asc' as const, after: '' },
  ])('refuses the page %o', async (page) => {
    await using kind = opened();
    const { store } = kind;
    await store.create(ALICE, newConversation('conv'));
    await expect(store.list(ALICE, page)).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(store.listItems(ALICE, 'conv', page)).rejects.toMatchObject({ code: 'invalid_request' });
  });

  test.each([
    '',
    'a\0b',
    'half \ud800',
  ])('refuses the name %j, which a database could take for another', async (name) => {
    await using kind = opened();
    const { store } = kind;
    await store.create(ALICE, newConversation('conv'));
    const refused = [
      store.create({ key: name, user: 'alice' }, newConversation('other')),
      store.find({ key: 'home', user: name }, 'conv'),
      store.create(ALICE, newConversation(name)),
      store.find(ALICE, name),
      store.insertItem(ALICE, 'conv', userSays(name, 'x')),
      store.replaceItem(ALICE, 'conv', userSays(name, 'x')),
      store.insertItem(ALICE, 'conv', userSays('x', 'x'), { after: name }),
      store.insertItem(ALICE, 'conv', { ...userSays('x', 'x'), responseId: name }),
      store.findItem(ALICE, 'conv', name),
      store.deleteItem(ALICE, 'conv', name),
    ];
    for (const call of await Promise.allSettled(refused)) {
      expect(call).toMatchObject({ reason: { code: 'invalid_request' } });
    }
  });
});
