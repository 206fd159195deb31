import { resolve } from 'node:path';
import { type Clock, systemClock } from '../clock.ts';
import { messageOf, VivavoceError } from '../errors.ts';
import { WorkerClient } from '../workers/worker-client.ts';
import type { Reads, WriteCall, Writes } from './conversation-database.ts';
import type { ConversationRow } from './conversation-table.ts';
import { GroupCommit } from './group-commit.ts';
import type { Item } from './item.ts';
import { fromItemRow, toItemRow } from './item-row.ts';
import type { DatabaseOptions } from './open-database.ts';
import type { SqliteWorkerApi } from './sqlite-worker.ts';
import type { ConversationRecord, ConversationStore, Owner, Page, PageQuery, Placement } from './store.ts';
import { unwrap } from './store-failure.ts';
import { checkItem, checkName, checkOwner, checkPage, checkPlacement, checkTime } from './store-input.ts';

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
 * a read sees every write that was asked for before it. What is deleted is also wiped from the file and its log.
 */
export class SqliteStore implements ConversationStore, AsyncDisposable {
  /** How many items a killed process had left `in_progress`; they are `incomplete` now. For the log. */
  readonly closedItems: number;
  readonly #worker: WorkerClient<SqliteWorkerApi>;
  readonly #commits: GroupCommit<WriteCall>;
  readonly #clock: Pick<Clock, 'nowMs'>;
  #closed = false;

  private constructor(
    worker: WorkerClient<SqliteWorkerApi>,
    closedItems: number,
    clock: Pick<Clock, 'nowMs'>,
  ) {
    this.#worker = worker;
    this.closedItems = closedItems;
    this.#clock = clock;
    this.#commits = new GroupCommit(async (calls) => unwrap(await inThread(worker, 'write', calls)));
  }

