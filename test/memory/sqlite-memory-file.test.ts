import { writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { changeSql } from '../../src/memory/sqlite/memory-changes.ts';
import { MemoryDatabase } from '../../src/memory/sqlite/memory-database.ts';
import { memorySql } from '../../src/memory/sqlite/memory-table.ts';
import { SqliteMemory } from '../../src/memory/sqlite/sqlite-memory.ts';
import { tempDir } from '../conversation/temp-dir.ts';
import {
  ALICE,
  add,
  along,
  EVERYTHING,
  foundTexts,
  home,
  idOf,
  memory,
  SPACE,
  texts,
} from './sample-memories.ts';

const DOG = 'The user has a dog.';

describe('the file of SqliteMemory', () => {
  test('has everything again when it is opened the next time, vectors too', async () => {
    await using dir = await tempDir();
    const path = dir.file('memory.db');
    {
      await using store = await SqliteMemory.open({ path });
      await store.useSpace(SPACE);
      const vectors = new Map([[idOf(1), along(1)]]);
      await store.apply(ALICE, [add(memory(1, DOG)), add(home(2, 'Berlin')), add(home(3, 'Oslo'))], vectors);
    }
    await using store = await SqliteMemory.open({ path });
    expect(await foundTexts(store, ALICE, 'dogs')).toEqual([DOG]);
    expect(texts(await store.history(ALICE, idOf(2)))).toHaveLength(2);
    expect(await store.unembedded(10)).toEqual([]);
    await store.useSpace(SPACE);
    expect((await store.unembedded(10)).map(({ id }) => id)).toEqual([idOf(3)]);
    expect(await foundTexts(store, ALICE, '?', { vector: along(1) })).toEqual([DOG]);
  });

  test('loses the vectors of another model than the one that is used the next time', async () => {
    await using dir = await tempDir();
    const path = dir.file('memory.db');
    {
      await using store = await SqliteMemory.open({ path });
      await store.useSpace(SPACE);
      await store.apply(ALICE, [add(memory(1, DOG))], new Map([[idOf(1), along(1)]]));
    }
    await using store = await SqliteMemory.open({ path });
    await store.useSpace({ ...SPACE, model: 'fake:new' });
    expect((await store.unembedded(10)).map(({ id }) => id)).toEqual([idOf(1)]);
    await store[Symbol.asyncDispose]();
    expect(tablesIn(path).filter((name) => name.startsWith('vectors_1'))).toEqual([]);
  });

  test('keeps the vectors while no model is there', async () => {
    await using dir = await tempDir();
    await using store = await SqliteMemory.open({ path: dir.file('memory.db') });
    await store.useSpace(SPACE);
    await store.apply(ALICE, [add(memory(1, DOG))], new Map([[idOf(1), along(1)]]));
    await store.useSpace(null);
    await store.useSpace(SPACE);
    expect(await store.unembedded(10)).toEqual([]);
  });

  test('is refused with words for an operator when it is something else', async () => {
    await using dir = await tempDir();
    const path = dir.file('memory.db');
    await writeFile(path, 'something else, and longer than the header of a database would be '.repeat(20));
    const opening = SqliteMemory.open({ path });
    await expect(opening).rejects.toMatchObject({
      code: 'store_failed',
      message: expect.stringContaining(path),
    });
  });

  test('says what was refused and stays usable when it cannot be written', async () => {
    await using dir = await tempDir();
    const path = dir.file('memory.db');
    await using store = await SqliteMemory.open({ path, busyTimeoutMs: 0 });
    await store.apply(ALICE, [add(memory(1, DOG))]);
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    await expect(store.useSpace(SPACE)).rejects.toMatchObject({ code: 'store_failed' });
    await expect(store.apply(ALICE, [add(home(2, 'Oslo'))])).rejects.toMatchObject({ code: 'store_failed' });
    other.exec('ROLLBACK');
    other.close();
    await store.useSpace(SPACE);
    await store.apply(ALICE, [add(home(2, 'Oslo'))], new Map([[idOf(2), along(1)]]));
    expect(await foundTexts(store, ALICE, '?', { vector: along(1) })).toEqual(['The user lives in Oslo.']);
    expect(texts((await store.list(ALICE, EVERYTHING)).data)).toHaveLength(2);
  });
});

describe('every statement of SqliteMemory', () => {
  test.each(Object.entries({ ...memorySql, ...changeSql }))('%s is served by an index', async (_, sql) => {
    await using dir = await tempDir();
    const path = dir.file('memory.db');
    new MemoryDatabase({ path, busyTimeoutMs: 0 })[Symbol.dispose]();
    const db = new DatabaseSync(path);
    const steps = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[];
    db.close();
    // The recursive step walks over what it has found so far, and nothing else is walked over.
    const walks = steps.map(({ detail }) => detail).filter((detail) => /^SCAN (?!chain)/.test(detail));
    expect(walks).toEqual([]);
  });
});

function tablesIn(path: string): string[] {
  const db = new DatabaseSync(path, { readOnly: true });
  const rows = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all() as { name: string }[];
  db.close();
  return rows.map(({ name }) => name);
}
