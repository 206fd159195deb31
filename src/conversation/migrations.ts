/** The schema of `conversations.db`, see `migrate`. */
export const CONVERSATION_MIGRATIONS: readonly string[] = [
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
  `
  -- What memory has still to learn from: a message that waits has a stage. A column and one index in the order in which
  -- messages come, because every further tree that an insertion touches is another page to sync. What was said before the
  -- column was there does not wait.
  ALTER TABLE items ADD COLUMN memory_stage TEXT CHECK (memory_stage IN ('new', 'noted', 'quarantined'));
  CREATE INDEX items_for_memory
    ON items (conversation, position, memory_stage, created_at_ms) WHERE memory_stage IS NOT NULL;
  CREATE INDEX items_quarantined ON items (memory_stage) WHERE memory_stage = 'quarantined';

  -- Numbers are never used twice: whoever applied one that is erased by now must not remove another one.
  CREATE TABLE decided_changes (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    owner_key     TEXT NOT NULL,
    owner_user    TEXT NOT NULL,
    began_at_ms   INTEGER NOT NULL,
    changes       TEXT NOT NULL
  ) STRICT;
  CREATE INDEX decided_changes_of_owner ON decided_changes (owner_key, owner_user, began_at_ms);

  CREATE TABLE summaries (
    conversation  INTEGER PRIMARY KEY REFERENCES conversations (seq) ON DELETE CASCADE,
    through_item  TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    text          TEXT NOT NULL
  ) STRICT;

  CREATE TABLE erasures (
    owner_key       TEXT NOT NULL,
    owner_user      TEXT NOT NULL,
    id              TEXT NOT NULL,
    requested_at_ms INTEGER NOT NULL,
    completed_at_ms INTEGER,
    PRIMARY KEY (owner_key, owner_user, id)
  ) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX erasures_under_way ON erasures (owner_key, owner_user) WHERE completed_at_ms IS NULL;
  `,
];
