import type { Clock } from '../../clock.ts';
import type { Owner } from '../../conversation/store.ts';
import { ownerKey } from '../recall/search-cache.ts';

/** A conversation with messages that wait for a language model. */
export interface WaitingConversation {
  readonly owner: Owner;
  readonly conversationId: string;
}

interface Entry extends WaitingConversation {
  /** Messages that are worth a call, since the last one. */
  messages: number;
  /** The highest of them. */
  importance: number;
  /** Nobody was connected when it was last looked at. */
  isReleased: boolean;
  isDue: boolean;
  dueAtMs: number;
  timer: Disposable | null;
}

/** So many messages are worth a call at once … */
const BATCH_MESSAGES = 10;
/** … and fewer when nothing has been added for so long … */
const IDLE_MS = 60_000;
/** … or so long after the last connection was closed. */
const CLOSED_MS = 1_500;
/** So many may be due: when there are more, the others are found in the outbox again. */
const MAX_DUE = 1_000;

interface BatchQueueEvents {
  readonly onDue: () => void;
  /** More are due than it keeps: it has forgotten one. */
  readonly onFull: () => void;
}

/** When it is worth to ask a language model what can be learned from a conversation: rarely, and about many messages at once. */
export class BatchQueue implements Disposable {
  readonly #clock: Clock;
  readonly #events: BatchQueueEvents;
  readonly #entries = new Map<string, Entry>();
  #due = 0;

  constructor(clock: Clock, events: BatchQueueEvents) {
    this.#clock = clock;
    this.#events = events;
  }

  /** A message was said that is worth a call. It may never be answered. */
  said(conversation: WaitingConversation, importance: number): void {
    const entry = this.#entry(conversation);
    entry.messages++;
    entry.importance = Math.max(entry.importance, importance);
    if (!entry.isReleased) this.#dueIn(entry, IDLE_MS);
  }

  /** It was answered: with the messages before it, it may be enough for a call. */
  noticed(conversation: WaitingConversation): void {
    const entry = this.#entry(conversation);
    entry.isReleased = false;
    this.#dueIn(entry, entry.messages >= BATCH_MESSAGES ? 0 : IDLE_MS);
  }

  /** Nobody is connected to it any more. What is not worth a call leaves the outbox then. */
  released(conversation: WaitingConversation): void {
    const entry = this.#entry(conversation);
    entry.isReleased = true;
    if (entry.dueAtMs - this.#clock.monotonicMs() > CLOSED_MS) this.#dueIn(entry, CLOSED_MS);
  }

  /** It waits for long enough already. */
  overdue(conversation: WaitingConversation): void {
    this.#dueIn(this.#entry(conversation), 0);
  }

  /** Takes out the one that matters most of those that are due and `mayBe` read now; null when there is none. */
  next(mayBe: (owner: Owner) => boolean): WaitingConversation | null {
    let first: Entry | null = null;
    for (const entry of this.#entries.values()) {
      if (entry.isDue && (!first || isBefore(entry, first)) && mayBe(entry.owner)) first = entry;
    }
    if (!first) return null;
    this.#entries.delete(keyOf(first));
    this.#due--;
    return { owner: first.owner, conversationId: first.conversationId };
  }

  [Symbol.dispose](): void {
    for (const { timer } of this.#entries.values()) timer?.[Symbol.dispose]();
    this.#entries.clear();
  }

  #entry(conversation: WaitingConversation): Entry {
    const key = keyOf(conversation);
    const known = this.#entries.get(key);
    if (known) return known;
    const { owner, conversationId } = conversation;
    const entry: Entry = {
      ...{ owner, conversationId, messages: 0, importance: 0, isReleased: false, isDue: false },
      ...{ dueAtMs: Number.POSITIVE_INFINITY, timer: null },
    };
    this.#entries.set(key, entry);
    return entry;
  }

  #dueIn(entry: Entry, delayMs: number): void {
    if (entry.isDue) return;
    entry.timer?.[Symbol.dispose]();
    entry.dueAtMs = this.#clock.monotonicMs() + delayMs;
    const fall = () => {
      entry.timer = null;
      if (this.#due === MAX_DUE) {
        this.#entries.delete(keyOf(entry));
        this.#events.onFull();
        return;
      }
      entry.isDue = true;
      this.#due++;
      this.#events.onDue();
    };
    if (delayMs === 0) fall();
    else entry.timer = this.#clock.after(delayMs, fall);
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return (
    one.importance > other.importance || (one.importance === other.importance && one.dueAtMs < other.dueAtMs)
  );
}

function keyOf({ owner, conversationId }: WaitingConversation): string {
  return `${ownerKey(owner)}\n${conversationId}`;
}
