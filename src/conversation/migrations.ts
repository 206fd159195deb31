import type { DatabaseSync } from 'node:sqlite';
import { VivavoceError } from '../errors.ts';

/** Number n of this list brings a database from version n - 1 to n. Add to the end; never change what was released. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE conversations (
    seq           INTEGER PRIMARY KEY,
    id            TEXT NOT NULL UNIQUE,
    owner_key     TEXT NOT NULL,
    owner_user    TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    metadata      TEXT NOT NULL
  ) STRICT;
  CREATE INDEX conversations_of_owner ON conversations (owner_key, owner_user, updated_at_ms, seq);

  -- With a rowid: the bodies are long, and a clustered key would drag them through every step of a search.
  CREATE TABLE items (
    conversation  INTEGER NOT NULL REFERENCES conversations (seq) ON DELETE CASCADE,
    id            TEXT NOT NULL,
    position      INTEGER NOT NULL,
    type          TEXT NOT NULL CHECK (type IN ('message', 'function_call', 'function_call_output')),
    role          TEXT CHECK (role IN ('system', 'user', 'assistant')),
    status        TEXT NOT NULL CHECK (status IN ('in_progress', 'completed', 'incomplete')),
    created_at_ms INTEGER NOT NULL,
    response_id   TEXT,
    body          TEXT NOT NULL,
    PRIMARY KEY (conversation, id),
    UNIQUE (conversation, position)
  ) STRICT;
  -- Opening looks for what a kill left; this keeps it from reading every item that was ever said.
  CREATE INDEX items_in_progress ON items (status) WHERE status = 'in_progress';

  -- A trigger, so that saving an item stays one statement.
  CREATE TRIGGER new_item_is_activity AFTER INSERT ON items BEGIN
    UPDATE conversations SET updated_at_ms = new.created_at_ms
    WHERE seq = new.conversation AND updated_at_ms < new.created_at_ms;
  END;
  `,
];

/**
 * Brings a database to the newest version, each step in a transaction of its own, so that a kill leaves it at a whole
 * version. A database of a newer program is left alone: its schema is unknown here.
 */
export function migrate(db: DatabaseSync, path: string, migrations: readonly string[] = MIGRATIONS): void {
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
