import { readdirSync, readFileSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { Conversations } from '../../src/conversation/conversations.ts';
import { orphanSql } from '../../src/conversation/orphan-table.ts';
import { SqliteStore } from '../../src/conversation/sqlite-store.ts';
import { ALICE, agentSays, BOB, START_MS, toolCall, userSays } from './sample-items.ts';
import { type TempDir, tempDir } from './temp-dir.ts';

const bytes = (dir: TempDir) =>
  readdirSync(dir.path)
    .map((name) => readFileSync(dir.file(name), 'latin1'))
    .join('');
const toConversations = (store: SqliteStore) =>
  new Conversations({ store, clock: { nowMs: () => START_MS } as never, ids: { next: () => 'conv' } });
const conversation = (id: string, metadata = {}) => ({ id, createdAtMs: START_MS, metadata });

/** The same numbers from 0 to 1 for the same seed, for ever. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

/** Alice's words are SECRET and Bob's are KEPT, on the same pages. */
async function fill(store: SqliteStore): Promise<void> {
  for (let round = 0; round < 12; round++) {
    for (const [owner, word] of [
      [ALICE, 'SECRET'],
      [BOB, 'KEPT'],
    ] as const) {
      const id = `${owner.user}-${round}`;
      await store.create(owner, conversation(id, { title: `${word}-title` }));
      const items = Array.from({ length: 1 + ((round * 7) % 23) }, (_, index) => [
        userSays(`u${index}`, `${word} ${'x'.repeat((index * 97) % 1500)} ${word}`),
        agentSays(`a${index}`, `${word} `.repeat(1 + ((index * 31) % 90))),
        toolCall(`t${index}`, 'search', `{"q":"${word}"}`),
      ]).flat();
      await store.appendItems(owner, id, items);
      await store.replaceItem(owner, id, userSays('u0', `${word}, corrected`));
      for (const text of [`${word} in short`, `${word} in fewer words`]) {
        await store.summaries.saveSummary(owner, id, { text, throughItemId: 'a0', createdAtMs: START_MS });
      }
      const settled = {
        items: [{ id: 'u0', to: 'done' as const }],
        changes: `["${word} ${'y'.repeat(300)}"]`,
      };
      await store.outbox.settle(owner, id, settled);
    }
    const [oldest] = await store.outbox.decided(1);
    if (round % 2 === 0 && oldest) await store.outbox.applied([oldest.sequence]);
  }
}

test('what is erased is in no file of the store any more, what is beside it stays', async () => {
  await using dir = await tempDir();
  await using store = await SqliteStore.open({ path: dir.file('c.db') });
  await fill(store);
  const conversations = toConversations(store);
  using lease = await conversations.open(ALICE, 'alice-3');
  expect(bytes(dir)).toContain('SECRET');
  const unsaved = lease.conversation.add(userSays('last', 'SECRET, at the last moment'));
  await conversations.erase(ALICE, START_MS);
  await Promise.allSettled([unsaved]);
  expect(bytes(dir)).not.toContain('SECRET');
  expect(await store.findItem(BOB, 'bob-3', 'u1')).toMatchObject({
    content: [{ text: expect.stringMatching('KEPT') }],
  });
  expect(await store.quickCheck()).toEqual([]);
});

// Each of these leaves copies in the gaps of pages that `secure_delete` does not reach.
test.each([8, 10, 17])('what SQLite copied from page to page is erased too: %d', async (seed) => {
  await using dir = await tempDir();
  await using store = await SqliteStore.open({ path: dir.file('c.db') });
  const random = numbers(seed);
  const upTo = (limit: number) => Math.floor(random() * limit);
  const owners = [ALICE, BOB] as const;
  for (let index = 0; index < 4; index++) {
    for (const owner of owners) await store.create(owner, conversation(`${owner.user}-${index}`));
  }
  const writes = Array.from({ length: 800 }, () => {
    const owner = random() < 0.5 ? ALICE : BOB;
    const id = `${owner.user}-${upTo(4)}`;
    const word = owner === ALICE ? 'SECRET ' : 'KEPT ';
    const item = userSays(`i${upTo(80)}`, word.repeat(1 + Math.floor(random() ** 2 * 100)));
    return random() < 0.5 ? store.replaceItem(owner, id, item) : store.appendItems(owner, id, [item]);
  });
  await Promise.all(writes);
  await toConversations(store).erase(ALICE, START_MS);
  expect(bytes(dir)).not.toContain('SECRET');
  expect(await store.quickCheck()).toEqual([]);
});

test('an erasure does not wait for a backup that reads, and is wiped once that is over', async () => {
  await using dir = await tempDir();
  await using store = await SqliteStore.open({ path: dir.file('c.db') });
  await fill(store);
  const backup = new DatabaseSync(dir.file('c.db'), { readOnly: true });
  backup.exec('BEGIN');
  backup.prepare('SELECT count(*) FROM items').get();
  await toConversations(store).erase(ALICE, START_MS);
  expect((await store.list(ALICE, { limit: 1, order: 'asc' })).data).toEqual([]);
  expect(bytes(dir)).toContain('SECRET');
  backup.close();
  // Whatever is erased next; by itself it would be tried again within a second.
  await toConversations(store).erase(ALICE, START_MS);
  expect(statSync(dir.file('c.db-wal')).size).toBe(0);
  expect(bytes(dir)).not.toContain('SECRET');
});

test('a long conversation vanishes at once and is wiped in pieces, between which others write', async () => {
  await using dir = await tempDir();
  await using store = await SqliteStore.open({ path: dir.file('c.db') });
  await store.create(ALICE, conversation('long'));
  await store.create(BOB, conversation('conv'));
  const items = Array.from({ length: 3_000 }, (_, index) => userSays(`i${index}`, `SECRET ${index}`));
  await store.appendItems(ALICE, 'long', items);
  let isErased = false;
  const erased = store.erasures.eraseConversations(ALICE, START_MS, 10).then((ids) => {
    isErased = true;
    return ids;
  });
  await store.insertItem(BOB, 'conv', userSays('a', 'meanwhile'));
  expect(await store.find(ALICE, 'long')).toBeNull();
  expect(await store.outbox.newestOf(ALICE, 10)).toEqual([]);
  expect(await store.outbox.waiting(10)).toMatchObject([{ conversationId: 'conv' }]);
  expect(isErased).toBe(false);
  expect(await erased).toEqual(['long']);
  expect(bytes(dir)).not.toContain('SECRET');
});

test('what a kill left of a deletion is wiped at the next start', async () => {
  await using dir = await tempDir();
  const before = await SqliteStore.open({ path: dir.file('c.db') });
  await before.create(ALICE, conversation('conv'));
  await before.appendItems(
    ALICE,
    'conv',
    Array.from({ length: 500 }, (_, index) => userSays(`i${index}`, `SECRET ${index}`)),
  );
  await before[Symbol.asyncDispose]();
  const half = new DatabaseSync(dir.file('c.db'));
  half.prepare(orphanSql.disown).run({ ...ALICE, id: 'conv' });
  half.close();
  expect(bytes(dir)).toContain('SECRET');
  await using _store = await SqliteStore.open({ path: dir.file('c.db') });
  expect(bytes(dir)).not.toContain('SECRET');
});