  /** Opens or creates the file. Fails with `store_failed` when it cannot be used; the message says what to do. */
  static async open(options: SqliteStoreOptions): Promise<SqliteStore> {
    const { path, busyTimeoutMs = 5_000, clock = systemClock } = options;
    const data: DatabaseOptions = { path: resolve(path), busyTimeoutMs };
    const worker = new WorkerClient<SqliteWorkerApi>(new URL('./sqlite-worker.ts', import.meta.url), data);
    try {
      const closedItems = unwrap(await inThread(worker, 'recover', null));
      return new SqliteStore(worker, closedItems, clock);
    } catch (error) {
      await worker[Symbol.asyncDispose]();
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
    return toRecord(await this.#write('create', { owner: only(owner), id, createdAtMs, metadata }));
  }

  async find(owner: Owner, conversationId: string): Promise<ConversationRecord | null> {
    checkConversation(owner, conversationId);
    const row = await this.#read('find', { owner: only(owner), id: conversationId });
    return row && toRecord(row);
  }

  async list(owner: Owner, page: PageQuery): Promise<Page<ConversationRecord>> {
    checkOwner(owner);
    checkPage(page);
    const { data, hasMore } = await this.#read('list', { owner: only(owner), page });
    return { data: data.map(toRecord), hasMore };
  }

  async replaceMetadata(
    owner: Owner,
    conversationId: string,
    metadata: Readonly<Record<string, string>>,
  ): Promise<ConversationRecord> {
    checkConversation(owner, conversationId);
    const values = { id: conversationId, metadata: JSON.stringify(metadata), nowMs: this.#nowMs() };
    return toRecord(await this.#write('replaceMetadata', { owner: only(owner), ...values }));
  }

  async delete(owner: Owner, conversationId: string): Promise<boolean> {
    checkConversation(owner, conversationId);
    return this.#write('delete', { owner: only(owner), id: conversationId });
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
    await this.#write('insertItem', { owner: only(owner), conversationId, row: toItemRow(item), placement });
  }

  async replaceItem(owner: Owner, conversationId: string, item: Item): Promise<void> {
    checkConversation(owner, conversationId);
    checkItem(item);
    await this.#write('replaceItem', { owner: only(owner), conversationId, row: toItemRow(item) });
  }

  async appendItems(owner: Owner, conversationId: string, items: readonly Item[]): Promise<void> {
    checkConversation(owner, conversationId);
    for (const item of items) checkItem(item);
    await this.#write('appendItems', { owner: only(owner), conversationId, rows: items.map(toItemRow) });
  }

  async findItem(owner: Owner, conversationId: string, itemId: string): Promise<Item | null> {
    checkConversation(owner, conversationId);
    checkName(itemId, 'item_id');
    const row = await this.#read('findItem', { owner: only(owner), conversationId, itemId });
    return row && fromItemRow(row);
  }

  async listItems(owner: Owner, conversationId: string, page: PageQuery): Promise<Page<Item>> {
    checkConversation(owner, conversationId);
    checkPage(page);
    const { data, hasMore } = await this.#read('listItems', { owner: only(owner), conversationId, page });
    return { data: data.map(fromItemRow), hasMore };
  }

  async deleteItem(owner: Owner, conversationId: string, itemId: string): Promise<boolean> {
    checkConversation(owner, conversationId);
    checkName(itemId, 'item_id');
    return this.#write('deleteItem', { owner: only(owner), conversationId, itemId });
  }

  /** What SQLite finds wrong with the file; empty when nothing. Reads all of it while every other call waits. */
  async quickCheck(): Promise<readonly string[]> {
    this.#checkOpen();
    this.#commits.flush();
    return unwrap(await inThread(this.#worker, 'quickCheck', null));
  }

  /** Waits for the writes that were asked for, then closes the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#commits.flush();
    // Behind the calls that wait for the start of the thread. When it fails to start, they are told, and that suffices.
    await Promise.allSettled([this.#worker.start()]);
    await this.#worker[Symbol.asyncDispose]();
  }

  async #write<M extends keyof Writes>(
    method: M,
    argument: Parameters<Writes[M]>[0],
  ): Promise<ReturnType<Writes[M]>> {
    this.#checkOpen();
    return this.#commits.add({ method, argument } as WriteCall) as Promise<ReturnType<Writes[M]>>;
  }

  async #read<M extends keyof Reads>(
    method: M,
    argument: Parameters<Reads[M]>[0],
  ): Promise<ReturnType<Reads[M]>> {
    this.#checkOpen();
    this.#commits.flush();
    const outcome = await inThread(this.#worker, 'read', { method, argument } as never);
    return unwrap(outcome) as ReturnType<Reads[M]>;
  }

  #checkOpen(): void {
    if (this.#closed) throw new VivavoceError('store_failed', 'the conversation store is closed');
  }

  #nowMs(): number {
    return Math.round(this.#clock.nowMs());
  }
}

/** Every call waits for the start first, so that the order of the calls also holds while a dead thread is replaced. */
async function inThread<M extends keyof SqliteWorkerApi & string>(
  worker: WorkerClient<SqliteWorkerApi>,
  method: M,
  argument: Parameters<SqliteWorkerApi[M]>[0],
): Promise<Awaited<ReturnType<SqliteWorkerApi[M]>>> {
  try {
    await worker.start();
    return await worker.call(method, argument);
  } catch (cause) {
    const message = `the conversation store cannot answer (${messageOf(cause)}): what was just written may not be saved`;
    throw new VivavoceError('store_failed', message, { cause });
  }
}

function checkConversation(owner: Owner, conversationId: string): void {
  checkOwner(owner);
  checkName(conversationId, 'conversation_id');
}

/** An owner may be a larger object with these two fields; statements take no others. */
function only({ key, user }: Owner): Owner {
  return { key, user };
}

function toRecord({ id, createdAtMs, updatedAtMs, metadata }: ConversationRow): ConversationRecord {
  return { id, createdAtMs, updatedAtMs, metadata: JSON.parse(metadata) };
}
