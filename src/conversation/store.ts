import type { ErasureLog } from './erasure-log.ts';
import type { Item } from './item.ts';
import type { MemoryOutbox } from './memory-outbox.ts';
import type { SummaryStore } from './summary-store.ts';

/** Whose conversations these are. Every method takes it first: nothing of another owner can be seen or touched. */
export interface Owner {
  /** Name of the API key; `local` without keys. */
  readonly key: string;
  readonly user: string;
}

export interface ConversationRecord {
  readonly id: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface PageQuery {
  /** The id after which the page begins; the beginning when absent. An unknown id is `not_found`. */
  readonly after?: string;
  readonly limit: number;
  readonly order: 'asc' | 'desc';
}

export interface Page<T> {
  readonly data: readonly T[];
  readonly hasMore: boolean;
}

/** Where a new item goes: at the end, at the front, or behind another item. */
export type Placement = 'end' | 'root' | { readonly after: string };

/**
 * The one source of truth. A promise that resolves means *durable*: it is still there after a power cut.
 *
 * Failures are `VivavoceError`s: `not_found` (conversation, item or cursor), `conflict` (the id of a
 * conversation is another owner's, or that of an item is taken), `store_failed` (disk full, read-only, corrupt; the message says what to do).
 */
export interface ConversationStore {
  /** Idempotent: the same id of the same owner again returns what is there and changes nothing. */
  create(
    owner: Owner,
    conversation: { id: string; createdAtMs: number; metadata: Readonly<Record<string, string>> },
  ): Promise<ConversationRecord>;
  find(owner: Owner, conversationId: string): Promise<ConversationRecord | null>;
  /** Newest activity first when `order` is `desc`. */
  list(owner: Owner, page: PageQuery): Promise<Page<ConversationRecord>>;
  replaceMetadata(
    owner: Owner,
    conversationId: string,
    metadata: Readonly<Record<string, string>>,
  ): Promise<ConversationRecord>;
  /** Deletes the conversation with all of its items; false when it was not there. */
  delete(owner: Owner, conversationId: string): Promise<boolean>;

  /** Inserts a new item. An id that is taken in this conversation is a `conflict`, and what is there stays. */
  insertItem(owner: Owner, conversationId: string, item: Item, placement?: Placement): Promise<void>;
  /** Replaces the item with this id where it stands. Does nothing when it is not there: what was deleted stays so. */
  replaceItem(owner: Owner, conversationId: string, item: Item): Promise<void>;
  /** Inserts all in order at the end, or none. Items whose id is there already are left as they are. */
  appendItems(owner: Owner, conversationId: string, items: readonly Item[]): Promise<void>;
  findItem(owner: Owner, conversationId: string, itemId: string): Promise<Item | null>;
  listItems(owner: Owner, conversationId: string, page: PageQuery): Promise<Page<Item>>;
  /** False when it was not there. */
  deleteItem(owner: Owner, conversationId: string, itemId: string): Promise<boolean>;
}

/** Conversations with all that hangs on them and is written with them. */
export interface WholeStore extends ConversationStore {
  readonly outbox: MemoryOutbox;
  readonly summaries: SummaryStore;
  readonly erasures: ErasureLog;
}
