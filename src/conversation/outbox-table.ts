import type { Statements } from '../sqlite/statements.ts';
import type { ItemRow } from './item-row.ts';
import type { OutboxChanges, OutboxStage, OutboxSummary } from './memory-outbox.ts';
import type { Owner } from './store.ts';

export interface OutboxRow extends ItemRow {
  readonly conversationId: string;
  readonly stage: OutboxStage;
}

const OWNER = 'owner_key AS key, owner_user AS user';
const ITEM = 'conversation = :conversation AND id = :item';
const ROW = `conversations.id AS conversationId, memory_stage AS stage, items.id AS id, type, role, status,
  items.created_at_ms AS createdAtMs, response_id AS responseId, body`;
const WAITS = "memory_stage IS NOT NULL AND memory_stage <> 'quarantined'";
const OWN = 'conversations.owner_key = :key AND conversations.owner_user = :user';

/** Every statement on the outbox; a test asks SQLite whether an index serves each of them. */
export const outboxSql = {
  enter: `UPDATE items SET memory_stage = 'new' WHERE ${ITEM}`,
  leave: `UPDATE items SET memory_stage = NULL WHERE ${ITEM} AND memory_stage IS NOT NULL`,
  move: `UPDATE items SET memory_stage = :stage WHERE ${ITEM} AND memory_stage <> :stage`,
  /** Goes through all that waits, in its index. Of conversations that are being deleted nothing waits. */
  waiting: `SELECT ${OWNER}, id AS conversationId, newItems, notedItems, newestAtMs
    FROM (SELECT conversation, sum(memory_stage = 'new') AS newItems, sum(memory_stage = 'noted') AS notedItems,
            max(created_at_ms) AS newestAtMs, min(created_at_ms) AS oldestAtMs
          FROM items INDEXED BY items_for_memory WHERE ${WAITS} GROUP BY conversation
          ORDER BY newItems = 0, oldestAtMs, conversation LIMIT :limit)
      CROSS JOIN conversations ON seq = conversation AND owner_key <> ''
    ORDER BY newItems = 0, oldestAtMs, seq`,
  waitingIn: `SELECT ${ROW}
    FROM conversations CROSS JOIN items INDEXED BY items_for_memory ON items.conversation = seq
    WHERE conversations.id = :conversationId AND ${OWN}
      AND memory_stage IS NOT NULL AND memory_stage IN (SELECT value FROM json_each(:stages))
    ORDER BY position LIMIT :limit`,
  newestOf: `SELECT ${ROW}
    FROM conversations INDEXED BY conversations_of_owner
      CROSS JOIN items INDEXED BY items_for_memory ON items.conversation = seq
    WHERE ${OWN} AND ${WAITS}
    ORDER BY updated_at_ms DESC, seq DESC, position DESC LIMIT :limit`,
  quarantined: `SELECT count(*) AS items FROM items WHERE memory_stage = 'quarantined'`,
  place: `SELECT seq AS conversation, created_at_ms AS beganAtMs FROM conversations
    WHERE id = :conversationId AND owner_key = :key AND owner_user = :user`,
  decide: `INSERT INTO decided_changes (owner_key, owner_user, began_at_ms, changes)
    VALUES (:key, :user, :beganAtMs, :changes)`,
  decided: `SELECT seq AS sequence, ${OWNER}, changes FROM decided_changes ORDER BY seq LIMIT :limit`,
  applied: 'DELETE FROM decided_changes WHERE seq = :sequence',
  /** Of conversations that began by then: what comes from later ones was said after the wish to be forgotten. */
  undecide: `DELETE FROM decided_changes
    WHERE owner_key = :key AND owner_user = :user AND began_at_ms <= :untilMs`,
} as const;

type OwnerRow<T extends { readonly owner: Owner }> = Omit<T, 'owner'> & Owner;

/** What memory has still to learn, of all conversations. Synchronous: it runs in the store's thread. */
export class OutboxTable {
  readonly #statements: Statements;

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  /** An item has got words, or other ones. */
  enter(conversation: number, item: string): void {
    this.#statements.run(outboxSql.enter, { conversation, item });
  }

  waiting({ limit }: { limit: number }): readonly OutboxSummary[] {
    return this.#statements.all<OwnerRow<OutboxSummary>>(outboxSql.waiting, { limit }).map(withOwner);
  }

  waitingIn(argument: {
    owner: Owner;
    conversationId: string;
    stages: readonly OutboxStage[];
    limit: number;
  }): readonly OutboxRow[] {
    const { owner, stages, ...values } = argument;
    const parameters = { ...owner, ...values, stages: JSON.stringify(stages) };
    return this.#statements.all<OutboxRow>(outboxSql.waitingIn, parameters);
  }

  newestOf({ owner, limit }: { owner: Owner; limit: number }): readonly OutboxRow[] {
    return this.#statements.all<OutboxRow>(outboxSql.newestOf, { ...owner, limit });
  }

  quarantined(): number {
    return this.#statements.get<{ items: number }>(outboxSql.quarantined)?.items ?? 0;
  }

  settle(argument: {
    owner: Owner;
    conversationId: string;
    items: readonly { readonly id: string; readonly to: OutboxStage | 'done' }[];
    changes: string | null;
  }): void {
    const { owner, conversationId, items, changes } = argument;
    const place = this.#statements.get<{ conversation: number; beganAtMs: number }>(outboxSql.place, {
      ...owner,
      conversationId,
    });
    if (!place) return;
    const { conversation, beganAtMs } = place;
    let moved = 0;
    for (const { id: item, to: stage } of items) {
      moved +=
        stage === 'done'
          ? this.#statements.run(outboxSql.leave, { conversation, item })
          : this.#statements.run(outboxSql.move, { conversation, item, stage });
    }
    if (moved === 0 || changes === null) return;
    this.#statements.run(outboxSql.decide, { ...owner, beganAtMs, changes });
  }

  decided({ limit }: { limit: number }): readonly OutboxChanges[] {
    return this.#statements.all<OwnerRow<OutboxChanges>>(outboxSql.decided, { limit }).map(withOwner);
  }

  applied(sequences: readonly number[]): void {
    for (const sequence of sequences) this.#statements.run(outboxSql.applied, { sequence });
  }

  /** Drops what was decided from conversations that began by then. */
  undecide({ owner, untilMs }: { owner: Owner; untilMs: number }): void {
    this.#statements.run(outboxSql.undecide, { ...owner, untilMs });
  }
}

function withOwner<T extends Owner>({ key, user, ...rest }: T) {
  return { ...rest, owner: { key, user } };
}
