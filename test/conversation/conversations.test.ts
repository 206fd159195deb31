import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { Conversations } from '../../src/conversation/conversations.ts';
import type { MessageItem } from '../../src/conversation/item.ts';
import { SqliteStore } from '../../src/conversation/sqlite-store.ts';
import type { Owner } from '../../src/conversation/store.ts';
import { VivavoceError } from '../../src/errors.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { ALICE, agentSays, BOB, START_MS, userSays } from './sample-items.ts';
import { tempDir } from './temp-dir.ts';

const PAGE = { limit: 100, order: 'asc' } as const;

const dir = await tempDir();
const store = await SqliteStore.open({ path: dir.file('conversations.db') });
afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

let nowMs = START_MS;
const clock = { nowMs: () => nowMs } as never;
let made = 0;
const ids = { next: () => `conv_${++made}` };
beforeEach(async () => {
  for (const owner of [ALICE, BOB]) await store.erasures.eraseConversations(owner, START_MS * 2, 100);
  nowMs = START_MS;
});

const stored = async (owner: Owner) => (await store.list(owner, PAGE)).data.map(({ id }) => id);
const spoken = (id: string, transcript: string | null): MessageItem => ({
  ...userSays(id, ''),
  content: [{ type: 'input_audio', transcript }],
});

