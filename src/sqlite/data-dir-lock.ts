import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { VivavoceError } from '../errors.ts';
import { explain, SQLITE, sqliteCode } from './store-failure.ts';

const LOCK_FILE = 'vivavoce.lock';

/**
 * Reserves the folder for this process until it is disposed or the process ends, however it ends.
 *
 * The lock is an open transaction on an empty database, so the operating system holds it: a kill -9 frees it, no stale file
 * is left to clean up, and `conversations.db` stays readable for backups. Never open the lock file by other means in
 * this process: closing it would give the lock away (POSIX advisory locks).
 *
 * Makes the folder when it is missing, for this user only. Fails with `data_dir_locked` or, when the folder cannot be
 * used, `store_failed`.
 */
export function lockDataDir(dir: string): Disposable {
  const folder = resolve(dir);
  const path = join(folder, LOCK_FILE);
  let db: DatabaseSync | null = null;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    db = new DatabaseSync(path, { timeout: 0 });
    // The table, which is never committed, is there because SQLite "locks" a read-only file without any lock.
    db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE; CREATE TABLE held (it)');
  } catch (cause) {
    db?.close();
    const code = sqliteCode(cause);
    if (code === SQLITE.BUSY || code === SQLITE.LOCKED) {
      const message = `another vivavoce process uses ${folder}: stop it, or set DATA_DIR to another folder`;
      throw new VivavoceError('data_dir_locked', message, { cause });
    }
    throw new VivavoceError('store_failed', `DATA_DIR cannot be used: ${explain(cause, path)}`, { cause });
  }
  return { [Symbol.dispose]: () => db.close() };
}
