import type { Statements } from '../sqlite/statements.ts';
import type { ConversationTable } from './conversation-table.ts';
import { saidIn } from './item.ts';
import { fromItemRow, type ItemRow, type NewItemRow } from './item-row.ts';
import { cursorNotFound, itemIdTaken } from './not-found.ts';
import type { OutboxTable } from './outbox-table.ts';
import type { Owner, Page, PageQuery, Placement } from './store.ts';
import type { SummaryTable } from './summary-table.ts';

/** The distance between neighbours at the ends: so often half of it can be taken before a renumbering. */
export const POSITION_STEP = 2 ** 24;

const COLUMNS = 'id, type, role, status, created_at_ms AS createdAtMs, response_id AS responseId, body';
const INTO = `INTO items
  (conversation, id, position, type, role, status, created_at_ms, response_id, body, memory_stage)`;
const VALUES = ':type, :role, :status, :createdAtMs, :responseId, :body, :stage';
const AT_END = (conversation: string) =>
  `coalesce((SELECT max(position) FROM items WHERE conversation = ${conversation}), 0) + ${POSITION_STEP}`;

/** Every statement on items; a test asks SQLite whether an index serves each of them. */
export const itemSql = {
  /** The hot path: owner check, position and insertion in one. */
  insertAtEnd: `INSERT ${INTO}
    SELECT seq, :id, ${AT_END('seq')}, ${VALUES}
    FROM conversations WHERE id = :conversationId AND owner_key = :key AND owner_user = :user
    ON CONFLICT (conversation, id) DO NOTHING`,
  append: `INSERT ${INTO} VALUES (:conversation, :id, ${AT_END(':conversation')}, ${VALUES})
    ON CONFLICT (conversation, id) DO NOTHING`,
  replace: `UPDATE items SET type = :type, role = :role, status = :status, created_at_ms = :createdAtMs,
      response_id = :responseId, body = :body, memory_stage = iif(:stage IS NULL, NULL, memory_stage)
    WHERE conversation = :conversation AND id = :id`,
  insertAt: `INSERT ${INTO} VALUES (:conversation, :id, :position, ${VALUES})`,
  first: 'SELECT min(position) AS position FROM items WHERE conversation = :conversation',
  behind: `SELECT position AS lower,
      (SELECT min(position) FROM items
       WHERE conversation = anchor.conversation AND position > anchor.position) AS upper
    FROM items AS anchor WHERE conversation = :conversation AND id = :id`,
  extent: `SELECT max(position) AS last, count(*) AS items FROM items WHERE conversation = :conversation`,
  renumber: `UPDATE items SET position = :base + ${POSITION_STEP} * ranked.rank
    FROM (SELECT id, row_number() OVER (ORDER BY position) AS rank
          FROM items WHERE conversation = :conversation) AS ranked
    WHERE items.conversation = :conversation AND items.id = ranked.id`,
  find: `SELECT ${COLUMNS} FROM items WHERE conversation = :conversation AND id = :id`,
  positionOf: 'SELECT position FROM items WHERE conversation = :conversation AND id = :id',
  forwards: `SELECT ${COLUMNS} FROM items WHERE conversation = :conversation AND position > :position
    ORDER BY position LIMIT :count`,
  backwards: `SELECT ${COLUMNS} FROM items WHERE conversation = :conversation AND position < :position
    ORDER BY position DESC LIMIT :count`,
  delete: 'DELETE FROM items WHERE conversation = :conversation AND id = :id',
  closeOpen: `UPDATE items SET status = 'incomplete' WHERE status = 'in_progress'`,
} as const;

interface Place {
  readonly owner: Owner;
  readonly conversationId: string;
}

interface Deps {
  readonly statements: Statements;
  readonly conversations: ConversationTable;
  readonly outbox: OutboxTable;
  readonly summaries: SummaryTable;
}

/** The items of all conversations, in the order of `position`. Synchronous: it runs in the store's thread. */
export class ItemTable {
  readonly #statements: Statements;
  readonly #conversations: ConversationTable;
  readonly #outbox: OutboxTable;
  readonly #summaries: SummaryTable;

  constructor({ statements, conversations, outbox, summaries }: Deps) {
    this.#statements = statements;
    this.#conversations = conversations;
    this.#outbox = outbox;
    this.#summaries = summaries;
  }

