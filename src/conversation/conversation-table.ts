import type { Statements } from '../sqlite/statements.ts';
import { conversationNotFound, cursorNotFound, idTaken } from './not-found.ts';
import type { Owner, Page, PageQuery } from './store.ts';

export interface ConversationRow {
  readonly id: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  /** JSON of the metadata. */
  readonly metadata: string;
}

const COLUMNS = 'id, created_at_ms AS createdAtMs, updated_at_ms AS updatedAtMs, metadata';
const OWN = 'id = :id AND owner_key = :key AND owner_user = :user';

/** Every statement on conversations; a test asks SQLite whether an index serves each of them. */
export const conversationSql = {
  insert: `INSERT INTO conversations (id, owner_key, owner_user, created_at_ms, updated_at_ms, metadata)
    VALUES (:id, :key, :user, :createdAtMs, :createdAtMs, :metadata) ON CONFLICT (id) DO NOTHING`,
  find: `SELECT ${COLUMNS} FROM conversations WHERE ${OWN}`,
  sequence: `SELECT seq FROM conversations WHERE ${OWN}`,
  cursor: `SELECT updated_at_ms AS updatedAtMs, seq FROM conversations WHERE ${OWN}`,
  newestFirst: `SELECT ${COLUMNS} FROM conversations
    WHERE owner_key = :key AND owner_user = :user AND (updated_at_ms, seq) < (:updatedAtMs, :seq)
    ORDER BY updated_at_ms DESC, seq DESC LIMIT :count`,
  oldestFirst: `SELECT ${COLUMNS} FROM conversations
    WHERE owner_key = :key AND owner_user = :user AND (updated_at_ms, seq) > (:updatedAtMs, :seq)
    ORDER BY updated_at_ms, seq LIMIT :count`,
  replaceMetadata: `UPDATE conversations
    SET metadata = :metadata, updated_at_ms = max(updated_at_ms, :nowMs) WHERE ${OWN} RETURNING ${COLUMNS}`,
} as const;

/** The conversations of all owners; each method sees those of one. Synchronous: it runs in the store's thread. */
export class ConversationTable {
  readonly #statements: Statements;

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  create(argument: { owner: Owner; id: string; createdAtMs: number; metadata: string }): ConversationRow {
    const { owner, id, createdAtMs, metadata } = argument;
    this.#statements.run(conversationSql.insert, { ...owner, id, createdAtMs, metadata });
    const row = this.find({ owner, id });
    if (!row) throw idTaken(id);
    return row;
  }

  find({ owner, id }: { owner: Owner; id: string }): ConversationRow | null {
    return this.#statements.get<ConversationRow>(conversationSql.find, { ...owner, id }) ?? null;
  }

  list({ owner, page }: { owner: Owner; page: PageQuery }): Page<ConversationRow> {
    const { after, limit, order } = page;
    const sql = order === 'desc' ? conversationSql.newestFirst : conversationSql.oldestFirst;
    const cursor = after === undefined ? beforeTheFirst(order) : this.#cursor(owner, after);
    const rows = this.#statements.all<ConversationRow>(sql, { ...owner, ...cursor, count: limit + 1 });
    return { data: rows.slice(0, limit), hasMore: rows.length > limit };
  }

  replaceMetadata(argument: { owner: Owner; id: string; metadata: string; nowMs: number }): ConversationRow {
    const { owner, ...values } = argument;
    const sql = conversationSql.replaceMetadata;
    const row = this.#statements.get<ConversationRow>(sql, { ...owner, ...values });
    if (!row) throw conversationNotFound(argument.id);
    return row;
  }

  /** The number under which the items table knows the conversation. */
  sequenceOf(owner: Owner, id: string): number {
    const row = this.#statements.get<{ seq: number }>(conversationSql.sequence, { ...owner, id });
    if (!row) throw conversationNotFound(id);
    return row.seq;
  }

  #cursor(owner: Owner, id: string) {
    const cursor = this.#statements.get<{ updatedAtMs: number; seq: number }>(conversationSql.cursor, {
      ...owner,
      id,
    });
    if (!cursor) throw cursorNotFound(id, 'after');
    return { ...cursor };
  }
}

function beforeTheFirst(order: PageQuery['order']) {
  const edge = order === 'desc' ? Number.MAX_SAFE_INTEGER : Number.MIN_SAFE_INTEGER;
  return { updatedAtMs: edge, seq: edge };
}
