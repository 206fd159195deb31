import { VivavoceError } from '../errors.ts';
import { readWindow, WINDOW_ITEMS, type Window } from './conversation-window.ts';
import { type Item, type MessageItem, saidIn } from './item.ts';
import { conversationNotFound, itemIdTaken } from './not-found.ts';
import type { Owner, Placement, WholeStore } from './store.ts';
import type { ConversationSummary } from './summary-store.ts';

interface Identity {
  readonly id: string;
  readonly owner: Owner;
  readonly createdAtMs: number;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Called with a message of a person whose words have just become durable. Must not throw. */
/** What is told of a conversation. It must not throw. */
export interface ConversationObserver {
  /** A message of a person has become durable with its words, or with other ones. */
  said(item: MessageItem): void;
  /** An item is gone for good. */
  removed(): void;
}

const NOBODY: ConversationObserver = { said: () => undefined, removed: () => undefined };

/**
 * A live conversation: its newest items in memory, so that a turn reads nothing from disk, and every change on its way
 * to the store. A change is visible at once; the promise that it returns resolves when it is durable.
 */
export class Conversation {
  readonly id: string;
  readonly owner: Owner;
  readonly #store: WholeStore;
  readonly #identity: Identity;
  readonly #observer: ConversationObserver;
  #items: Item[];
  #summary: ConversationSummary | null;
  #complete: boolean;
  #idBefore: string | null;
  #stored: boolean;
  /** Items whose insertion is under way, or failed. */
  readonly #unsaved = new Map<string, { readonly saved: Promise<void>; readonly placement: Placement }>();
  #isDeleted = false;
  #revision = 0;

  private constructor(
    store: WholeStore,
    identity: Identity,
    window: Window,
    { stored, observer }: { stored: boolean; observer: ConversationObserver },
  ) {
    this.id = identity.id;
    this.owner = identity.owner;
    this.#store = store;
    this.#identity = identity;
    this.#observer = observer;
    this.#items = window.items;
    this.#summary = window.summary;
    this.#complete = window.complete;
    this.#idBefore = window.idBefore;
    this.#stored = stored;
  }

  /** A new conversation. It is stored with its first item, so that connecting alone leaves nothing behind. */
  static begin(store: WholeStore, identity: Identity, observer: ConversationObserver = NOBODY): Conversation {
    const nothing = { items: [], summary: null, complete: true, idBefore: null };
    return new Conversation(store, identity, nothing, { stored: false, observer });
  }

  /** @throws VivavoceError `not_found` when the owner has no such conversation. */
  static async load(
    store: WholeStore,
    owner: Owner,
    id: string,
    observer: ConversationObserver = NOBODY,
  ): Promise<Conversation> {
    const record = await store.find(owner, id);
    if (!record)
      throw new VivavoceError('not_found', `There is no conversation ${id}.`, { param: 'conversation' });
    const window = await readWindow(store, owner, id);
    return new Conversation(store, { ...record, owner }, window, { stored: true, observer });
  }

  /** Changes whenever an item does: what was concluded from the items before no longer holds. */
  get revision(): number {
    return this.#revision;
  }

  /** The items in memory, oldest first. */
  get items(): readonly Item[] {
    return this.#items;
  }

  get createdAtMs(): number {
    return this.#identity.createdAtMs;
  }

  /** Its beginning in short; null when there is none. */
  get summary(): ConversationSummary | null {
    return this.#summary;
  }

