import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readdirSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lockDataDir } from '../../src/sqlite/data-dir-lock.ts';
import { tempDir } from '../conversation/temp-dir.ts';

/** Another process that holds the folder. */
async function holder(dir: string): Promise<ChildProcess & AsyncDisposable> {
  const program = join(import.meta.dirname, 'hold-data-dir.ts');
  const child = spawn(process.execPath, [program, dir], { stdio: ['pipe', 'pipe', 'inherit'] });
  const dispose = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  };
  await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  expect(child.exitCode).toBeNull();
  return Object.assign(child, { [Symbol.asyncDispose]: dispose });
}

const refusal = (dir: string) => ({
  code: 'data_dir_locked',
  message: `another vivavoce process uses ${dir}: stop it, or set DATA_DIR to another folder`,
});

function attempt(dir: string): unknown {
  try {
    using _lock = lockDataDir(dir);
    return 'locked';
  } catch (error) {
    return error;
  }
}

test('a second process is told who is in the way, and gets the folder when the first ends in order', async () => {
  await using dir = await tempDir();
  await using first = await holder(dir.path);
  expect(attempt(dir.path)).toMatchObject(refusal(dir.path));
  const gone = once(first, 'exit');
  first.stdin?.write('end\n');
  expect(await gone).toEqual([0, null]);
  expect(attempt(dir.path)).toBe('locked');
});

test('the lock of a process that is killed with SIGKILL is free at once', async () => {
  await using dir = await tempDir();
  await using first = await holder(dir.path);
  expect(attempt(dir.path)).toMatchObject(refusal(dir.path));
  const gone = once(first, 'exit');
  first.kill('SIGKILL');
  expect(await gone).toEqual([null, 'SIGKILL']);
  expect(attempt(dir.path)).toBe('locked');
});

test('a process that asks twice is refused too, until it gives the lock back', async () => {
  await using dir = await tempDir();
  const lock = lockDataDir(dir.path);
  expect(attempt(dir.path)).toMatchObject(refusal(dir.path));
  expect(attempt(dir.path)).toMatchObject(refusal(dir.path));
  lock[Symbol.dispose]();
  expect(attempt(dir.path)).toBe('locked');
});

test('a folder that is missing is made for this user only', async () => {
  await using dir = await tempDir();
  using _lock = lockDataDir(dir.file('deep/data'));
  expect(statSync(dir.file('deep/data')).mode & 0o777).toBe(0o700);
  expect(readdirSync(dir.file('deep/data'))).toEqual(['vivavoce.lock']);
});

test('a path that cannot be a folder is an error that names DATA_DIR', async () => {
  await using dir = await tempDir();
  await writeFile(dir.file('notes'), 'a file');
  for (const path of [dir.file('notes'), dir.file('notes/data')]) {
    expect(attempt(path)).toMatchObject({
      code: 'store_failed',
      message: expect.stringMatching(/^DATA_DIR cannot be used: .*notes.*set DATA_DIR/),
    });
  }
});

// SQLite opens a read-only file without a word and "locks" it without a lock: root may write everywhere, so it cannot see this.
test.skipIf(process.getuid?.() === 0)('a lock file that cannot be written is refused', async () => {
  await using dir = await tempDir();
  await writeFile(dir.file('vivavoce.lock'), '');
  chmodSync(dir.file('vivavoce.lock'), 0o400);
  expect(attempt(dir.path)).toMatchObject({
    code: 'store_failed',
    message: expect.stringContaining('read-only'),
  });
});
