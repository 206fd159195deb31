import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { SqliteStore } from '../../src/conversation/sqlite-store.ts';
import type { PageQuery } from '../../src/conversation/store.ts';
import { linesUntilKilled } from './killed-process.ts';
import { ALICE } from './sample-items.ts';
import { tempDir } from './temp-dir.ts';

const ROUNDS = 8;
const LEARNING_ROUNDS = 4;

async function allItems(store: SqliteStore) {
  const items = [];
  for (let page: PageQuery | null = { limit: 100, order: 'asc' }; page; ) {
    const { data, hasMore } = await store.listItems(ALICE, 'conv', page);
    items.push(...data);
    page = hasMore ? { ...page, after: data.at(-1)?.id ?? '' } : null;
  }
  return items;
}

test('a kill at any moment loses nothing that was acknowledged and leaves nothing open', async () => {
  await using dir = await tempDir();
  const path = dir.file('conversations.db');
  const acknowledged: string[] = [];
  let closed = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    acknowledged.push(...(await linesUntilKilled('append-until-killed.ts', path, round)));
    await using store = await SqliteStore.open({ path });
    closed += store.closedItems;
    const items = await allItems(store);
    const ids = items.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set(acknowledged).difference(new Set(ids))).toEqual(new Set());
    expect(items.filter(({ status }) => status === 'in_progress')).toEqual([]);
    const pairs = ids.filter((id) => id.startsWith('x')).map((id) => `y${id.slice(1)}`);
    expect(new Set(pairs)).toEqual(new Set(ids.filter((id) => id.startsWith('y'))));
  }
  expect(acknowledged.length).toBeGreaterThanOrEqual(ROUNDS);
  expect(closed).toBeGreaterThanOrEqual(ROUNDS);
  using db = new DatabaseSync(path);
  expect(db.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
});

test('a kill at any moment leaves every message in the outbox or settled, together with what was decided', async () => {
  await using dir = await tempDir();
  const path = dir.file('conversations.db');
  const lines: string[] = [];
  for (let round = 0; round < LEARNING_ROUNDS; round += 1) {
    lines.push(...(await linesUntilKilled('learn-until-killed.ts', path, round)));
    await using store = await SqliteStore.open({ path });
    const waiting = await store.outbox.waitingIn(ALICE, 'conv', ['new'], 100_000);
    const noted = await store.outbox.waitingIn(ALICE, 'conv', ['noted'], 100_000);
    const left = [...waiting, ...noted].map(({ item }) => item.id);
    const decided = (await store.outbox.decided(100_000)).map(({ changes }) => String(JSON.parse(changes)));
    const after = (event: string) =>
      new Set(
        lines.filter((line) => line.startsWith(`${event} `)).map((line) => line.slice(event.length + 1)),
      );

    expect(new Set(decided).size).toBe(decided.length);
    expect(after('said').difference(new Set([...left, ...decided]))).toEqual(new Set());
    expect(after('settled').difference(new Set(decided))).toEqual(new Set());
    // What is settled has its changes, and what has changes is settled.
    expect(new Set(waiting.map(({ item }) => item.id)).intersection(new Set(decided))).toEqual(new Set());
    expect(new Set(noted.map(({ item }) => item.id)).difference(new Set(decided))).toEqual(new Set());
  }
  expect(lines.length).toBeGreaterThanOrEqual(LEARNING_ROUNDS);
});
