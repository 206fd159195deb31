/** The schema of `memory.db`, see `migrate`. The vectors' tables are made when a space is used: `VectorIndex`. */
export const MEMORY_MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE owners (
    seq  INTEGER PRIMARY KEY,
    key  TEXT NOT NULL,
    user TEXT NOT NULL,
    UNIQUE (key, user)
  ) STRICT;

  CREATE TABLE memories (
    seq             INTEGER PRIMARY KEY,
    owner           INTEGER NOT NULL REFERENCES owners (seq),
    id              TEXT NOT NULL,
    kind            TEXT NOT NULL,
    text            TEXT NOT NULL,
    subject         TEXT NOT NULL,
    attribute       TEXT,
    value           TEXT,
    importance      REAL NOT NULL,
    valid_at_ms     INTEGER NOT NULL,
    invalid_at_ms   INTEGER,
    superseded_by   TEXT,
    conversation_id TEXT,
    item_id         TEXT,
    created_at_ms   INTEGER NOT NULL,
    last_used_at_ms INTEGER,
    -- A hash of what it says word for word; keeps the index short.
    fingerprint     TEXT NOT NULL,
    -- Those under which it is in postings, with spaces between them: what has to go with it.
    terms           TEXT NOT NULL,
    -- The number of the space in which it has a vector; 0 when in none.
    space           INTEGER NOT NULL,
    UNIQUE (owner, id)
  ) STRICT;
  CREATE INDEX memories_by_time ON memories (owner, created_at_ms, seq);
  CREATE INDEX memories_same_words ON memories (owner, fingerprint) WHERE invalid_at_ms IS NULL;
  CREATE INDEX memories_of_attribute ON memories (owner, subject, attribute)
    WHERE invalid_at_ms IS NULL AND attribute IS NOT NULL;
  CREATE INDEX memories_superseded ON memories (owner, superseded_by) WHERE superseded_by IS NOT NULL;
  CREATE INDEX memories_of_profile ON memories (owner, seq) WHERE invalid_at_ms IS NULL AND kind = 'profile';
  CREATE INDEX memories_by_space ON memories (space, seq) WHERE invalid_at_ms IS NULL;

  -- What holds, by its words. One owner's are together, so a search reads those of nobody else, and its cost does not
  -- grow with the number of owners.
  CREATE TABLE postings (
    owner  INTEGER NOT NULL,
    term   TEXT NOT NULL,
    memory INTEGER NOT NULL,
    weight REAL NOT NULL,
    PRIMARY KEY (owner, term, memory)
  ) STRICT, WITHOUT ROWID;

  -- A number is never used again: memories name the one that their vector is in.
  CREATE TABLE spaces (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    model      TEXT NOT NULL,
    dimensions INTEGER NOT NULL
  ) STRICT;
  `,
];
