import { type Clock, systemClock } from '../../src/clock.ts';
import type { Item } from '../../src/conversation/item.ts';
import {
  conversationNotFound,
  cursorNotFound,
  idTaken,
  itemIdTaken,
} from '../../src/conversation/not-found.ts';
import type {
  ConversationRecord,
  ConversationStore,
  Owner,
  Page,
  PageQuery,
  Placement,
} from '../../src/conversation/store.ts';
import * as input from '../../src/conversation/store-input.ts';

interface Entry {
  readonly owner: Owner;
  record: ConversationRecord;
  items: Item[];
}

/**
 * A `ConversationStore` in arrays, with the contract of `SqliteStore` (one test runs over both): for tests that need a
 * store and no file. Nothing is durable. Answers come in a later microtask, as from the real one.
 */
export class MemoryStore implements ConversationStore {
  readonly #entries = new Map<string, Entry>();
  readonly #clock: Pick<Clock, 'nowMs'>;

  constructor(clock: Pick<Clock, 'nowMs'> = systemClock) {
    this.#clock = clock;
  }

  async create(
    owner: Owner,
    conversation: { id: string; createdAtMs: number; metadata: Readonly<Record<string, string>> },
  ): Promise<ConversationRecord> {
    const { id, createdAtMs } = conversation;
    checkConversation(owner, id);
    input.checkTime(createdAtMs, 'createdAtMs');
    const there = this.#entries.get(id);
    if (there && !isSame(there.owner, owner)) throw idTaken(id);
    if (there) return structuredClone(there.record);
    const metadata = structuredClone(conversation.metadata);
    const record = { id, createdAtMs, updatedAtMs: createdAtMs, metadata };
    this.#entries.set(id, { owner: { key: owner.key, user: owner.user }, record, items: [] });
    return structuredClone(record);
  }

  async find(owner: Owner, conversationId: string): Promise<ConversationRecord | null> {
    checkConversation(owner, conversationId);
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
    checkConversation(owner, conversationId);
    return this.#own(owner, conversationId) !== null && this.#entries.delete(conversationId);
  }

  async insertItem(
    owner: Owner,
    conversationId: string,
    item: Item,
    placement: Placement = 'end',
  ): Promise<void> {
    checkConversation(owner, conversationId);
    input.checkItem(item);
    input.checkPlacement(placement);
    const entry = this.#get(owner, conversationId);
    if (entry.items.some(({ id }) => id === item.id)) throw itemIdTaken(item.id);
    entry.items.splice(indexFor(entry.items, placement), 0, structuredClone(item));
    touch(entry, item.createdAtMs);
  }

  async replaceItem(owner: Owner, conversationId: string, item: Item): Promise<void> {
    checkConversation(owner, conversationId);
    input.checkItem(item);
    const entry = this.#get(owner, conversationId);
    const there = entry.items.findIndex(({ id }) => id === item.id);
    if (there >= 0) entry.items[there] = structuredClone(item);
  }

  async appendItems(owner: Owner, conversationId: string, items: readonly Item[]): Promise<void> {
    checkConversation(owner, conversationId);
    for (const item of items) input.checkItem(item);
    const entry = this.#get(owner, conversationId);
    for (const item of items) {
      if (entry.items.some(({ id }) => id === item.id)) continue;
      entry.items.push(structuredClone(item));
      touch(entry, item.createdAtMs);
    }
  }

  async findItem(owner: Owner, conversationId: string, itemId: string): Promise<Item | null> {
    checkConversation(owner, conversationId);
    input.checkName(itemId, 'item_id');
    const { items } = this.#get(owner, conversationId);
    return structuredClone(items.find(({ id }) => id === itemId) ?? null);
  }

  async listItems(owner: Owner, conversationId: string, page: PageQuery): Promise<Page<Item>> {
    checkConversation(owner, conversationId);
    input.checkPage(page);
    return pageOf(this.#get(owner, conversationId).items, page);
  }

  async deleteItem(owner: Owner, conversationId: string, itemId: string): Promise<boolean> {
    checkConversation(owner, conversationId);
    input.checkName(itemId, 'item_id');
    const entry = this.#get(owner, conversationId);
    const kept = entry.items.filter(({ id }) => id !== itemId);
    const found = kept.length < entry.items.length;
    entry.items = kept;
    return found;
  }

  #own(owner: Owner, id: string): Entry | null {
    const entry = this.#entries.get(id);
    return entry && isSame(entry.owner, owner) ? entry : null;
  }

  #get(owner: Owner, id: string): Entry {
    checkConversation(owner, id);
    const entry = this.#own(owner, id);
    if (!entry) throw conversationNotFound(id);
    return entry;
  }
}

function checkConversation(owner: Owner, conversationId: string): void {
  input.checkOwner(owner);
  input.checkName(conversationId, 'conversation_id');
}

function isSame(one: Owner, other: Owner): boolean {
  return one.key === other.key && one.user === other.user;
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
