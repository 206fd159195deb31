import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { WholeStore } from '../../src/conversation/store.ts';
import { ALICE, BOB, START_MS, userSays } from './sample-items.ts';
import { type OpenedStore, STORE_KINDS } from './store-kinds.ts';

const summary = (text: string, throughItemId: string) => ({ text, throughItemId, createdAtMs: START_MS });

describe.each(STORE_KINDS)('the summaries of %s', (_name, open) => {
  let opened: OpenedStore;
  let store: WholeStore;
  let conv = '';
  let made = 0;
  beforeAll(async () => {
    opened = await open();
    store = opened.store;
  });
  afterAll(async () => await opened[Symbol.asyncDispose]());
  beforeEach(async () => {
    conv = `conv_${++made}`;
    await store.create(ALICE, { id: conv, createdAtMs: START_MS, metadata: {} });
    await store.appendItems(
      ALICE,
      conv,
      ['a', 'b', 'c', 'd'].map((id) => userSays(id, id)),
    );
  });
  const find = (owner = ALICE) => store.summaries.findSummary(owner, conv);

  test('keep the newest one of a conversation, whatever is in it', async () => {
    expect(await find()).toBeNull();
    await store.summaries.saveSummary(ALICE, conv, summary('They talked.', 'a'));
    await store.summaries.saveSummary(ALICE, conv, summary('NUL \0, half a pair \ud83d', 'b'));
    expect(await find()).toEqual(summary('NUL \0, half a pair \ud83d', 'b'));
  });

  test('are nobody else’s to see or to change', async () => {
    await store.summaries.saveSummary(ALICE, conv, summary('Mine.', 'a'));
    await store.summaries.saveSummary(BOB, conv, summary('Yours?', 'b'));
    expect(await find(BOB)).toBeNull();
    expect(await find()).toEqual(summary('Mine.', 'a'));
  });

  test('are not saved when the conversation, or the item that one ends with, is gone', async () => {
    await store.summaries.saveSummary(ALICE, 'nowhere', summary('Late.', 'a'));
    await store.deleteItem(ALICE, conv, 'b');
    await store.summaries.saveSummary(ALICE, conv, summary('Late.', 'b'));
    expect(await find()).toBeNull();
  });

  test('go with their conversation', async () => {
    await store.summaries.saveSummary(ALICE, conv, summary('Mine.', 'a'));
    await store.delete(ALICE, conv);
    expect(await find()).toBeNull();
    await store.create(BOB, { id: conv, createdAtMs: START_MS, metadata: {} });
    expect(await find(BOB)).toBeNull();
  });

  test.each(['a', 'b'])('go when an item that one covers is deleted: %s', async (id) => {
    await store.summaries.saveSummary(ALICE, conv, summary('Of a and b.', 'b'));
    await store.deleteItem(ALICE, conv, 'c');
    expect(await find()).toEqual(summary('Of a and b.', 'b'));
    await store.deleteItem(ALICE, conv, id);
    expect(await find()).toBeNull();
  });
});
