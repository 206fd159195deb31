import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { VivavoceError } from '../errors.ts';
import { migrate } from './migrate.ts';

export interface DatabaseOptions {
  /** An absolute path; its folder must exist. */
  readonly path: string;
  /** How long a statement waits for another program that holds the file. */
  readonly busyTimeoutMs: number;
}

/** What a program keeps in the database. */
export interface DatabaseKind {
  readonly migrations: readonly string[];
  /** Adds what the schema needs beyond SQLite, before it is migrated. */
  readonly extend?: (db: DatabaseSync) => void;
}

// Of the WAL, only `synchronous=FULL` survives a power cut (macOS needs `fullfsync` as well). `secure_delete` wipes
// what is deleted, and with temporary tables in memory no sorted copy of a conversation lands in /tmp.
const PRAGMAS = `
  PRAGMA synchronous = FULL;
  PRAGMA fullfsync = ON;
  PRAGMA checkpoint_fullfsync = ON;
  PRAGMA secure_delete = ON;
  PRAGMA temp_store = MEMORY;
  PRAGMA trusted_schema = OFF;
  PRAGMA journal_size_limit = 16777216;
`;

/** Opens or creates the database, private to this user, in its newest version. */
export function openDatabase(
  { path, busyTimeoutMs }: DatabaseOptions,
  { migrations, extend }: DatabaseKind,
): DatabaseSync {
  createPrivately(path);
  const db = new DatabaseSync(path, {
    timeout: busyTimeoutMs,
    enableForeignKeyConstraints: true,
    allowExtension: extend !== undefined,
  });
  try {
    const mode = db.prepare('PRAGMA journal_mode = WAL').get()?.journal_mode;
    if (mode !== 'wal') {
      throw new VivavoceError(
        'store_failed',
        `the file system of ${path} cannot share memory between processes, which SQLite's WAL needs: ` +
          'set DATA_DIR to a local disk',
      );
    }
    db.exec(PRAGMAS);
    extend?.(db);
    migrate(db, path, migrations);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** SQLite would create the file readable for everybody; its WAL takes over the mode that the file has. */
function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    // An existing file is not even opened: closing it would drop the locks that this process has on it.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}