describe('erasing everything of an owner', () => {
  test('empties what is open, and leaves that of others and what begins later', async () => {
    const conversations = new Conversations({ store, clock, ids });
    using mine = await conversations.begin(ALICE);
    using theirs = await conversations.begin(BOB);
    for (const { conversation } of [mine, theirs]) await conversation.add(userSays('a', 'words'));
    await mine.conversation.saveSummary({ text: 'They talked.', throughItemId: 'a', createdAtMs: START_MS });
    nowMs++;
    using later = await conversations.begin(ALICE);
    await later.conversation.add(userSays('a', 'Do you know me?'));

    await conversations.erase(ALICE, START_MS);
    expect(mine.conversation.items).toEqual([]);
    expect(mine.conversation.summary).toBeNull();
    expect(await mine.conversation.find('a')).toBeNull();
    expect(theirs.conversation.items).toEqual([userSays('a', 'words')]);
    expect(later.conversation.items).toEqual([userSays('a', 'Do you know me?')]);
    expect(await stored(ALICE)).toEqual([later.conversation.id]);
    expect(await stored(BOB)).toEqual([theirs.conversation.id]);
    await expect(conversations.open(ALICE, mine.conversation.id)).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  test('takes writes with it that are under way, and lets none follow', async () => {
    const conversations = new Conversations({ store, clock, ids });
    using unstored = await conversations.begin(ALICE);
    using other = await conversations.begin(ALICE);
    const { conversation } = unstored;
    await other.conversation.add(agentSays('reply', 'I', { status: 'in_progress' }));
    const writes = [
      conversation.add(userSays('a', 'words')),
      conversation.append([userSays('b', 'more words')]),
      other.conversation.replace(agentSays('reply', 'I see', { status: 'in_progress' })),
    ];
    const erased = conversations.erase(ALICE, START_MS);
    const meanwhile = [
      conversation.append([userSays('c', 'and more')]),
      other.conversation.replace(agentSays('reply', 'I see.')),
    ];
    await Promise.allSettled([...writes, ...meanwhile]);
    await erased;
    expect(await stored(ALICE)).toEqual([]);
    expect(conversation.items).toEqual([]);

    expect(() => conversation.add(userSays('d', 'late'))).toThrow(/no conversation/);
    await expect(conversation.append([userSays('d', 'late')])).rejects.toMatchObject({ code: 'not_found' });
    await expect(other.conversation.replace(agentSays('reply', 'late'))).rejects.toMatchObject({
      code: 'not_found',
    });
    await conversation.saveSummary({ text: 'late', throughItemId: 'a', createdAtMs: START_MS });
    expect(conversation.items).toEqual([]);
    expect(conversation.summary).toBeNull();
    expect(await stored(ALICE)).toEqual([]);
  });

  test('ends a conversation in which nothing was said yet', async () => {
    const conversations = new Conversations({ store, clock, ids });
    using silent = await conversations.begin(ALICE);
    await conversations.erase(ALICE, START_MS);
    expect(() => silent.conversation.add(userSays('a', 'late'))).toThrow(/no conversation/);
    expect(await stored(ALICE)).toEqual([]);
  });

  test('reaches a conversation that is being opened meanwhile', async () => {
    const conversations = new Conversations({ store, clock, ids });
    await store.create(ALICE, { id: 'old', createdAtMs: START_MS, metadata: {} });
    await store.insertItem(ALICE, 'old', userSays('a', 'words'));
    const [opened] = await Promise.allSettled([
      conversations.open(ALICE, 'old'),
      conversations.erase(ALICE, START_MS),
    ]);
    if (opened.status === 'fulfilled') expect(opened.value.conversation.items).toEqual([]);
    else expect(opened.reason).toMatchObject({ code: 'not_found' });
  });

  test('goes on until all are gone, however many there are', async () => {
    const many = Array.from({ length: 250 }, (_, index) => `many_${index}`);
    await Promise.all(many.map((id) => store.create(ALICE, { id, createdAtMs: START_MS, metadata: {} })));
    await new Conversations({ store, clock, ids }).erase(ALICE, START_MS);
    expect(await stored(ALICE)).toEqual([]);
  });
});

describe('what a person says', () => {
  const listening = (place: MemoryStore | SqliteStore = store) => {
    const said: string[] = [];
    const conversations = new Conversations({
      ...{ store: place, clock, ids },
      onSaid: ({ user }, conversationId, item) => said.push(`${user} ${conversationId} ${item.id}`),
    });
    return { said, conversations };
  };

  test('is told when it is durable, not before', async () => {
    const { said, conversations } = listening();
    using lease = await conversations.begin(ALICE, { id: 'conv' });
    const added = lease.conversation.add(userSays('a', 'one'));
    expect(said).toEqual([]);
    await added;
    expect(said).toEqual(['alice conv a']);
    const waiting = await store.outbox.waitingIn(ALICE, 'conv', ['new'], 10);
    expect(waiting).toMatchObject([{ item: { id: 'a' } }]);
  });

  test('is told of every message with words, once', async () => {
    const { said, conversations } = listening();
    using lease = await conversations.begin(ALICE, { id: 'conv' });
    const { conversation } = lease;
    await conversation.append([userSays('a', 'one'), agentSays('b', 'two'), userSays('c', 'three')]);
    await conversation.append([userSays('a', 'one'), userSays('d', 'four')]);
    await conversation.replace({ ...userSays('d', 'four'), status: 'incomplete' });
    await conversation.add(userSays('silence', ' '));
    expect(said).toEqual(['alice conv a', 'alice conv c', 'alice conv d']);
  });

  test('is told when it gets its words, or other ones', async () => {
    const { said, conversations } = listening();
    using lease = await conversations.begin(ALICE, { id: 'conv' });
    const { conversation } = lease;
    const added = conversation.add(spoken('a', null));
    await conversation.replace(spoken('a', 'I moved to Oslo.'));
    await added;
    expect(said).toEqual(['alice conv a']);
    await conversation.replace(spoken('a', 'I moved to Oslo?'));
    expect(said).toEqual(['alice conv a', 'alice conv a']);
    await conversation.remove('a');
    await conversation.replace(spoken('a', 'I moved.'));
    expect(said).toHaveLength(2);
  });

  test('is not told when it could not be saved', async () => {
    class FullStore extends MemoryStore {
      override async insertItem(): Promise<void> {
        throw new VivavoceError('store_failed', 'the disk is full');
      }
      override async appendItems(): Promise<void> {
        throw new VivavoceError('store_failed', 'the disk is full');
      }
    }
    const { said, conversations } = listening(new FullStore());
    using lease = await conversations.begin(ALICE);
    await expect(lease.conversation.append([userSays('b', 'two')])).rejects.toThrow();
    const added = lease.conversation.add(spoken('a', null));
    const replaced = lease.conversation.replace(spoken('a', 'one'));
    await expect(added).rejects.toThrow('disk is full');
    await expect(replaced).rejects.toThrow('disk is full');
    expect(said).toEqual([]);
  });

  test('is saved whatever becomes of who is told', async () => {
    const onSaid = () => {
      throw new Error('a fault of the listener');
    };
    using lease = await new Conversations({ store, clock, ids, onSaid }).begin(ALICE, { id: 'conv' });
    await lease.conversation.add(userSays('a', 'one'));
    await lease.conversation.append([userSays('b', 'two')]);
    expect(lease.conversation.items.map(({ id }) => id)).toEqual(['a', 'b']);
    expect((await store.listItems(ALICE, 'conv', PAGE)).data).toHaveLength(2);
  });
});

test('the last lease that is released is told, those before and a failed opening are not', async () => {
  const released: string[] = [];
  const conversations = new Conversations({
    ...{ store, clock, ids },
    onReleased: ({ user }, conversationId) => released.push(`${user} ${conversationId}`),
  });
  const first = await conversations.begin(ALICE, { id: 'conv' });
  await first.conversation.add(userSays('a', 'one'));
  const second = await conversations.open(ALICE, 'conv');
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  expect(released).toEqual([]);
  second[Symbol.dispose]();
  expect(released).toEqual(['alice conv']);
  await expect(conversations.open(BOB, 'conv')).rejects.toMatchObject({ code: 'not_found' });
  expect(released).toEqual(['alice conv']);
});

describe('the summary of a live conversation', () => {
  const summary = { text: 'They talked.', throughItemId: 'b', createdAtMs: START_MS };
  const conversations = new Conversations({ store, clock, ids });
  const begun = async () => {
    const lease = await conversations.begin(ALICE);
    await lease.conversation.append(['a', 'b', 'c'].map((id) => userSays(id, id)));
    return lease;
  };

  test('is stored, and there again when the conversation is opened', async () => {
    const lease = await begun();
    const { id } = lease.conversation;
    expect(lease.conversation.summary).toBeNull();
    await lease.conversation.saveSummary(summary);
    expect(lease.conversation.summary).toEqual(summary);
    lease[Symbol.dispose]();
    using again = await conversations.open(ALICE, id);
    expect(again.conversation.summary).toEqual(summary);
  });

  test('goes when something that it covers is removed, and stays otherwise', async () => {
    using lease = await begun();
    await lease.conversation.saveSummary(summary);
    await lease.conversation.remove('c');
    expect(lease.conversation.summary).toEqual(summary);
    await lease.conversation.remove('a');
    expect(lease.conversation.summary).toBeNull();
  });

  test('is not taken when the item that it ends with is gone', async () => {
    using lease = await begun();
    await lease.conversation.remove('b');
    await lease.conversation.saveSummary(summary);
    expect(lease.conversation.summary).toBeNull();
  });
});
