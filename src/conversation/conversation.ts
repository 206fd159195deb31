import { VivavoceError } from '../errors.ts';
import type { Item } from './item.ts';
import { conversationNotFound } from './not-found.ts';
import type { ConversationStore, Owner, Placement } from './store.ts';

/** So many items are kept in memory at least, and twice as many at most; older ones are read from the store. */
const WINDOW_ITEMS = 300;
const PAGE_ITEMS = 100;

interface Identity {
  readonly id: string;
  readonly owner: Owner;
  readonly createdAtMs: number;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * A live conversation: its newest items in memory, so that a turn reads nothing from disk, and every change on its way
 * to the store. A change is visible at once; the promise that it returns resolves when it is durable.
 */
export class Conversation {
  readonly id: string;
  readonly owner: Owner;
  readonly #store: ConversationStore;
  readonly #identity: Identity;
  #items: Item[];
  /** False when older items are in the store only. */
  #complete: boolean;
  #stored: boolean;
  #isDeleted = false;

  private constructor(store: ConversationStore, identity: Identity, items: Item[], stored: boolean) {
    this.id = identity.id;
    this.owner = identity.owner;
    this.#store = store;
    this.#identity = identity;
    this.#items = items;
    this.#complete = items.length < WINDOW_ITEMS;
    this.#stored = stored;
  }

  /** A new conversation. It is stored with its first item, so that connecting alone leaves nothing behind. */
  static begin(store: ConversationStore, identity: Identity): Conversation {
    return new Conversation(store, identity, [], false);
  }

  /** @throws VivavoceError `not_found` when the owner has no such conversation. */
  static async load(store: ConversationStore, owner: Owner, id: string): Promise<Conversation> {
    const record = await store.find(owner, id);
    if (!record)
      throw new VivavoceError('not_found', `There is no conversation ${id}.`, { param: 'conversation' });
    const newestFirst: Item[] = [];
    for (let more = true; more && newestFirst.length < WINDOW_ITEMS; ) {
      const after = newestFirst.at(-1)?.id;
      const page = await store.listItems(owner, id, {
        limit: PAGE_ITEMS,
        order: 'desc',
        ...(after !== undefined && { after }),
      });
      newestFirst.push(...page.data);
      more = page.hasMore;
    }
    return new Conversation(store, { ...record, owner }, newestFirst.reverse(), true);
  }

  /** The items in memory, oldest first. */
  get items(): readonly Item[] {
    return this.#items;
  }

  get createdAtMs(): number {
    return this.#identity.createdAtMs;
  }

  /** It was deleted from the store: whoever still has it finds it empty, and every change to it is `not_found`. */
  forgetAll(): void {
    this.#items = [];
    this.#complete = true;
    this.#isDeleted = true;
  }

  /** The item before `id`, null when it is the first. */
  previousIdOf(id: string): string | null {
    const index = this.#items.findIndex((item) => item.id === id);
    return this.#items[index - 1]?.id ?? null;
  }

  async find(id: string): Promise<Item | null> {
    const inMemory = this.#items.find((item) => item.id === id);
    if (inMemory || this.#complete) return inMemory ?? null;
    return await this.#store.findItem(this.owner, this.id, id);
  }

  /**
   * Adds a new item; it takes its place at once. If it cannot be stored it is taken out again.
   *
   * @throws VivavoceError `conflict` when the id is taken, `not_found` when the item to follow, or the conversation,
   * is not there.
   */
  add(item: Item, placement: Placement = 'end'): Promise<void> {
    if (this.#isDeleted) throw conversationNotFound(this.id);
    if (this.#items.some((other) => other.id === item.id)) {
      throw idIsTaken(item.id);
    }
    const at = this.#indexOf(placement);
    this.#items.splice(at, 0, item);
    this.#trim();
    return this.#write(() => this.#store.saveItem(this.owner, this.id, item, placement)).catch((error) => {
      this.#forget([item]);
      throw error;
    });
  }

  /**
   * Adds items at the end, all or none.
   *
   * @throws VivavoceError `conflict` when an id is taken.
   */
  async addNew(items: readonly Item[]): Promise<void> {
    const ids = items.map((item) => item.id);
    for (const [index, id] of ids.entries()) {
      if (ids.indexOf(id) === index && (await this.find(id)) === null) continue;
      throw idIsTaken(id);
    }
    await this.append(items);
  }

  /** The same, but items whose id is there already are left as they are: sending them again changes nothing. */
  async append(items: readonly Item[]): Promise<void> {
    const known = new Set(this.#items.map((item) => item.id));
    const added = items.filter((item) => !known.has(item.id));
    this.#items.push(...added);
    this.#trim();
    await this.#write(() => this.#store.appendItems(this.owner, this.id, items)).catch((error) => {
      this.#forget(added);
      throw error;
    });
  }

  /** Replaces the item with this id by a newer version of it. */
  replace(item: Item): Promise<void> {
    const index = this.#items.findIndex((other) => other.id === item.id);
    if (index !== -1) this.#items[index] = item;
    return this.#write(() => this.#store.saveItem(this.owner, this.id, item));
  }

  /** False when there is no such item. */
  async remove(id: string): Promise<boolean> {
    const before = this.#items.length;
    this.#items = this.#items.filter((item) => item.id !== id);
    if (this.#items.length === before && this.#complete) return false;
    return await this.#store.deleteItem(this.owner, this.id, id);
  }

  #indexOf(placement: Placement): number {
    if (placement === 'end') return this.#items.length;
    if (placement === 'root') return 0;
    const index = this.#items.findIndex((item) => item.id === placement.after);
    if (index === -1) {
      throw new VivavoceError('not_found', `There is no item ${placement.after} to put this one behind.`, {
        param: 'previous_item_id',
      });
    }
    return index + 1;
  }

  /** Writes of one process keep their order, so the conversation is there before its first item is. */
  #write(write: () => Promise<void>): Promise<void> {
    if (this.#isDeleted) return Promise.reject(conversationNotFound(this.id));
    if (this.#stored) return write();
    this.#stored = true;
    const { id, createdAtMs, metadata } = this.#identity;
    const created = this.#store.create(this.owner, { id, createdAtMs, metadata });
    return Promise.all([created, write()]).then(
      () => undefined,
      (error) => {
        this.#stored = false;
        throw error;
      },
    );
  }

  #forget(items: readonly Item[]) {
    const ids = new Set(items.map((item) => item.id));
    this.#items = this.#items.filter((item) => !ids.has(item.id));
  }

  #trim() {
    if (this.#items.length <= 2 * WINDOW_ITEMS) return;
    this.#items = this.#items.slice(-WINDOW_ITEMS);
    this.#complete = false;
  }
}

function idIsTaken(id: string): VivavoceError {
  return new VivavoceError('conflict', `An item ${id} is there already; choose another id.`, {
    param: 'item.id',
  });
}
