import { readdirSync, readFileSync, statSync } from 'node:fs';
import { chmod, truncate, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { SqliteStore } from '../../src/conversation/sqlite-store.ts';
import { ALICE, agentSays, BOB, START_MS, userSays } from './sample-items.ts';
import { tempDir } from './temp-dir.ts';

const PAGE = { limit: 100, order: 'asc' } as const;
const conversation = { id: 'conv', createdAtMs: START_MS, metadata: {} };

/** What another program sees in the file at this moment. */
function committedItems(path: string): string[] {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    return db
      .prepare('SELECT id FROM items ORDER BY conversation, position')
      .all()
      .map(({ id }) => String(id));
  } finally {
    db.close();
  }
}

test('a write that has resolved is in the file for everybody', async () => {
  await using dir = await tempDir();
  await using store = await SqliteStore.open({ path: dir.file('c.db') });
  await store.create(ALICE, conversation);
  const first = store.insertItem(ALICE, 'conv', userSays('a', 'a'));
  const second = store.insertItem(ALICE, 'conv', userSays('b', 'b'));
  await first;
  expect(committedItems(dir.file('c.db'))).toContain('a');
  await second;
  expect(committedItems(dir.file('c.db'))).toEqual(['a', 'b']);
});

test('of writes that share a commit, one that fails rejects alone', async () => {
  await using dir = await tempDir();
  await using store = await SqliteStore.open({ path: dir.file('c.db') });
  await store.create(ALICE, conversation);
  const outcomes = await Promise.allSettled([
    store.insertItem(ALICE, 'conv', userSays('opens the commit', '')),
    store.insertItem(ALICE, 'conv', userSays('a', 'a')),
    store.insertItem(ALICE, 'nowhere', userSays('b', 'b')),
    store.create(BOB, conversation),
    store.insertItem(ALICE, 'conv', userSays('c', 'c'), { after: 'unknown' }),
    store.insertItem(ALICE, 'conv', userSays('d', 'd')),
  ]);
  expect(outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'saved'))).toEqual([
    'saved',
    'saved',
    'not_found',
    'conflict',
    'not_found',
    'saved',
  ]);
  const { data } = await store.listItems(ALICE, 'conv', PAGE);
  expect(data.map(({ id }) => id)).toEqual(['opens the commit', 'a', 'd']);
});

test('closing waits for the writes that nobody awaited yet', async () => {
  await using dir = await tempDir();
  const store = await SqliteStore.open({ path: dir.file('c.db') });
  await store.create(ALICE, conversation);
  const writes = Array.from({ length: 50 }, (_, index) =>
    store.insertItem(ALICE, 'conv', userSays(`i${index}`, '')),
  );
  await store[Symbol.asyncDispose]();
  await Promise.all(writes);
  expect(committedItems(dir.file('c.db'))).toHaveLength(50);
  await expect(store.insertItem(ALICE, 'conv', userSays('late', ''))).rejects.toMatchObject({
    code: 'store_failed',
  });
  await expect(store.find(ALICE, 'conv')).rejects.toMatchObject({ code: 'store_failed' });
});

test('opening closes what was in progress, keeps its texts and says how many', async () => {
  await using dir = await tempDir();
  const before = await SqliteStore.open({ path: dir.file('c.db') });
  expect(before.closedItems).toBe(0);
  await before.create(ALICE, conversation);
  const open = agentSays('open', 'as far as it came', { status: 'in_progress', heard: 'as far' });
  await before.insertItem(ALICE, 'conv', open);
  await before.insertItem(ALICE, 'conv', agentSays('done', 'all'));
  await before[Symbol.asyncDispose]();

  await using store = await SqliteStore.open({ path: dir.file('c.db') });
  expect(store.closedItems).toBe(1);
  const { data } = await store.listItems(ALICE, 'conv', PAGE);
  expect(data).toEqual([{ ...open, status: 'incomplete' }, agentSays('done', 'all')]);
});

test('what is deleted or replaced away is in no file of the store any more', async () => {
  await using dir = await tempDir();
  await using store = await SqliteStore.open({ path: dir.file('c.db') });
  const bytes = () =>
    readdirSync(dir.path)
      .map((name) => readFileSync(dir.file(name), 'latin1'))
      .join('');
  await store.create(ALICE, { ...conversation, metadata: { name: 'SECRET-name' } });
  await store.insertItem(ALICE, 'conv', userSays('a', 'SECRET-one'));
  await store.insertItem(ALICE, 'conv', userSays('b', `SECRET-two ${'long '.repeat(5_000)}SECRET-end`));
  expect(bytes()).toContain('SECRET-one');
  await store.deleteItem(ALICE, 'conv', 'a');
  expect(bytes()).not.toContain('SECRET-one');
  expect(bytes()).toContain('SECRET-end');
  await store.delete(ALICE, 'conv');
  expect(bytes()).not.toContain('SECRET');
});

