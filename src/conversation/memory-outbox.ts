import type { MessageItem } from './item.ts';
import type { Owner } from './store.ts';

/**
 * How far a message of a person has come on its way into memory:
 * `new`: nothing was learned from it yet; `noted`: the rules have read it, it waits for a language model;
 * `quarantined`: the model's answers to it were unusable, twice. One that is done is no longer in the outbox.
 */
export type OutboxStage = 'new' | 'noted' | 'quarantined';

export interface OutboxItem {
  readonly conversationId: string;
  readonly item: MessageItem;
  readonly stage: OutboxStage;
}

/** Messages of one conversation that wait. */
export interface OutboxSummary {
  readonly owner: Owner;
  readonly conversationId: string;
  readonly newItems: number;
  readonly notedItems: number;
  readonly newestAtMs: number;
}

/** Changes of somebody's memory that are decided and not yet applied. */
export interface OutboxChanges {
  /** In the order in which they were decided. */
  readonly sequence: number;
  readonly owner: Owner;
  /** JSON that the memory understands. */
  readonly changes: string;
}

/**
 * What memory has still to learn: the store's own messages that nothing was learned from, and the changes that are
 * decided and not applied. It is a part of the store, so that a message and its place in the outbox are one write: a crash loses neither.
 *
 * Every message of a user with words enters it in the same transaction in which it gets them (also when it is replaced by
 * one with other words), and leaves it when it is deleted.
 */
export interface MemoryOutbox {
  /**
   * Conversations with messages that wait (`new` or `noted`): those with new ones first, however many others wait for a
   * model that is not there; then the longest waiting first. Sees all owners.
   */
  waiting(limit: number): Promise<readonly OutboxSummary[]>;
  /** The messages of one conversation that are in one of these stages, oldest first; none of one that is not there. */
  waitingIn(
    owner: Owner,
    conversationId: string,
    stages: readonly OutboxStage[],
    limit: number,
  ): Promise<readonly OutboxItem[]>;
  /**
   * The newest messages of an owner that no model has read yet (`new` or `noted`), newest first; all of the conversation
   * with the newest activity before those of the next one.
   */
  newestOf(owner: Owner, limit: number): Promise<readonly OutboxItem[]>;
  /** Messages of all owners that are quarantined, how many. */
  quarantined(): Promise<number>;
  /**
   * Moves messages on (`done`: out of the outbox) and keeps what was decided, all in one transaction. Messages that are
   * no longer in the outbox, or are already where they should go, are ignored; when none is left, so are the changes: to
   * do it twice is to do it once.
   */
  settle(
    owner: Owner,
    conversationId: string,
    settled: {
      readonly items: readonly { readonly id: string; readonly to: OutboxStage | 'done' }[];
      /** JSON of the changes; null: nothing was learned. */
      readonly changes: string | null;
    },
  ): Promise<void>;
  /** Decided changes, oldest first. */
  decided(limit: number): Promise<readonly OutboxChanges[]>;
  /** They are applied. */
  applied(sequences: readonly number[]): Promise<void>;
}
