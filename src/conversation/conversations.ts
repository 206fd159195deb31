import type { Clock, IdSource } from '../clock.ts';
import { Conversation } from './conversation.ts';
import type { ConversationStore, Owner } from './store.ts';

interface Deps {
  readonly store: ConversationStore;
  readonly clock: Clock;
  readonly ids: IdSource;
}

/** The use of a live conversation; dispose it when done. */
export interface Lease extends Disposable {
  readonly conversation: Conversation;
}

interface Live {
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
    return await this.#lease(owner, id, () => Conversation.load(this.#deps.store, owner, id));
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
      Conversation.begin(store, { id, owner, createdAtMs: clock.nowMs(), metadata }),
    );
  }

  /**
   * Deletes it with all of its items, also from the memory of who has it open. False when it was not there.
   */
  async delete(owner: Owner, id: string): Promise<boolean> {
    const wasThere = await this.#deps.store.delete(owner, id);
    const key = keyOf(owner, id);
    const live = this.#live.get(key);
    if (!wasThere || !live) return wasThere;
    this.#live.delete(key);
    await live.conversation.then(
      (conversation) => conversation.forgetAll(),
      () => undefined, // It could not be loaded any more: there is nothing to forget.
    );
    return true;
  }

  async #lease(owner: Owner, id: string, make: () => Promise<Conversation>): Promise<Lease> {
    const key = keyOf(owner, id);
    const live = this.#live.get(key) ?? { conversation: make(), users: 0 };
    this.#live.set(key, live);
    live.users++;
    let released = false;
    const release = () => {
      if (released) return;
      released = true;
      if (--live.users === 0 && this.#live.get(key) === live) this.#live.delete(key);
    };
    try {
      return { conversation: await live.conversation, [Symbol.dispose]: release };
    } catch (error) {
      release();
      throw error;
    }
  }
}

function keyOf(owner: Owner, id: string): string {
  return JSON.stringify([owner.key, owner.user, id]);
}
