import type { DatabaseSync } from 'node:sqlite';
import { VivavoceError } from '../errors.ts';

/**
 * Brings a database to the newest version, each step in a transaction of its own, so that a kill leaves it at a whole
 * version. A database of a newer program is left alone: its schema is unknown here.
 *
 * @param migrations number n brings a database from version n - 1 to n. Add to the end; never change what was released.
 */
export function migrate(db: DatabaseSync, path: string, migrations: readonly string[]): void {
  const found = schemaVersion(db);
  if (found > migrations.length) {
    throw new VivavoceError(
      'store_failed',
      `${path} was written by a newer version of vivavoce (schema ${found}; this one knows ${migrations.length}): ` +
        'start that version again, or set DATA_DIR to another folder',
    );
  }
  for (const [index, sql] of migrations.entries()) {
    if (index < found) continue;
    db.exec('BEGIN IMMEDIATE');
    try {
      db.exec(sql);
      db.exec(`PRAGMA user_version = ${index + 1}`);
      db.exec('COMMIT');
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }
}

export function schemaVersion(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.user_version);
}
