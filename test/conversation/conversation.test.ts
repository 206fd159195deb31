import { afterAll, describe, expect, test } from 'vitest';
import { Conversation } from '../../src/conversation/conversation.ts';
import { SqliteStore } from '../../src/conversation/sqlite-store.ts';
import type { WholeStore } from '../../src/conversation/store.ts';
import { VivavoceError } from '../../src/errors.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { ALICE, agentSays, START_MS, userSays } from './sample-items.ts';
import { tempDir } from './temp-dir.ts';

/** One more than memory holds: the newest 300 stay, and the store alone has the others. */
const MANY = 601;
const OLDEST_IN_MEMORY = 'i301';
const NEWEST_OUTSIDE = 'i300';
const PAGE = { limit: 5, order: 'asc' } as const;

const dir = await tempDir();
const store = await SqliteStore.open({ path: dir.file('conversations.db') });
afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

let made = 0;
const begin = (place: WholeStore = store) =>
  Conversation.begin(place, { id: `conv_${++made}`, owner: ALICE, createdAtMs: START_MS, metadata: {} });

async function trimmed(): Promise<Conversation> {
  const conversation = begin();
  await conversation.append(Array.from({ length: MANY }, (_, index) => userSays(`i${index}`, `${index}`)));
  return conversation;
}

async function loaded(): Promise<Conversation> {
  return await Conversation.load(store, ALICE, (await trimmed()).id);
}

const stored = async ({ id }: Conversation, after?: string) => {
  const page = await store.listItems(ALICE, id, { ...PAGE, ...(after !== undefined && { after }) });
  return page.data.map((item) => item.id);
};
const inMemory = (conversation: Conversation) => conversation.items.map(({ id }) => id);

describe.each([
  ['that became long', trimmed],
  ['that was long when it was opened', loaded],
])('a conversation %s', (_name, open) => {
  test('refuses an id that only the store knows, and leaves the item that has it alone', async () => {
    const conversation = await open();
    const before = inMemory(conversation);
    await expect(conversation.add(agentSays('i7', 'instead'))).rejects.toMatchObject({
      code: 'conflict',
      param: 'item.id',
    });
    expect(inMemory(conversation)).toEqual(before);
    expect(await conversation.find('i7')).toEqual(userSays('i7', '7'));
    await conversation.replace(userSays('i7', 'newer'));
    expect(await conversation.find('i7')).toEqual(userSays('i7', 'newer'));
  });

  test('knows what comes before the oldest item in memory, and places behind that', async () => {
    const conversation = await open();
    expect(conversation.items[0]?.id).toBe(OLDEST_IN_MEMORY);
    expect(conversation.previousIdOf(OLDEST_IN_MEMORY)).toBe(NEWEST_OUTSIDE);
    const durable = conversation.add(userSays('between', ''), { after: NEWEST_OUTSIDE });
    expect(conversation.previousIdOf('between')).toBe(NEWEST_OUTSIDE);
    expect(conversation.previousIdOf(OLDEST_IN_MEMORY)).toBe('between');
    await durable;
    expect((await stored(conversation, NEWEST_OUTSIDE)).slice(0, 2)).toEqual(['between', OLDEST_IN_MEMORY]);
  });

  test('places items where only the store can, and keeps them out of its memory', async () => {
    const conversation = await open();
    const before = inMemory(conversation);
    const first = conversation.add(userSays('first', ''), 'root');
    const behind = conversation.add(userSays('behind', ''), { after: 'i1' });
    expect(conversation.previousIdOf('first')).toBeNull();
    expect(conversation.previousIdOf('behind')).toBe('i1');
    await Promise.all([first, behind]);
    expect(inMemory(conversation)).toEqual(before);
    expect(await stored(conversation)).toEqual(['first', 'i0', 'i1', 'behind', 'i2']);
    expect(await conversation.find('behind')).toEqual(userSays('behind', ''));
    await expect(conversation.add(userSays('x', ''), { after: 'nobody' })).rejects.toMatchObject({
      code: 'not_found',
      param: 'previous_item_id',
    });
    expect(await conversation.find('x')).toBeNull();
  });
});

test('an item that is deleted while it is being written stays deleted', async () => {
  const conversation = begin();
  await conversation.add(userSays('question', 'Why?'));
  await conversation.add(agentSays('answer', 'Be', { status: 'in_progress' }));
  expect(await conversation.remove('answer')).toBe(true);
  await conversation.replace(agentSays('answer', 'Because.'));
  expect(inMemory(conversation)).toEqual(['question']);
  expect(await stored(conversation)).toEqual(['question']);
});

test('a newer version of an item that could not be stored is not taken for durable', async () => {
  class FullStore extends MemoryStore {
    override async insertItem(): Promise<void> {
      throw new VivavoceError('store_failed', 'the disk is full');
    }
  }
  const conversation = begin(new FullStore());
  const added = conversation.add(agentSays('answer', 'Be'));
  const soon = conversation.replace(agentSays('answer', 'Because'));
  await expect(added).rejects.toMatchObject({ code: 'store_failed' });
  await expect(soon).rejects.toMatchObject({ code: 'store_failed' });
  await expect(conversation.replace(agentSays('answer', 'Because.'))).rejects.toMatchObject({
    code: 'store_failed',
  });
  expect(inMemory(conversation)).toEqual([]);
});