  insert({ owner, conversationId, row, placement }: Place & { row: NewItemRow; placement: Placement }): void {
    if (placement === 'end') {
      if (this.#statements.run(itemSql.insertAtEnd, { ...owner, conversationId, ...row }) > 0) return;
      this.#conversations.sequenceOf(owner, conversationId); // Throws when it is the conversation that is missing.
      throw itemIdTaken(row.id);
    }
    const conversation = this.#conversations.sequenceOf(owner, conversationId);
    if (this.#statements.get(itemSql.positionOf, { conversation, id: row.id })) throw itemIdTaken(row.id);
    const position =
      placement === 'root' ? this.#atRoot(conversation) : this.#behind(conversation, placement.after);
    this.#statements.run(itemSql.insertAt, { conversation, position, ...row });
  }

  /** The same words again are no news for memory. */
  replace({ owner, conversationId, row }: Place & { row: NewItemRow }): void {
    const conversation = this.#conversations.sequenceOf(owner, conversationId);
    const before = row.stage && this.#statements.get<ItemRow>(itemSql.find, { conversation, id: row.id });
    this.#statements.run(itemSql.replace, { conversation, ...row });
    if (!before || saidIn(fromItemRow(before)) === saidIn(fromItemRow(row))) return;
    this.#outbox.enter(conversation, row.id);
  }

  append({ owner, conversationId, rows }: Place & { rows: readonly NewItemRow[] }): void {
    const conversation = this.#conversations.sequenceOf(owner, conversationId);
    for (const row of rows) this.#statements.run(itemSql.append, { conversation, ...row });
  }

  find({ owner, conversationId, itemId }: Place & { itemId: string }): ItemRow | null {
    const conversation = this.#conversations.sequenceOf(owner, conversationId);
    return this.#statements.get<ItemRow>(itemSql.find, { conversation, id: itemId }) ?? null;
  }

  list({ owner, conversationId, page }: Place & { page: PageQuery }): Page<ItemRow> {
    const { after, limit, order } = page;
    const conversation = this.#conversations.sequenceOf(owner, conversationId);
    const position = after === undefined ? beforeTheFirst(order) : this.#positionOf(conversation, after);
    const sql = order === 'asc' ? itemSql.forwards : itemSql.backwards;
    const rows = this.#statements.all<ItemRow>(sql, { conversation, position, count: limit + 1 });
    return { data: rows.slice(0, limit), hasMore: rows.length > limit };
  }

  delete({ owner, conversationId, itemId }: Place & { itemId: string }): boolean {
    const conversation = this.#conversations.sequenceOf(owner, conversationId);
    this.#summaries.dropIfCovering(conversation, itemId);
    return this.#statements.run(itemSql.delete, { conversation, id: itemId }) > 0;
  }

  /** Marks what is still `in_progress` as `incomplete`; returns how many items that were. */
  closeOpen(): number {
    return this.#statements.run(itemSql.closeOpen);
  }

  #positionOf(conversation: number, id: string): number {
    const row = this.#statements.get<{ position: number }>(itemSql.positionOf, { conversation, id });
    if (!row) throw cursorNotFound(id, 'after');
    return row.position;
  }

  #atRoot(conversation: number): number {
    const row = this.#statements.get<{ position: number | null }>(itemSql.first, { conversation });
    return (row?.position ?? 2 * POSITION_STEP) - POSITION_STEP;
  }

  #behind(conversation: number, id: string): number {
    const gap = () => {
      const row = this.#statements.get<{ lower: number; upper: number | null }>(itemSql.behind, {
        conversation,
        id,
      });
      if (!row) throw cursorNotFound(id, 'previous_item_id');
      return { lower: row.lower, upper: row.upper ?? row.lower + 2 * POSITION_STEP };
    };
    let { lower, upper } = gap();
    if (upper - lower < 2) {
      this.#renumber(conversation);
      ({ lower, upper } = gap());
    }
    return lower + Math.floor((upper - lower) / 2);
  }

  /**
   * Restores the full step between neighbours. First to numbers that are above all old and all new ones, then down:
   * SQLite checks uniqueness row by row, and the numbers must not grow from one renumbering to the next.
   */
  #renumber(conversation: number): void {
    const extent = this.#statements.get<{ last: number; items: number }>(itemSql.extent, { conversation });
    if (!extent) return;
    const above = Math.max(extent.last, extent.items * POSITION_STEP);
    this.#statements.run(itemSql.renumber, { conversation, base: above });
    this.#statements.run(itemSql.renumber, { conversation, base: 0 });
  }
}

function beforeTheFirst(order: PageQuery['order']): number {
  return order === 'asc' ? Number.MIN_SAFE_INTEGER : Number.MAX_SAFE_INTEGER;
}
