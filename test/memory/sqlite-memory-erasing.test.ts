import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SqliteMemory } from '../../src/memory/sqlite/sqlite-memory.ts';
import { type TempDir, tempDir } from '../conversation/temp-dir.ts';
import { ALICE, add, BOB, EVERYTHING, idOf, memory, SPACE, START_MS } from './sample-memories.ts';

const MANY = 400;
/** Long enough to be in no file by chance. */
const WIDE = { model: 'fake:wide', dimensions: 64 };

/** Which of these are in any of the files, the log and the indexes included. */
async function inFiles(dir: TempDir, wanted: readonly (string | Float32Array)[]): Promise<unknown[]> {
  const names = await readdir(dir.path);
  const files = await Promise.all(names.map((name) => readFile(join(dir.path, name))));
  return wanted.filter((one) => {
    const bytes = typeof one === 'string' ? [Buffer.from(one)] : slicesOf(one);
    return bytes.some((slice) => files.some((file) => file.includes(slice)));
  });
}

/** A vector may be spread over pages of the file. */
function slicesOf({ buffer }: Float32Array): Buffer[] {
  const bytes = Buffer.from(buffer);
  return Array.from({ length: bytes.length / 16 }, (_, index) => bytes.subarray(index * 16, index * 16 + 16));
}

/** Numbers that look like nothing else. */
function vectorOf(number: number): Float32Array {
  return Float32Array.from({ length: WIDE.dimensions }, (_, index) => Math.sin(number * 1_000 + index + 1));
}

/** Words that no other memory has. The number is in the middle of the word, where no index cuts it off. */
function wordsOf(number: number): string[] {
  return ['text', 'context', 'subject', 'value', 'attribute'].map((field) => `q${number}q${field}zz`);
}

function secret(number: number) {
  const [text, context = '', subject = '', value = '', attribute = ''] = wordsOf(number);
  return memory(number, `The user whispered ${text} to everybody.`, { context, subject, value, attribute });
}

async function learnMany(store: SqliteMemory): Promise<void> {
  await store.useSpace(WIDE);
  const numbers = Array.from({ length: MANY }, (_, index) => index);
  const vectors = new Map(numbers.map((number) => [idOf(number), vectorOf(number)]));
  await store.apply(
    ALICE,
    numbers.map((number) => add(secret(number))),
    vectors,
  );
  await store.apply(
    BOB,
    numbers.map((number) => add(memory(MANY + 1 + number, `The user of ${number} says nothing.`))),
  );
}

/** Everything that a file could tell of a memory. */
function tracesOf(number: number): (string | Float32Array)[] {
  return [...wordsOf(number), idOf(number), vectorOf(number)];
}

/** Some of each part of the file. */
const SOME = [0, 7, 150, MANY - 1];

describe('what is erased from SqliteMemory is in no file any more', () => {
  test('when one memory is deleted: not its words, not its terms, not its vector', async () => {
    await using dir = await tempDir();
    await using store = await SqliteMemory.open({ path: dir.file('memory.db') });
    await learnMany(store);
    for (const number of SOME) {
      expect(await inFiles(dir, tracesOf(number))).toEqual(tracesOf(number));
      await store.delete(ALICE, idOf(number));
    }
    expect(await inFiles(dir, SOME.flatMap(tracesOf))).toEqual([]);
    expect(await inFiles(dir, tracesOf(8))).toEqual(tracesOf(8));
  });

  test('when it was moved about before: not the copies that SQLite leaves in the gaps of pages', async () => {
    await using dir = await tempDir();
    const count = 1_500;
    // Of all lengths, and gone in another order than they came in: what stays has to be moved together.
    const padded = (number: number) => `${wordsOf(number)[0]} ${'and more '.repeat((number * 31) % 60)}`;
    const numbers = Array.from({ length: count }, (_, index) => index);
    const gone = numbers.map((number) => (number * 181) % count).slice(0, count / 4);
    {
      await using store = await SqliteMemory.open({ path: dir.file('memory.db') });
      await store.apply(
        ALICE,
        numbers.map((number) => add(memory(number, padded(number)))),
      );
      await Promise.all(gone.map((number) => store.delete(ALICE, idOf(number))));
    }
    expect(
      await inFiles(
        dir,
        gone.flatMap((number) => [wordsOf(number)[0] ?? '', idOf(number)]),
      ),
    ).toEqual([]);
  });

  test('when words are corrected: the old ones, and what was said around them', async () => {
    await using dir = await tempDir();
    await using store = await SqliteMemory.open({ path: dir.file('memory.db') });
    await learnMany(store);
    const edit = { text: 'The user was quiet.', value: null };
    await store.apply(ALICE, [{ type: 'edit', id: idOf(7), edit }]);
    const [text = '', context = '', _, value = ''] = wordsOf(7);
    expect(await inFiles(dir, [text, context, value, vectorOf(7)])).toEqual([]);
    expect(await inFiles(dir, [edit.text])).toEqual([edit.text]);
  });

  test('when somebody is forgotten: all of it, the history and their name', async () => {
    await using dir = await tempDir();
    await using store = await SqliteMemory.open({ path: dir.file('memory.db') });
    await learnMany(store);
    await store.apply(ALICE, [
      { type: 'end', id: idOf(1), atMs: START_MS },
      add(memory(MANY, 'The user is silent.'), [idOf(2)]),
    ]);
    expect(await inFiles(dir, [...wordsOf(1).slice(0, 1), ALICE.user])).toHaveLength(2);
    expect(await store.eraseAll(ALICE)).toBe(MANY + 1);
    expect(await inFiles(dir, [...[...SOME, 1, 2].flatMap(tracesOf), ALICE.user, 'silent'])).toEqual([]);
    expect((await store.list(BOB, { ...EVERYTHING, limit: 1 })).hasMore).toBe(true);
  });

  test('when the embedding model changes: the vectors of the old one', async () => {
    await using dir = await tempDir();
    await using store = await SqliteMemory.open({ path: dir.file('memory.db') });
    await learnMany(store);
    await store.useSpace(SPACE);
    await store.delete(ALICE, idOf(0));
    expect(await inFiles(dir, SOME.map(vectorOf))).toEqual([]);
    expect(await inFiles(dir, wordsOf(7))).toEqual(wordsOf(7));
  });
});
