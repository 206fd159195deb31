import { mkdir, rename, rmdir, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type TempDir, tempDir } from '../conversation/temp-dir.ts';
import { RestClient } from '../support/rest-client.ts';
import { RunningApp } from '../support/running-app.ts';
import { SkippingClock } from '../support/skipping-clock.ts';
import { ask, connect, knows, memories, say, statusOf, until } from './faulty-memory.ts';

const BERLIN = 'The user lives in Berlin.';
const TEA = 'The user likes tea.';

let dir: TempDir;
let path: string;
let clock: SkippingClock;

beforeEach(async () => {
  dir = await tempDir();
  path = dir.file('memory.db');
  clock = new SkippingClock();
});
afterEach(() => dir[Symbol.asyncDispose]());

const start = () => RunningApp.start({ folder: dir.path, env: { LLM: 'offline' }, clock });

/** Lets the pauses pass after which it is tried again. */
function later<T>(look: () => Promise<T>, isSo: (seen: T) => boolean): Promise<T> {
  return until(async () => {
    clock.skip(200);
    return await look();
  }, isSo);
}

const isReady = (app: RunningApp) =>
  later(
    () => statusOf(app),
    ({ state }) => state === 'ready',
  );

async function learned(...sentences: readonly string[]): Promise<void> {
  await using app = await start();
  for (const sentence of sentences) await say(app, sentence);
  await until(
    () => memories(app),
    (texts) => texts?.length === sentences.length,
  );
}

describe('a file that cannot be opened', () => {
  test.each<[string, RegExp, () => Promise<void>, () => Promise<void>]>([
    [
      'is damaged',
      /memory\.db is damaged .*restore a backup/,
      async () => {
        await rename(path, dir.file('backup'));
        await writeFile(path, 'these are my notes\n'.repeat(500));
      },
      () => rename(dir.file('backup'), path),
    ],
    [
      'is a folder',
      /memory\.db cannot be opened .*check that/,
      async () => {
        await rename(path, dir.file('backup'));
        await mkdir(path);
      },
      async () => {
        await rmdir(path);
        await rename(dir.file('backup'), path);
      },
    ],
    [
      'is of a newer version',
      /memory\.db was written by a newer version.*start that version again/,
      async () => setVersion(999),
      async () => setVersion(version),
    ],
  ])('because it %s is told with what to do, and people talk; repaired, it is taken up', async (_, reason, damage, repair) => {
    await learned('I live in Berlin.');
    version = versionOf();
    await damage();
    await using app = await start();
    expect(await statusOf(app)).toMatchObject({ state: 'failed', reason: expect.stringMatching(reason) });
    const turn = await say(app, 'I like tea.');
    expect(turn).toMatchObject({ status: 'completed', answer: expect.stringMatching(/./) });
    expect(turn.degraded).toMatchObject({
      recall: expect.stringMatching(reason),
      profile: expect.stringMatching(reason),
    });
    const { status, body } = await new RestClient(app.url).get('/v1/memories');
    expect({ status, code: body.error.code }).toEqual({ status: 500, code: 'store_failed' });
    await repair();
    await isReady(app);
    await knows(app, TEA);
    expect((await say(app, 'Where do I live?')).answer).toContain('Berlin');
    expect(await memories(app)).toEqual([BERLIN, TEA]);
  });

  let version = 0;
  const versionOf = () => {
    using db = opened();
    return Number(db.prepare('PRAGMA user_version').get()?.user_version);
  };
  const setVersion = (to: number) => {
    using db = opened();
    db.exec(`PRAGMA user_version = ${to}`);
  };
});

describe('a file that', () => {
  test('takes no more: what is learned waits, the operator is told, and it is there once afterwards', async () => {
    await using app = await start();
    await say(app, 'I live in Berlin.');
    await knows(app, BERLIN);
    refuse(true);
    const turn = await say(app, 'I like tea.');
    expect(turn).toMatchObject({ status: 'completed', degraded: {} });
    const told = await later(
      () => statusOf(app),
      ({ state }) => state === 'degraded',
    );
    expect(told.reason).toMatch(/what is learned waits, and nothing is lost: .*refused an operation/);
    expect((await say(app, 'Where do I live?')).answer).toContain('Berlin');
    expect(await memories(app)).toEqual([BERLIN]);
    refuse(false);
    await later(
      () => memories(app),
      (texts) => texts?.includes(TEA) ?? false,
    );
    await isReady(app);
    expect(await memories(app)).toEqual([BERLIN, TEA]);
  });

  test('another program holds costs no turn more than 200 ms', async () => {
    await using app = await start();
    await say(app, 'I live in Berlin.');
    await knows(app, BERLIN);
    using browser = opened();
    browser.exec('BEGIN IMMEDIATE');
    await using client = await connect(app);
    await ask(client, 'I like tea.');
    const turn = await ask(client, 'Where do I live?');
    expect(turn.status).toBe('completed');
    expect(turn.spansMs.recall).toBeLessThan(1_000);
    browser.exec('ROLLBACK');
    await knows(app, TEA);
    expect(await memories(app)).toEqual([BERLIN, TEA]);
  });

  test('is damaged while it runs is told at the next start at the latest; a copy learns what came after it', async () => {
    await learned('I live in Berlin.');
    const copy = dir.file('backup');
    {
      using db = opened();
      db.exec(`VACUUM INTO '${copy}'`);
    }
    {
      await using app = await start();
      await writeFile(path, 'noise '.repeat(1_000), { flag: 'r+' });
      expect((await say(app, 'I like tea.')).status).toBe('completed');
      expect((await say(app, 'Where do I live?')).status).toBe('completed');
    }
    {
      await using app = await start();
      expect(await statusOf(app)).toMatchObject({
        state: 'failed',
        reason: expect.stringMatching(/damaged/),
      });
      expect((await say(app, 'I like rain.')).status).toBe('completed');
    }
    await rename(copy, path);
    await using app = await start();
    await knows(app, 'The user likes rain.');
    expect(await memories(app)).toContain(BERLIN);
  });
});

function opened(): DatabaseSync & Disposable {
  const db = new DatabaseSync(path);
  return Object.assign(db, { [Symbol.dispose]: () => db.close() });
}

/** Lets no memory be written, as a full disk does. */
function refuse(isRefused: boolean): void {
  using db = opened();
  db.exec(
    isRefused
      ? "CREATE TRIGGER full BEFORE INSERT ON memories BEGIN SELECT RAISE(FAIL, 'no space'); END"
      : 'DROP TRIGGER full',
  );
}