  /** Does nothing when the item that it ends with is gone. */
  async saveSummary(summary: ConversationSummary): Promise<void> {
    if (this.#isDeleted) return;
    await this.#store.summaries.saveSummary(this.owner, this.id, summary);
    // The one before holds until then.
    await this.#readSummary();
  }

  /** It was deleted from the store: whoever still has it finds it empty, and every change to it is `not_found`. */
  forgetAll(): void {
    this.#revision++;
    this.#items = [];
    this.#summary = null;
    this.#complete = true;
    this.#idBefore = null;
    this.#isDeleted = true;
  }

  /** It was deleted under whoever still has it. */
  get isDeleted(): boolean {
    return this.#isDeleted;
  }

  /** The item before `id`, null when it is the first. Knows those in memory and those just added. */
  previousIdOf(id: string): string | null {
    const index = this.#items.findIndex((item) => item.id === id);
    if (index > 0) return this.#items[index - 1]?.id ?? null;
    if (index === 0) return this.#idBefore;
    const placement = this.#unsaved.get(id)?.placement;
    return typeof placement === 'object' ? placement.after : null;
  }

  async find(id: string): Promise<Item | null> {
    const inMemory = this.#items.find((item) => item.id === id);
    if (inMemory || this.#complete) return inMemory ?? null;
    return await this.#store.findItem(this.owner, this.id, id);
  }

  /**
   * Adds a new item; it takes its place at once, unless that is among the items that are in the store only. If it
   * cannot be stored it is taken out again.
   *
   * @throws VivavoceError `conflict` when the id is taken, `not_found` when the item to follow, or the conversation,
   * is not there. Where only the store can tell, the promise rejects with it.
   */
  add(item: Item, placement: Placement = 'end'): Promise<void> {
    if (this.#isDeleted) throw conversationNotFound(this.id);
    if (this.#items.some((other) => other.id === item.id)) {
      throw itemIdTaken(item.id);
    }
    const at = this.#indexOf(placement);
    this.#revision++;
    if (at !== null) {
      this.#items.splice(at, 0, item);
      this.#trim();
    }
    const saved = this.#write(() => this.#store.insertItem(this.owner, this.id, item, placement)).then(
      () => {
        this.#unsaved.delete(item.id);
        this.#tell(item);
      },
      (error) => {
        if (isRefusal(error)) this.#unsaved.delete(item.id);
        this.#forget([item]);
        throw error;
      },
    );
    this.#unsaved.set(item.id, { saved, placement });
    return saved;
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
      throw itemIdTaken(id);
    }
    await this.append(items);
  }

  /** The same, but items whose id is there already are left as they are: sending them again changes nothing. */
  async append(items: readonly Item[]): Promise<void> {
    const known = new Set(this.#items.map((item) => item.id));
    const added = items.filter((item) => !known.has(item.id));
    this.#items.push(...added);
    this.#revision++;
    this.#trim();
    try {
      await this.#write(() => this.#store.appendItems(this.owner, this.id, items));
    } catch (error) {
      this.#forget(added);
      throw error;
    }
    for (const item of added) this.#tell(item);
  }

  /**
   * Replaces the item with this id by a newer version of it. One that was deleted meanwhile stays deleted; one that
   * could not be stored when it was added rejects with the reason, since nothing of it is durable.
   */
  replace(item: Item): Promise<void> {
    const index = this.#items.findIndex((other) => other.id === item.id);
    const former = this.#items[index];
    if (former) this.#items[index] = item;
    this.#revision++;
    const added = this.#unsaved.get(item.id)?.saved ?? Promise.resolve();
    // Only items create a conversation, and this one is not new.
    if (!this.#stored && !this.#isDeleted) return added;
    const replaced = this.#write(() => this.#store.replaceItem(this.owner, this.id, item));
    return Promise.all([added, replaced]).then(() => {
      if (former && saidIn(former) !== saidIn(item)) this.#tell(item);
    });
  }

  /** False when there is no such item. */
  async remove(id: string): Promise<boolean> {
    const before = this.#items.length;
    this.#items = this.#items.filter((item) => item.id !== id);
    this.#revision++;
    if (this.#items.length === before && this.#complete) return false;
    if (this.#idBefore === id) this.#idBefore = null;
    const removed = await this.#store.deleteItem(this.owner, this.id, id);
    if (removed) this.#observer.removed();
    if (this.#summary) {
      // Nobody is given the old one meanwhile: it may have covered what was deleted.
      this.#summary = null;
      await this.#readSummary();
    }
    return removed;
  }

  /** Null when the place is among the items that are in the store only; whether it is there the store will tell. */
  #indexOf(placement: Placement): number | null {
    if (placement === 'end') return this.#items.length;
    if (placement === 'root') return this.#complete ? 0 : null;
    if (placement.after === this.#idBefore) return 0;
    const index = this.#items.findIndex((item) => item.id === placement.after);
    if (index === -1) {
      if (!this.#complete) return null;
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

  #tell(item: Item): void {
    if (!this.#isDeleted && item.type === 'message' && saidIn(item) !== null) this.#observer.said(item);
  }

  async #readSummary(): Promise<void> {
    const summary = await this.#store.summaries.findSummary(this.owner, this.id);
    if (!this.#isDeleted) this.#summary = summary;
  }

  #forget(items: readonly Item[]) {
    const ids = new Set(items.map((item) => item.id));
    this.#items = this.#items.filter((item) => !ids.has(item.id));
    if (this.#idBefore !== null && ids.has(this.#idBefore)) this.#idBefore = null;
  }

  #trim() {
    if (this.#items.length <= 2 * WINDOW_ITEMS) return;
    this.#idBefore = this.#items.at(-WINDOW_ITEMS - 1)?.id ?? null;
    this.#items = this.#items.slice(-WINDOW_ITEMS);
    this.#complete = false;
  }
}

/** The item itself was at fault: its id is taken, or what it should follow is not there. */
function isRefusal(error: unknown): boolean {
  return error instanceof VivavoceError && (error.param === 'item.id' || error.param === 'previous_item_id');
}
