import type { Clock } from '../../clock.ts';
import type { MessageItem } from '../../conversation/item.ts';
import type { MemoryOutbox } from '../../conversation/memory-outbox.ts';
import type { Owner } from '../../conversation/store.ts';
import { messageOf } from '../../errors.ts';
import type { MemoryChange } from '../memory.ts';
import { ownerKey } from '../recall/search-cache.ts';
import { Backoff } from './backoff.ts';

interface Deps {
  readonly outbox: Pick<MemoryOutbox, 'waiting' | 'waitingIn' | 'settle'>;
  /** What rules learn from a message. */
  readonly read: (
    owner: Owner,
    conversationId: string,
    item: MessageItem,
  ) => Promise<readonly MemoryChange[]>;
  readonly clock: Clock;
  /** Changes were decided. */
  readonly onDecided: () => void;
  readonly onFailed: (error: string) => void;
}

const BACKLOG = 50;
const PAGE = 100;

/** Learns from every message by rules, as soon as it is durable; those of one person in the order in which they were said. */
export class RuleReader implements AsyncDisposable {
  readonly #deps: Deps;
  readonly #backoff: Backoff;
  readonly #reading = new Map<string, Promise<void>>();
  readonly #paused = new Set<string>();
  /** Owners of whom something could not be read: it is read first, with the next attempt. */
  readonly #behind = new Set<string>();
  #isClosed = false;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#backoff = new Backoff(deps.clock, () => void this.catchUp());
  }

  /** A message of a person is durable. Returns at once. */
  said(owner: Owner, conversationId: string, item: MessageItem): void {
    const key = ownerKey(owner);
    if (this.#isClosed || this.#paused.has(key)) return;
    this.#after(owner, async () => {
      if (!this.#behind.has(key)) await this.#read(owner, conversationId, item);
    });
  }

  /** Takes up what waits from before. Never rejects: what fails is tried again. */
  async catchUp(): Promise<void> {
    try {
      for (let isMore = true; isMore && !this.#isClosed; ) {
        const waiting = await this.#deps.outbox.waiting(BACKLOG);
        if (this.#isClosed) return;
        this.#behind.clear();
        const ready = waiting.filter(
          ({ owner, newItems }) => newItems > 0 && !this.#paused.has(ownerKey(owner)),
        );
        const all = ready.map(({ owner, conversationId }) =>
          this.#after(owner, () => this.#readAll(owner, conversationId)),
        );
        await Promise.all(all);
        isMore = waiting.length === BACKLOG && ready.length > 0 && this.#behind.size === 0;
      }
      if (this.#behind.size === 0) this.#backoff.succeeded();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Reads nothing of this owner until it is disposed; nothing is being read when this resolves. What they say meanwhile waits. */
  async pause(owner: Owner): Promise<Disposable> {
    const key = ownerKey(owner);
    this.#paused.add(key);
    await this.#reading.get(key);
    return {
      [Symbol.dispose]: () => {
        this.#paused.delete(key);
        void this.catchUp();
      },
    };
  }

  /** What failed may be well again: it is tried now. */
  retry(): void {
    this.#backoff.hurry();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#backoff[Symbol.dispose]();
    await Promise.all(this.#reading.values());
  }

  #after(owner: Owner, read: () => Promise<void>): Promise<void> {
    const key = ownerKey(owner);
    const before = this.#reading.get(key) ?? Promise.resolve();
    const reading = before.then(read).catch((error) => {
      this.#behind.add(key);
      this.#failed(error);
    });
    this.#reading.set(key, reading);
    void reading.then(() => {
      if (this.#reading.get(key) === reading) this.#reading.delete(key);
    });
    return reading;
  }

  async #readAll(owner: Owner, conversationId: string): Promise<void> {
    for (;;) {
      const waiting = await this.#deps.outbox.waitingIn(owner, conversationId, ['new'], PAGE);
      for (const { item } of waiting) await this.#read(owner, conversationId, item);
      if (waiting.length < PAGE || this.#isClosed) return;
    }
  }

  async #read(owner: Owner, conversationId: string, item: MessageItem): Promise<void> {
    const changes = await this.#deps.read(owner, conversationId, item);
    await this.#deps.outbox.settle(owner, conversationId, {
      items: [{ id: item.id, to: 'noted' }],
      changes: changes.length > 0 ? JSON.stringify(changes) : null,
    });
    if (changes.length > 0) this.#deps.onDecided();
  }

  #failed(error: unknown): void {
    if (this.#isClosed) return;
    this.#deps.onFailed(messageOf(error));
    this.#backoff.failed();
  }
}
