import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { SqliteStore } from '../../src/conversation/sqlite-store.ts';
import type { PageQuery } from '../../src/conversation/store.ts';
import { ALICE } from './sample-items.ts';
import { tempDir } from './temp-dir.ts';

const ROUNDS = 8;

/** Lets a process write, kills it after so many acknowledgements, and returns all that it acknowledged. */
async function writeUntilKilled(path: string, round: number, acknowledgements: number): Promise<string[]> {
  const program = join(import.meta.dirname, 'append-until-killed.ts');
  const child = spawn(process.execPath, [program, path, String(round)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  const ids: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    ids.push(line);
    if (ids.length === acknowledgements) child.kill('SIGKILL');
  }
  expect(await exit).toEqual([null, 'SIGKILL']);
  return ids;
}

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
    acknowledged.push(...(await writeUntilKilled(path, round, 1 + Math.floor(Math.random() * 150))));
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
