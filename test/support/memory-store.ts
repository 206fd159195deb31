import { type Clock, systemClock } from '../../src/clock.ts';
import { type Item, saidIn } from '../../src/conversation/item.ts';
import {
  conversationNotFound,
  cursorNotFound,
  idTaken,
  itemIdTaken,
} from '../../src/conversation/not-found.ts';
import type {
  ConversationRecord,
  Owner,
  Page,
  PageQuery,
  Placement,
  WholeStore,
} from '../../src/conversation/store.ts';
import * as input from '../../src/conversation/store-input.ts';
import {
  type Entry,
  isSame,
  MemoryErasures,
  MemoryOutboxDouble,
  MemorySummaries,
  ownEntry,
} from './memory-store-parts.ts';

/**
 * A `WholeStore` in arrays, with the contract of `SqliteStore` (one test runs over both): for tests that need a
 * store and no file. Nothing is durable. Answers come in a later microtask, as from the real one.
 */
export class MemoryStore implements WholeStore {
  readonly #entries = new Map<string, Entry>();
  readonly outbox = new MemoryOutboxDouble(this.#entries);
  readonly summaries = new MemorySummaries(this.#entries);
  readonly erasures = new MemoryErasures(this.#entries, this.outbox);
  readonly #clock: Pick<Clock, 'nowMs'>;

  constructor(clock: Pick<Clock, 'nowMs'> = systemClock) {
    this.#clock = clock;
  }

  async create(
    owner: Owner,
    conversation: { id: string; createdAtMs: number; metadata: Readonly<Record<string, string>> },
  ): Promise<ConversationRecord> {
    const { id, createdAtMs } = conversation;
    input.checkConversation(owner, id);
    input.checkTime(createdAtMs, 'createdAtMs');
    const there = this.#entries.get(id);
    if (there && !isSame(there.owner, owner)) throw idTaken(id);
    if (there) return structuredClone(there.record);
    const metadata = structuredClone(conversation.metadata);
    const record = { id, createdAtMs, updatedAtMs: createdAtMs, metadata };
    const nothing = { items: [], stages: new Map(), summary: null };
    this.#entries.set(id, { owner: input.bareOwner(owner), record, ...nothing });
    return structuredClone(record);
  }

  async find(owner: Owner, conversationId: string): Promise<ConversationRecord | null> {
    input.checkConversation(owner, conversationId);
    return structuredClone(this.#own(owner, conversationId)?.record ?? null);
  }

  async list(owner: Owner, page: PageQuery): Promise<Page<ConversationRecord>> {
    input.checkOwner(owner);
    input.checkPage(page);
    const own = [...this.#entries.values()].filter((entry) => isSame(entry.owner, owner));
    // A stable sort: of the same moment, the one that was made first counts as older.
    const oldestFirst = own.map(({ record }) => record).sort((a, b) => a.updatedAtMs - b.updatedAtMs);
    return pageOf(oldestFirst, page);
  }

  async replaceMetadata(
    owner: Owner,
    conversationId: string,
    metadata: Readonly<Record<string, string>>,
  ): Promise<ConversationRecord> {
    const entry = this.#get(owner, conversationId);
    entry.record = { ...entry.record, metadata: structuredClone(metadata) };
    touch(entry, Math.round(this.#clock.nowMs()));
    return structuredClone(entry.record);
  }

  async delete(owner: Owner, conversationId: string): Promise<boolean> {
    input.checkConversation(owner, conversationId);
    return this.#own(owner, conversationId) !== null && this.#entries.delete(conversationId);
  }

  async insertItem(
    owner: Owner,
    conversationId: string,
    item: Item,
    placement: Placement = 'end',
  ): Promise<void> {
    input.checkConversation(owner, conversationId);
    input.checkItem(item);
    input.checkPlacement(placement);
    const entry = this.#get(owner, conversationId);
    if (entry.items.some(({ id }) => id === item.id)) throw itemIdTaken(item.id);
    entry.items.splice(indexFor(entry.items, placement), 0, structuredClone(item));
    reworded(entry, null, item);
    touch(entry, item.createdAtMs);
  }

  async replaceItem(owner: Owner, conversationId: string, item: Item): Promise<void> {
    input.checkConversation(owner, conversationId);
    input.checkItem(item);
    const entry = this.#get(owner, conversationId);
    const there = entry.items.findIndex(({ id }) => id === item.id);
    const before = entry.items[there];
    if (!before) return;
    entry.items[there] = structuredClone(item);
    reworded(entry, saidIn(before), item);
  }

  async appendItems(owner: Owner, conversationId: string, items: readonly Item[]): Promise<void> {
    input.checkConversation(owner, conversationId);
    for (const item of items) input.checkItem(item);
    const entry = this.#get(owner, conversationId);
    for (const item of items) {
      if (entry.items.some(({ id }) => id === item.id)) continue;
      entry.items.push(structuredClone(item));
      reworded(entry, null, item);
      touch(entry, item.createdAtMs);
    }
  }

  async findItem(owner: Owner, conversationId: string, itemId: string): Promise<Item | null> {
    input.checkConversation(owner, conversationId);
    input.checkName(itemId, 'item_id');
    const { items } = this.#get(owner, conversationId);
    return structuredClone(items.find(({ id }) => id === itemId) ?? null);
  }

  async listItems(owner: Owner, conversationId: string, page: PageQuery): Promise<Page<Item>> {
    input.checkConversation(owner, conversationId);
    input.checkPage(page);
    return pageOf(this.#get(owner, conversationId).items, page);
  }

  async deleteItem(owner: Owner, conversationId: string, itemId: string): Promise<boolean> {
    input.checkConversation(owner, conversationId);
    input.checkName(itemId, 'item_id');
    const entry = this.#get(owner, conversationId);
    const index = entry.items.findIndex(({ id }) => id === itemId);
    if (index < 0) return false;
    const through = entry.items.findIndex(({ id }) => id === entry.summary?.throughItemId);
    if (index <= through) entry.summary = null;
    entry.items.splice(index, 1);
    entry.stages.delete(itemId);
    return true;
  }

  #own(owner: Owner, id: string): Entry | null {
    return ownEntry(this.#entries, owner, id);
  }

  #get(owner: Owner, id: string): Entry {
    input.checkConversation(owner, id);
    const entry = this.#own(owner, id);
    if (!entry) throw conversationNotFound(id);
    return entry;
  }
}

/** New words of a person wait for memory; without words there is nothing to learn. */
function reworded(entry: Entry, before: string | null, item: Item): void {
  const after = saidIn(item);
  if (after === null) entry.stages.delete(item.id);
  else if (after !== before) entry.stages.set(item.id, 'new');
}

function touch(entry: Entry, timeMs: number): void {
  entry.record = { ...entry.record, updatedAtMs: Math.max(entry.record.updatedAtMs, timeMs) };
}

function indexFor(items: readonly Item[], placement: Placement): number {
  if (placement === 'end') return items.length;
  if (placement === 'root') return 0;
  const anchor = items.findIndex(({ id }) => id === placement.after);
  if (anchor < 0) throw cursorNotFound(placement.after, 'previous_item_id');
  return anchor + 1;
}

function pageOf<T extends { readonly id: string }>(ascending: readonly T[], page: PageQuery): Page<T> {
  const all = page.order === 'asc' ? ascending : ascending.toReversed();
  const cursor = all.findIndex(({ id }) => id === page.after);
  if (page.after !== undefined && cursor < 0) throw cursorNotFound(page.after, 'after');
  const rest = all.slice(cursor + 1);
  return { data: structuredClone(rest.slice(0, page.limit)), hasMore: rest.length > page.limit };
}
