import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { conversationSql } from '../../src/conversation/conversation-table.ts';
import { erasureSql } from '../../src/conversation/erasure-table.ts';
import { itemSql } from '../../src/conversation/item-table.ts';
import { CONVERSATION_MIGRATIONS } from '../../src/conversation/migrations.ts';
import { orphanSql } from '../../src/conversation/orphan-table.ts';
import { outboxSql } from '../../src/conversation/outbox-table.ts';
import { SqliteStore } from '../../src/conversation/sqlite-store.ts';
import { summarySql } from '../../src/conversation/summary-table.ts';
import { commitTogether } from '../../src/sqlite/commit-together.ts';
import { migrate, schemaVersion } from '../../src/sqlite/migrate.ts';
import { openDatabase } from '../../src/sqlite/open-database.ts';
import { Statements } from '../../src/sqlite/statements.ts';
import { userSays } from './sample-items.ts';
import { tempDir } from './temp-dir.ts';

const open = (path: string) =>
  openDatabase({ path, busyTimeoutMs: 100 }, { migrations: CONVERSATION_MIGRATIONS });
const insert = (id: string, text: string) =>
  `INSERT INTO conversations (id, owner_key, owner_user, created_at_ms, updated_at_ms, metadata)
   VALUES ('${id}', 'k', 'u', 1, 1, '${text}')`;

/** What some statements may do besides, and why. */
const EXCEPTIONS: Readonly<Record<string, readonly string[]>> = {
  // The index has nothing but what a kill left open, what waits, or what is under way.
  closeOpen: ['SCAN items USING INDEX items_in_progress'],
  waiting: ['SCAN items USING COVERING INDEX items_for_memory', 'USE TEMP B-TREE FOR ORDER BY'],
  openErasures: ['SCAN erasures USING INDEX erasures_under_way'],
  // In the order of its key, and no further than the limit.
  decided: ['SCAN decided_changes'],
};

test('an index serves every statement: none reads a whole table or sorts', async () => {
  await using dir = await tempDir();
  using db = open(dir.file('c.db'));
  const all = { conversationSql, itemSql, outboxSql, summarySql, erasureSql, orphanSql };
  for (const [name, sql] of Object.values(all).flatMap((statements) => Object.entries<string>(statements))) {
    const plan = db
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all(Object.fromEntries((sql.match(/:\w+/g) ?? []).map((parameter) => [parameter, 1])))
      .map(({ detail }) => String(detail));
    const wrong = plan.filter(
      (step) =>
        !EXCEPTIONS[name]?.includes(step) &&
        (step.includes('TEMP B-TREE') ||
          /^SCAN (items|conversations|decided_changes|summaries|erasures)\b/.test(step)),
    );
    expect(wrong, `${name}: ${plan.join(' | ')}`).toEqual([]);
  }
});

test('what was said before memory was there does not wait for it, what is said afterwards does', async () => {
  await using dir = await tempDir();
  const before = openDatabase(
    { path: dir.file('c.db'), busyTimeoutMs: 100 },
    { migrations: CONVERSATION_MIGRATIONS.slice(0, 1) },
  );
  before.exec(`${insert('conv', '{}')};
    INSERT INTO items VALUES (1, 'old', 1, 'message', 'user', 'completed', 1, NULL,
      '{"content":[{"type":"input_text","text":"I live in Berlin."}],"reply":null}')`);
  before.close();
  await using store = await SqliteStore.open({ path: dir.file('c.db') });
  const owner = { key: 'k', user: 'u' };
  await store.replaceItem(owner, 'conv', userSays('old', 'I live in Berlin.'));
  expect(await store.outbox.waiting(10)).toEqual([]);
  await store.insertItem(owner, 'conv', userSays('new', 'I live in Oslo.'));
  expect(await store.outbox.waitingIn(owner, 'conv', ['new'], 10)).toMatchObject([{ item: { id: 'new' } }]);
});

