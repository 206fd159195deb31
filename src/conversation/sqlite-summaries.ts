import type { ConversationThread } from './conversation-database.ts';
import type { Owner } from './store.ts';
import { bareOwner, checkConversation, checkName, checkTime } from './store-input.ts';
import type { ConversationSummary, SummaryStore } from './summary-store.ts';

/** The summaries of a `SqliteStore`. */
export class SqliteSummaries implements SummaryStore {
  readonly #thread: ConversationThread;

  constructor(thread: ConversationThread) {
    this.#thread = thread;
  }

  async findSummary(owner: Owner, conversationId: string): Promise<ConversationSummary | null> {
    checkConversation(owner, conversationId);
    const row = await this.#thread.read('findSummary', { owner: bareOwner(owner), conversationId });
    return row && { ...row, text: JSON.parse(row.text) };
  }

  async saveSummary(
    owner: Owner,
    conversationId: string,
    { text, throughItemId, createdAtMs }: ConversationSummary,
  ): Promise<void> {
    checkConversation(owner, conversationId);
    checkName(throughItemId, 'throughItemId');
    checkTime(createdAtMs, 'createdAtMs');
    const row = { text: JSON.stringify(text), throughItemId, createdAtMs };
    await this.#thread.write('saveSummary', { owner: bareOwner(owner), conversationId, row });
  }
}
