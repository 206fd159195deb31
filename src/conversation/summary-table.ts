import type { Statements } from '../sqlite/statements.ts';
import type { Owner } from './store.ts';

export interface SummaryRow {
  /** The words as JSON, which also carries what SQLite's text would lose. */
  readonly text: string;
  readonly throughItemId: string;
  readonly createdAtMs: number;
}

interface Place {
  readonly owner: Owner;
  readonly conversationId: string;
}

const OWN = `conversations.id = :conversationId
  AND conversations.owner_key = :key AND conversations.owner_user = :user`;

/** Every statement on summaries; a test asks SQLite whether an index serves each of them. */
export const summarySql = {
  find: `SELECT text, through_item AS throughItemId, summaries.created_at_ms AS createdAtMs
    FROM conversations CROSS JOIN summaries ON conversation = seq WHERE ${OWN}`,
  save: `INSERT INTO summaries (conversation, through_item, created_at_ms, text)
    SELECT seq, items.id, :createdAtMs, :text
    FROM conversations CROSS JOIN items ON items.conversation = seq AND items.id = :throughItemId
    WHERE ${OWN}
    ON CONFLICT (conversation) DO UPDATE
      SET through_item = excluded.through_item, created_at_ms = excluded.created_at_ms, text = excluded.text`,
  dropIfCovering: `DELETE FROM summaries WHERE conversation = :conversation
    AND (SELECT position FROM items WHERE items.conversation = :conversation AND id = :item)
      <= (SELECT position FROM items WHERE items.conversation = :conversation AND id = through_item)`,
} as const;

/** The summaries of all conversations. Synchronous: it runs in the store's thread. */
export class SummaryTable {
  readonly #statements: Statements;

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  find({ owner, conversationId }: Place): SummaryRow | null {
    return this.#statements.get<SummaryRow>(summarySql.find, { ...owner, conversationId }) ?? null;
  }

  save({ owner, conversationId, row }: Place & { row: SummaryRow }): void {
    this.#statements.run(summarySql.save, { ...owner, conversationId, ...row });
  }

  /** An item is about to be deleted: its words must not live on in a summary. */
  dropIfCovering(conversation: number, item: string): void {
    this.#statements.run(summarySql.dropIfCovering, { conversation, item });
  }
}