test('the settings that durability and erasure stand on are in force', async () => {
  await using dir = await tempDir();
  using db = open(dir.file('c.db'));
  const pragma = (name: string) => Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0];
  expect(pragma('journal_mode')).toBe('wal');
  expect(pragma('synchronous')).toBe(2);
  expect(pragma('secure_delete')).toBe(1);
  expect(pragma('foreign_keys')).toBe(1);
});

test('a new database gets the newest version, and opening it again changes nothing', async () => {
  await using dir = await tempDir();
  const first = open(dir.file('c.db'));
  const version = schemaVersion(first);
  first.close();
  expect(version).toBeGreaterThan(0);
  using second = open(dir.file('c.db'));
  expect(schemaVersion(second)).toBe(version);
});

test('a database of a newer program is refused and left alone', async () => {
  await using dir = await tempDir();
  const db = open(dir.file('c.db'));
  db.exec('PRAGMA user_version = 999');
  db.close();
  expect(() => open(dir.file('c.db'))).toThrow(/newer version of vivavoce \(schema 999/);
  using raw = new DatabaseSync(dir.file('c.db'));
  expect(schemaVersion(raw)).toBe(999);
});

test('only the missing migrations run, and one that fails leaves the last whole version', () => {
  using db = new DatabaseSync(':memory:');
  const one = 'CREATE TABLE one (a); INSERT INTO one VALUES (1)';
  migrate(db, 'x', [one]);
  expect(() => migrate(db, 'x', [one, 'CREATE TABLE two (a)', 'CREATE TABLE three (a); nonsense'])).toThrow();
  expect(schemaVersion(db)).toBe(2);
  const tables = db.prepare('SELECT name FROM sqlite_schema ORDER BY name').all();
  expect(tables.map(({ name }) => name)).toEqual(['one', 'two']);
  migrate(db, 'x', [one, 'CREATE TABLE two (a)', 'CREATE TABLE three (a)']);
  expect(schemaVersion(db)).toBe(3);
  expect(db.prepare('SELECT count(*) AS rows FROM one').get()).toEqual({ rows: 1 });
});

test('on a full disk the write that does not fit fails with advice and the small ones are saved', async () => {
  await using dir = await tempDir();
  using db = open(dir.file('c.db'));
  const statements = new Statements(db);
  const { page_count: pages } = db.prepare('PRAGMA page_count').get() as { page_count: number };
  db.exec(`PRAGMA max_page_count = ${pages + 4}`);
  const write = (id: string, text: string) => () => statements.run(insert(id, text));
  const outcomes = commitTogether(statements, '/data/c.db', [
    write('a', 'small'),
    write('b', 'x'.repeat(100_000)),
    write('c', 'small'),
  ]);
  expect(outcomes).toMatchObject([
    { ok: true },
    {
      ok: false,
      failure: { code: 'store_failed', message: expect.stringMatching(/disk .* full.*free some space/) },
    },
    { ok: true },
  ]);
  const ids = db.prepare('SELECT id FROM conversations ORDER BY seq').all();
  expect(ids.map(({ id }) => id)).toEqual(['a', 'c']);
});

test('when SQLite drops the transaction, no later write of the group slips in outside of it', async () => {
  await using dir = await tempDir();
  using db = open(dir.file('c.db'));
  const statements = new Statements(db);
  const outcomes = commitTogether(statements, '/data/c.db', [
    () => statements.run(insert('a', '')),
    () => {
      db.exec('ROLLBACK');
      throw new Error('the disk went away');
    },
    () => statements.run(insert('c', '')),
  ]);
  expect(outcomes.map(({ ok }) => ok)).toEqual([false, false, false]);
  expect(db.prepare('SELECT count(*) AS rows FROM conversations').get()).toEqual({ rows: 0 });
});

test('a database that became read-only says so', async () => {
  await using dir = await tempDir();
  using db = open(dir.file('c.db'));
  const statements = new Statements(db);
  db.exec('PRAGMA query_only = ON');
  const [outcome] = commitTogether(statements, '/data/c.db', [() => statements.run(insert('a', ''))]);
  expect(outcome).toMatchObject({
    failure: { code: 'store_failed', message: expect.stringContaining('/data/c.db is read-only') },
  });
});
