import { type Clock, systemClock } from '../clock.ts';
import { DatabaseThread } from '../sqlite/database-thread.ts';
import type { ConversationThread, Reads, Writes } from './conversation-database.ts';
import type { ConversationRow } from './conversation-table.ts';
import type { Item } from './item.ts';
import { fromItemRow, toItemRow } from './item-row.ts';
import { SqliteErasures } from './sqlite-erasures.ts';
import { SqliteOutbox } from './sqlite-outbox.ts';
import { SqliteSummaries } from './sqlite-summaries.ts';
import type { ConversationRecord, Owner, Page, PageQuery, Placement, WholeStore } from './store.ts';
import {
  bareOwner,
  checkConversation,
  checkItem,
  checkName,
  checkOwner,
  checkPage,
  checkPlacement,
  checkTime,
} from './store-input.ts';
import { sweep } from './sweep.ts';

export interface SqliteStoreOptions {
  /** The database file; made when missing. Its folder must exist. One store per file, see `lockDataDir`. */
  readonly path: string;
  /** How long a write waits for another program that holds the file; 5 s when absent. */
  readonly busyTimeoutMs?: number;
  readonly clock?: Pick<Clock, 'nowMs'>;
}

/**
 * Conversations in one SQLite file, in a thread of its own.
 *
 * A write resolves when it is on the disk. Writes keep their order and share a commit when they come close together;
 * a read sees every write that was asked for before it. What is deleted is also wiped from its rows and from the log. Of
 * what SQLite had moved from page to page before, a copy may stay in the gap between rows until the next erasure.
 */
export class SqliteStore implements WholeStore, AsyncDisposable {
  /** How many items a killed process had left `in_progress`; they are `incomplete` now. For the log. */
  readonly closedItems: number;
  readonly outbox: SqliteOutbox;
  readonly summaries: SqliteSummaries;
  readonly erasures: SqliteErasures;
  readonly #thread: ConversationThread;
  readonly #clock: Pick<Clock, 'nowMs'>;

  private constructor(thread: ConversationThread, closedItems: number, clock: Pick<Clock, 'nowMs'>) {
    this.#thread = thread;
    this.closedItems = closedItems;
    this.outbox = new SqliteOutbox(thread);
    this.summaries = new SqliteSummaries(thread);
    this.erasures = new SqliteErasures(thread);
    this.#clock = clock;
  }

  /** Opens or creates the file. Fails with `store_failed` when it cannot be used; the message says what to do. */
  static async open(options: SqliteStoreOptions): Promise<SqliteStore> {
    const { path, busyTimeoutMs, clock = systemClock } = options;
    const module = new URL('./sqlite-worker.ts', import.meta.url);
    const thread = new DatabaseThread<Writes, Reads>({
      ...{ module, path, busyTimeoutMs },
      name: 'the conversation store',
    });
    try {
      const closedItems = await thread.write('recover', null);
      // What a kill left of a deletion.
      await sweep(thread);
      return new SqliteStore(thread, closedItems, clock);
    } catch (error) {
      await thread[Symbol.asyncDispose]();
      throw error;
    }
  }

  async create(
    owner: Owner,
    conversation: { id: string; createdAtMs: number; metadata: Readonly<Record<string, string>> },
  ): Promise<ConversationRecord> {
    const { id, createdAtMs } = conversation;
    checkConversation(owner, id);
    checkTime(createdAtMs, 'createdAtMs');
    const metadata = JSON.stringify(conversation.metadata);
    return toRecord(
      await this.#thread.write('create', { owner: bareOwner(owner), id, createdAtMs, metadata }),
    );
  }

  async find(owner: Owner, conversationId: string): Promise<ConversationRecord | null> {
    checkConversation(owner, conversationId);
    const row = await this.#thread.read('find', { owner: bareOwner(owner), id: conversationId });
    return row && toRecord(row);
  }

  async list(owner: Owner, page: PageQuery): Promise<Page<ConversationRecord>> {
    checkOwner(owner);
    checkPage(page);
    const { data, hasMore } = await this.#thread.read('list', { owner: bareOwner(owner), page });
    return { data: data.map(toRecord), hasMore };
  }

  async replaceMetadata(
    owner: Owner,
    conversationId: string,
    metadata: Readonly<Record<string, string>>,
  ): Promise<ConversationRecord> {
    checkConversation(owner, conversationId);
    const values = { id: conversationId, metadata: JSON.stringify(metadata), nowMs: this.#nowMs() };
    return toRecord(await this.#thread.write('replaceMetadata', { owner: bareOwner(owner), ...values }));
  }

  async delete(owner: Owner, conversationId: string): Promise<boolean> {
    checkConversation(owner, conversationId);
    const wasThere = await this.#thread.write('disown', { owner: bareOwner(owner), id: conversationId });
    if (wasThere) await sweep(this.#thread);
    return wasThere;
  }

  async insertItem(
    owner: Owner,
    conversationId: string,
    item: Item,
    placement: Placement = 'end',
  ): Promise<void> {
    checkConversation(owner, conversationId);
    checkItem(item);
    checkPlacement(placement);
    // A row now, not when the group is sent: the caller may go on changing the item.
    await this.#thread.write('insertItem', {
      owner: bareOwner(owner),
      conversationId,
      row: toItemRow(item),
      placement,
    });
  }

  async replaceItem(owner: Owner, conversationId: string, item: Item): Promise<void> {
    checkConversation(owner, conversationId);
    checkItem(item);
    await this.#thread.write('replaceItem', {
      owner: bareOwner(owner),
      conversationId,
      row: toItemRow(item),
    });
  }

  async appendItems(owner: Owner, conversationId: string, items: readonly Item[]): Promise<void> {
    checkConversation(owner, conversationId);
    for (const item of items) checkItem(item);
    await this.#thread.write('appendItems', {
      owner: bareOwner(owner),
      conversationId,
      rows: items.map(toItemRow),
    });
  }

  async findItem(owner: Owner, conversationId: string, itemId: string): Promise<Item | null> {
    checkConversation(owner, conversationId);
    checkName(itemId, 'item_id');
    const row = await this.#thread.read('findItem', { owner: bareOwner(owner), conversationId, itemId });
    return row && fromItemRow(row);
  }

  async listItems(owner: Owner, conversationId: string, page: PageQuery): Promise<Page<Item>> {
    checkConversation(owner, conversationId);
    checkPage(page);
    const { data, hasMore } = await this.#thread.read('listItems', {
      owner: bareOwner(owner),
      conversationId,
      page,
    });
    return { data: data.map(fromItemRow), hasMore };
  }

  async deleteItem(owner: Owner, conversationId: string, itemId: string): Promise<boolean> {
    checkConversation(owner, conversationId);
    checkName(itemId, 'item_id');
    return this.#thread.write('deleteItem', { owner: bareOwner(owner), conversationId, itemId });
  }

  /** What SQLite finds wrong with the file; empty when nothing. Reads all of it while every other call waits. */
  async quickCheck(): Promise<readonly string[]> {
    return this.#thread.read('quickCheck', null);
  }

  /** Waits for the writes that were asked for, then closes the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread[Symbol.asyncDispose]();
  }

  #nowMs(): number {
    return Math.round(this.#clock.nowMs());
  }
}

function toRecord({ id, createdAtMs, updatedAtMs, metadata }: ConversationRow): ConversationRecord {
  return { id, createdAtMs, updatedAtMs, metadata: JSON.parse(metadata) };
}
