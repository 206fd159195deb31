import type { Clock, IdSource } from '../clock.ts';
import { Conversation, type ConversationObserver } from './conversation.ts';
import type { MessageItem } from './item.ts';
import type { Owner, WholeStore } from './store.ts';

interface Deps {
  readonly store: WholeStore;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** A message of a person has become durable with its words, or with other ones. It is in the outbox by now. */
  readonly onSaid?: (owner: Owner, conversationId: string, item: MessageItem) => void;
  /** Something that they said, or a whole conversation of theirs, is gone for good. */
  readonly onDeleted?: (owner: Owner) => void;
  /** The last lease of a conversation was released. */
  readonly onReleased?: (owner: Owner, conversationId: string) => void;
}

/** So many conversations of an owner are erased before the live ones are looked through again. */
const ERASED_AT_ONCE = 100;

/** The use of a live conversation; dispose it when done. */
export interface Lease extends Disposable {
  readonly conversation: Conversation;
}

interface Live {
  readonly owner: Owner;
  readonly conversation: Promise<Conversation>;
  users: number;
}

/**
 * The live conversations of this process, each there once however many connections and requests use it: what one of
 * them changes the others see.
 */
export class Conversations {
  readonly #deps: Deps;
  readonly #live = new Map<string, Live>();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** @throws VivavoceError `not_found` */
  async open(owner: Owner, id: string): Promise<Lease> {
    const { store } = this.#deps;
    return await this.#lease(owner, id, () => Conversation.load(store, owner, id, this.#observer(owner, id)));
  }

  /** A new conversation, stored with its first item. An `id` given must be new. */
  async begin(
    owner: Owner,
    {
      id = this.#deps.ids.next('conv'),
      metadata = {},
    }: { id?: string; metadata?: Record<string, string> } = {},
  ): Promise<Lease> {
    const { store, clock } = this.#deps;
    return await this.#lease(owner, id, async () =>
      Conversation.begin(
        store,
        { id, owner, createdAtMs: clock.nowMs(), metadata },
        this.#observer(owner, id),
      ),
    );
  }

  /**
   * Deletes it with all of its items, also from the memory of who has it open. False when it was not there.
   */
  async delete(owner: Owner, id: string): Promise<boolean> {
    const wasThere = await this.#deps.store.delete(owner, id);
    const key = keyOf(owner, id);
    const live = this.#live.get(key);
    if (wasThere && live) await this.#forget(key, live, () => true);
    if (wasThere) quietly(() => this.#deps.onDeleted?.(owner));
    return wasThere;
  }

  /**
   * Erases all conversations of an owner that began by `untilMs`, also from the memory of who has them open and those that
   * are not stored yet: nothing of them is written any more. May be called again after a failure.
   */
  async erase(owner: Owner, untilMs: number): Promise<void> {
    const { erasures } = this.#deps.store;
    do await this.#forgetBegunBy(owner, untilMs);
    while ((await erasures.eraseConversations(owner, untilMs, ERASED_AT_ONCE)).length > 0);
    // Those that were opened at the last moment.
    await this.#forgetBegunBy(owner, untilMs);
  }

  async #forgetBegunBy(owner: Owner, untilMs: number): Promise<void> {
    const own = [...this.#live].filter(([, live]) => keyOf(live.owner, '') === keyOf(owner, ''));
    await Promise.all(
      own.map(([key, live]) => this.#forget(key, live, ({ createdAtMs }) => createdAtMs <= untilMs)),
    );
  }

  /** Whoever opens it from now on does not get this one. */
  async #forget(key: string, live: Live, isGone: (conversation: Conversation) => boolean): Promise<void> {
    await live.conversation.then(
      (conversation) => {
        if (!isGone(conversation)) return;
        if (this.#live.get(key) === live) this.#live.delete(key);
        conversation.forgetAll();
      },
      () => undefined, // It could not be loaded any more: there is nothing to forget.
    );
  }

  #observer(owner: Owner, id: string): ConversationObserver {
    return {
      said: (item) => quietly(() => this.#deps.onSaid?.(owner, id, item)),
      removed: () => quietly(() => this.#deps.onDeleted?.(owner)),
    };
  }

  async #lease(owner: Owner, id: string, make: () => Promise<Conversation>): Promise<Lease> {
    const key = keyOf(owner, id);
    const live = this.#live.get(key) ?? { owner, conversation: make(), users: 0 };
    this.#live.set(key, live);
    live.users++;
    const release = () => {
      const isLast = --live.users === 0 && this.#live.get(key) === live;
      if (isLast) this.#live.delete(key);
      return isLast;
    };
    try {
      const conversation = await live.conversation;
      let released = false;
      return {
        conversation,
        [Symbol.dispose]: () => {
          if (released) return;
          released = true;
          if (release()) quietly(() => this.#deps.onReleased?.(owner, id));
        },
      };
    } catch (error) {
      release();
      throw error;
    }
  }
}

/** What is told to others is no part of the write: their failure must not look like one of it. */
function quietly(tell: () => void): void {
  try {
    tell();
  } catch {
    // Nothing is lost: whoever was told finds the same in the outbox.
  }
}

function keyOf(owner: Owner, id: string): string {
  return JSON.stringify([owner.key, owner.user, id]);
}
