import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ContentPart, MessageItem } from '../../src/conversation/item.ts';
import type { OutboxStage } from '../../src/conversation/memory-outbox.ts';
import type { WholeStore } from '../../src/conversation/store.ts';
import { ALICE, agentSays, BOB, START_MS, toolCall, userSays } from './sample-items.ts';
import { type OpenedStore, STORE_KINDS } from './store-kinds.ts';

const ALL: readonly OutboxStage[] = ['new', 'noted', 'quarantined'];

function spoken(id: string, transcript: string | null): MessageItem {
  const content: ContentPart[] = [{ type: 'input_audio', transcript }];
  return { ...userSays(id, ''), content };
}

describe.each(STORE_KINDS)('the outbox of %s', (_name, open) => {
  let opened: OpenedStore;
  let store: WholeStore;
  // One for all tests, because a thread takes its time to start; each test has conversations of its own.
  let conv = '';
  let made = 0;
  beforeAll(async () => {
    opened = await open();
    store = opened.store;
  });
  afterAll(async () => await opened[Symbol.asyncDispose]());
  beforeEach(async () => {
    for (const owner of [ALICE, BOB]) await store.erasures.eraseConversations(owner, START_MS * 2, 100);
    conv = await begin();
  });

  async function begin(owner = ALICE, createdAtMs = START_MS): Promise<string> {
    const id = `conv_${++made}`;
    await store.create(owner, { id, createdAtMs, metadata: {} });
    return id;
  }
  const stages = async (wanted = ALL) => {
    const waiting = await store.outbox.waitingIn(ALICE, conv, wanted, 100);
    return waiting.map(({ item, stage }) => `${item.id} ${stage}`);
  };
  const settle = (
    items: Record<string, OutboxStage | 'done'>,
    changes: string | null = null,
    owner = ALICE,
  ) =>
    store.outbox.settle(owner, conv, {
      items: Object.entries(items).map(([id, to]) => ({ id, to })),
      changes,
    });
  const decided = async () => (await store.outbox.decided(100)).map(({ changes }) => changes);

  test('takes in what a person says, and nothing else', async () => {
    await store.insertItem(ALICE, conv, userSays('a', 'I live in Berlin.'));
    await store.insertItem(ALICE, conv, userSays('first', 'Hello'), 'root');
    await store.appendItems(ALICE, conv, [
      agentSays('b', 'How nice.'),
      { ...userSays('c', 'Be brief.'), role: 'system' },
      toolCall('d', 'weather', '{}'),
      userSays('e', ' \n'),
      spoken('f', 'And you?'),
      userSays('a', 'the id is taken'),
    ]);
    expect(await stages()).toEqual(['first new', 'a new', 'f new']);
    expect(await store.outbox.waitingIn(ALICE, conv, ['new'], 2)).toEqual([
      { conversationId: conv, item: userSays('first', 'Hello'), stage: 'new' },
      { conversationId: conv, item: userSays('a', 'I live in Berlin.'), stage: 'new' },
    ]);
  });

  test('takes in what was spoken when its words are there', async () => {
    await store.insertItem(ALICE, conv, spoken('a', null));
    expect(await stages()).toEqual([]);
    await store.replaceItem(ALICE, conv, spoken('a', 'I moved to Oslo.'));
    expect(await stages()).toEqual(['a new']);
  });

  test('takes in again what has got other words, and not what was merely saved again', async () => {
    await store.appendItems(ALICE, conv, [userSays('done', 'Paris'), userSays('noted', 'Rome')]);
    await settle({ done: 'done', noted: 'noted' });
    await store.replaceItem(ALICE, conv, { ...userSays('done', 'Paris'), status: 'incomplete' });
    await store.replaceItem(ALICE, conv, { ...userSays('noted', 'Rome'), status: 'incomplete' });
    expect(await stages()).toEqual(['noted noted']);
    await store.replaceItem(ALICE, conv, userSays('done', 'Parish'));
    await store.replaceItem(ALICE, conv, userSays('noted', 'Roma'));
    expect(await stages()).toEqual(['done new', 'noted new']);
  });

  test('lets go what is deleted, loses its words or is no message of a person any more', async () => {
    await store.appendItems(ALICE, conv, [
      userSays('a', 'one'),
      userSays('b', 'two'),
      userSays('c', 'three'),
    ]);
    await store.deleteItem(ALICE, conv, 'a');
    await store.replaceItem(ALICE, conv, userSays('b', ''));
    await store.replaceItem(ALICE, conv, agentSays('c', 'three'));
    await store.replaceItem(ALICE, conv, userSays('a', 'back again'));
    expect(await stages()).toEqual([]);
    expect(await store.outbox.waiting(10)).toEqual([]);
    await store.insertItem(ALICE, conv, userSays('d', 'four'));
    await store.delete(ALICE, conv);
    expect(await stages()).toEqual([]);
    expect(await store.outbox.newestOf(ALICE, 10)).toEqual([]);
  });

  test('moves a message from stage to stage and keeps what was decided with it', async () => {
    await store.appendItems(ALICE, conv, [
      userSays('a', 'one'),
      userSays('b', 'two'),
      userSays('c', 'three'),
    ]);
    await settle({ a: 'noted', b: 'quarantined' }, '["first"]');
    expect(await stages()).toEqual(['a noted', 'b quarantined', 'c new']);
    expect(await stages(['noted', 'new'])).toEqual(['a noted', 'c new']);
    expect(await store.outbox.quarantined()).toBe(1);
    await settle({ a: 'done', c: 'done' });
    await settle({ b: 'noted' }, '["second"]');
    expect(await stages()).toEqual(['b noted']);
    expect(await store.outbox.quarantined()).toBe(0);
    const changes = await store.outbox.decided(100);
    expect(changes.map(({ owner, changes }) => ({ owner, changes }))).toEqual([
      { owner: ALICE, changes: '["first"]' },
      { owner: ALICE, changes: '["second"]' },
    ]);
    expect(await store.outbox.decided(1)).toEqual(changes.slice(0, 1));
    await store.outbox.applied([changes[0]?.sequence ?? 0, 12_345]);
    expect(await decided()).toEqual(['["second"]']);
  });

  test('settles once, however often it is asked to', async () => {
    await store.appendItems(ALICE, conv, [userSays('a', 'one'), userSays('b', 'two')]);
    for (let time = 0; time < 3; time++) await settle({ a: 'done', b: 'noted' }, '["once"]');
    expect(await decided()).toEqual(['["once"]']);
    expect(await stages()).toEqual(['b noted']);
  });

  test('keeps no changes when nothing is left of what they come from', async () => {
    await store.appendItems(ALICE, conv, [userSays('a', 'one'), userSays('b', 'two')]);
    await store.deleteItem(ALICE, conv, 'a');
    await settle({ a: 'done' }, '["of a deleted item"]');
    await settle({ unknown: 'done' }, '["of an unknown item"]');
    await settle({}, '["of nothing"]');
    await settle({ b: 'done' }, '["of somebody else"]', BOB);
    await store.outbox.settle(ALICE, 'nowhere', { items: [{ id: 'b', to: 'done' }], changes: '["lost"]' });
    expect(await decided()).toEqual([]);
    await settle({ a: 'done', b: 'done' }, '["b is left"]');
    expect(await decided()).toEqual(['["b is left"]']);
    expect(await stages()).toEqual([]);
  });

  test('never gives a number of decided changes twice', async () => {
    await store.appendItems(ALICE, conv, [userSays('a', 'one'), userSays('b', 'two')]);
    await settle({ a: 'done' }, '["first"]');
    const [first] = await store.outbox.decided(10);
    await store.outbox.applied([first?.sequence ?? 0]);
    await settle({ b: 'done' }, '["second"]');
    await store.outbox.applied([first?.sequence ?? 0]);
    expect(await decided()).toEqual(['["second"]']);
  });

  test('says which conversations wait: those with news first, then the longest waiting', async () => {
    const bobs = await begin(BOB);
    const later = await begin();
    const quarantined = await begin();
    await store.appendItems(ALICE, conv, [
      userSays('a', 'one', START_MS + 1),
      userSays('b', 'two', START_MS + 2),
    ]);
    await store.insertItem(BOB, bobs, userSays('a', 'one', START_MS + 4));
    await store.insertItem(ALICE, later, userSays('a', 'one', START_MS + 3));
    await store.insertItem(ALICE, quarantined, userSays('a', 'one'));
    const to = (to: OutboxStage) => ({ items: [{ id: 'a', to }], changes: null });
    await store.outbox.settle(ALICE, quarantined, to('quarantined'));
    const order = async () => (await store.outbox.waiting(10)).map(({ conversationId }) => conversationId);
    expect(await order()).toEqual([conv, later, bobs]);
    await settle({ a: 'noted', b: 'noted' });
    await store.outbox.settle(ALICE, later, to('noted'));
    expect(await order()).toEqual([bobs, conv, later]);
    expect(await store.outbox.waiting(2)).toEqual([
      { owner: BOB, conversationId: bobs, newItems: 1, notedItems: 0, newestAtMs: START_MS + 4 },
      { owner: ALICE, conversationId: conv, newItems: 0, notedItems: 2, newestAtMs: START_MS + 2 },
    ]);
  });

  test('finds the newest of an owner, of all conversations', async () => {
    const other = await begin();
    const bobs = await begin(BOB);
    await store.appendItems(ALICE, conv, [
      userSays('a', '1', START_MS + 1),
      userSays('b', '2', START_MS + 1),
    ]);
    await store.insertItem(BOB, bobs, userSays('z', 'not mine', START_MS + 9));
    await store.insertItem(ALICE, other, userSays('c', '3', START_MS + 2));
    await store.insertItem(ALICE, other, userSays('d', '4', START_MS + 3));
    const newest = async (limit: number) =>
      (await store.outbox.newestOf(ALICE, limit)).map(({ item }) => item.id).join('');
    expect(await newest(10)).toBe('dcba');
    expect(await newest(3)).toBe('dcb');
    await settle({ a: 'noted', b: 'quarantined' });
    expect(await newest(10)).toBe('dca');
    expect(await store.outbox.newestOf(ALICE, 1)).toEqual([
      { conversationId: other, item: userSays('d', '4', START_MS + 3), stage: 'new' },
    ]);
  });

  test('shows and settles nothing of another owner', async () => {
    await store.insertItem(ALICE, conv, userSays('a', 'mine'));
    expect(await store.outbox.waitingIn(BOB, conv, ALL, 10)).toEqual([]);
    expect(await store.outbox.newestOf(BOB, 10)).toEqual([]);
    await settle({ a: 'done' }, null, BOB);
    expect(await stages()).toEqual(['a new']);
  });

  test.each([0, -1, 1.5, Number.NaN])('refuses the limit %d', async (limit) => {
    const calls = [
      store.outbox.waiting(limit),
      store.outbox.waitingIn(ALICE, conv, ALL, limit),
      store.outbox.newestOf(ALICE, limit),
      store.outbox.decided(limit),
      store.erasures.eraseConversations(ALICE, START_MS, limit),
    ];
    for (const call of await Promise.allSettled(calls)) {
      expect(call).toMatchObject({ reason: { code: 'invalid_request', param: 'limit' } });
    }
  });
});
