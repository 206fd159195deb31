import type { Owner } from './store.ts';

/** The beginning of a conversation in short, for when it is longer than a prompt. */
export interface ConversationSummary {
  readonly text: string;
  /** The newest item that it covers; all before it are covered too. */
  readonly throughItemId: string;
  readonly createdAtMs: number;
}

/**
 * Summaries of conversations, one each. One goes with its conversation, and when an item that it covers is deleted:
 * what was deleted must not live on in it.
 */
export interface SummaryStore {
  findSummary(owner: Owner, conversationId: string): Promise<ConversationSummary | null>;
  /** Takes the place of the one before. Does nothing when the conversation, or the item that it ends with, is gone. */
  saveSummary(owner: Owner, conversationId: string, summary: ConversationSummary): Promise<void>;
}