test('a deletion does not wait for a backup that reads, and is wiped once that is over', async () => {
  await using dir = await tempDir();
  await using store = await SqliteStore.open({ path: dir.file('c.db') });
  await store.create(ALICE, conversation);
  await store.insertItem(ALICE, 'conv', userSays('a', 'SECRET'));
  const backup = new DatabaseSync(dir.file('c.db'), { readOnly: true });
  backup.exec('BEGIN');
  backup.prepare('SELECT count(*) FROM items').get();
  expect(await store.deleteItem(ALICE, 'conv', 'a')).toBe(true);
  expect(readFileSync(dir.file('c.db-wal'), 'latin1')).toContain('SECRET');
  backup.close();
  await store.deleteItem(ALICE, 'conv', 'another');
  expect(statSync(dir.file('c.db-wal')).size).toBe(0);
  expect(readFileSync(dir.file('c.db'), 'latin1')).not.toContain('SECRET');
});

test('the files are private to the user of the process', async () => {
  await using dir = await tempDir();
  await using store = await SqliteStore.open({ path: dir.file('c.db') });
  await store.create(ALICE, conversation);
  for (const name of readdirSync(dir.path)) expect(statSync(dir.file(name)).mode & 0o077).toBe(0);
});

test('a file that is no database refuses to open and says what to do', async () => {
  await using dir = await tempDir();
  await writeFile(dir.file('c.db'), 'these are my notes\n'.repeat(500));
  await expect(SqliteStore.open({ path: dir.file('c.db') })).rejects.toMatchObject({
    code: 'store_failed',
    message: expect.stringMatching(/c\.db is damaged .*restore a backup/),
  });
});

test('a folder that is not there is an error with the path', async () => {
  await using dir = await tempDir();
  await expect(SqliteStore.open({ path: dir.file('none/c.db') })).rejects.toMatchObject({
    code: 'store_failed',
    message: expect.stringMatching(/none\/c\.db cannot be opened .*folder exists/),
  });
});

test('damage in the file shows in the check, and the calls that meet it fail with advice', async () => {
  await using dir = await tempDir();
  const before = await SqliteStore.open({ path: dir.file('c.db') });
  await before.create(ALICE, conversation);
  const items = Array.from({ length: 300 }, (_, index) => userSays(`i${index}`, 'word '.repeat(50)));
  await before.appendItems(ALICE, 'conv', items);
  expect(await before.quickCheck()).toEqual([]);
  await before[Symbol.asyncDispose]();

  const size = statSync(dir.file('c.db')).size;
  await truncate(dir.file('c.db'), size / 2);
  await truncate(dir.file('c.db'), size);
  await using store = await SqliteStore.open({ path: dir.file('c.db') });
  expect(await store.quickCheck()).not.toEqual([]);
  const readAll = async () => {
    for (const { id } of items) await store.findItem(ALICE, 'conv', id);
  };
  await expect(readAll()).rejects.toMatchObject({
    code: 'store_failed',
    message: expect.stringContaining('is damaged'),
  });
});

test('another program that holds the file makes a write fail with a hint, and the next one works', async () => {
  await using dir = await tempDir();
  await using store = await SqliteStore.open({ path: dir.file('c.db'), busyTimeoutMs: 20 });
  await store.create(ALICE, conversation);
  const browser = new DatabaseSync(dir.file('c.db'));
  browser.exec('BEGIN IMMEDIATE');
  const writes = [userSays('a', 'a'), userSays('b', 'b')].map((item) =>
    store.insertItem(ALICE, 'conv', item),
  );
  for (const outcome of await Promise.allSettled(writes)) {
    expect(outcome).toMatchObject({
      reason: { code: 'store_failed', message: expect.stringContaining('locked by another program') },
    });
  }
  browser.close();
  await store.insertItem(ALICE, 'conv', userSays('a', 'a'));
  expect(committedItems(dir.file('c.db'))).toEqual(['a']);
});

test.skipIf(process.getuid?.() === 0)('a file without write permission refuses to open', async () => {
  await using dir = await tempDir();
  const before = await SqliteStore.open({ path: dir.file('c.db') });
  await before[Symbol.asyncDispose]();
  await chmod(dir.file('c.db'), 0o400);
  await expect(SqliteStore.open({ path: dir.file('c.db') })).rejects.toMatchObject({
    code: 'store_failed',
    message: expect.stringContaining('read-only'),
  });
});
