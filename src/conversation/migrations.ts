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
];
