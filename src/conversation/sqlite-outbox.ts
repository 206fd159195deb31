import type { ConversationThread } from './conversation-database.ts';
import type { MessageItem } from './item.ts';
import { fromItemRow } from './item-row.ts';
import type { MemoryOutbox, OutboxChanges, OutboxItem, OutboxStage, OutboxSummary } from './memory-outbox.ts';
import type { OutboxRow } from './outbox-table.ts';
import type { Owner } from './store.ts';
import { bareOwner, checkConversation, checkLimit, checkName, checkOwner } from './store-input.ts';

/** The outbox of a `SqliteStore`. */
export class SqliteOutbox implements MemoryOutbox {
  readonly #thread: ConversationThread;

  constructor(thread: ConversationThread) {
    this.#thread = thread;
  }

  async waiting(limit: number): Promise<readonly OutboxSummary[]> {
    checkLimit(limit);
    return await this.#thread.read('waiting', { limit });
  }

  async waitingIn(
    owner: Owner,
    conversationId: string,
    stages: readonly OutboxStage[],
    limit: number,
  ): Promise<readonly OutboxItem[]> {
    checkConversation(owner, conversationId);
    checkLimit(limit);
    const values = { conversationId, stages, limit };
    const rows = await this.#thread.read('waitingIn', { owner: bareOwner(owner), ...values });
    return rows.map(toOutboxItem);
  }

  async newestOf(owner: Owner, limit: number): Promise<readonly OutboxItem[]> {
    checkOwner(owner);
    checkLimit(limit);
    const rows = await this.#thread.read('newestOf', { owner: bareOwner(owner), limit });
    return rows.map(toOutboxItem);
  }

  async quarantined(): Promise<number> {
    return await this.#thread.read('quarantined', null);
  }

  async settle(
    owner: Owner,
    conversationId: string,
    { items, changes }: Parameters<MemoryOutbox['settle']>[2],
  ): Promise<void> {
    checkConversation(owner, conversationId);
    for (const { id } of items) checkName(id, 'item_id');
    const settled = { items: items.map(({ id, to }) => ({ id, to })), changes };
    await this.#thread.write('settle', { owner: bareOwner(owner), conversationId, ...settled });
  }

  async decided(limit: number): Promise<readonly OutboxChanges[]> {
    checkLimit(limit);
    return await this.#thread.read('decided', { limit });
  }

  async applied(sequences: readonly number[]): Promise<void> {
    await this.#thread.write('applied', [...sequences]);
  }
}

function toOutboxItem(row: OutboxRow): OutboxItem {
  // Only messages of a person enter.
  return { conversationId: row.conversationId, stage: row.stage, item: fromItemRow(row) as MessageItem };
}
