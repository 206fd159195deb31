import type { Statements } from './statements.ts';
import { type Outcome, SQLITE, sqliteCode, storeFailure } from './store-failure.ts';

/**
 * Runs `writes` in order in one transaction, which costs one sync of the disk however many they are.
 *
 * Each has a savepoint: one that throws is undone alone, the others stay. When this returns, what is `ok` is durable.
 */
export function commitTogether(
  statements: Statements,
  path: string,
  writes: readonly (() => unknown)[],
): Outcome<unknown>[] {
  try {
    statements.run('BEGIN IMMEDIATE');
    const outcomes = writes.map((write) => writeAlone(statements, path, write));
    statements.run('COMMIT');
    return outcomes;
  } catch (error) {
    if (statements.inTransaction) statements.run('ROLLBACK');
    // One that is too big for the disk must not take the small ones with it.
    if (writes.length > 1 && sqliteCode(error) === SQLITE.FULL) {
      return writes.flatMap((write) => commitTogether(statements, path, [write]));
    }
    const failure = storeFailure(error, path);
    return writes.map(() => ({ ok: false, failure }));
  }
}

function writeAlone(statements: Statements, path: string, write: () => unknown): Outcome<unknown> {
  statements.run('SAVEPOINT one');
  try {
    const value = write();
    statements.run('RELEASE one');
    return { ok: true, value };
  } catch (error) {
    // To some errors, such as a full disk, SQLite answers by dropping the whole transaction: then none is saved.
    if (!statements.inTransaction) throw error;
    statements.run('ROLLBACK TO one');
    statements.run('RELEASE one');
    return { ok: false, failure: storeFailure(error, path) };
  }
}
