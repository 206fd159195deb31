import type { Clock } from '../../clock.ts';
import type { Item } from '../../conversation/item.ts';
import type { MemoryOutbox, OutboxItem } from '../../conversation/memory-outbox.ts';
import type { ConversationStore, Owner } from '../../conversation/store.ts';
import { messageOf } from '../../errors.ts';
import type { MessageWorth } from '../extraction/message-worth.ts';
import type { MemoryChange } from '../memory.ts';
import { wordsOf } from '../recall/recently-said.ts';
import { ownerKey } from '../recall/search-cache.ts';
import { Backoff } from './backoff.ts';
import { BatchQueue, type WaitingConversation } from './batch-queue.ts';

/** A message as a language model reads it to learn from. */
export interface BatchMessage {
  readonly itemId: string;
  readonly role: 'user' | 'assistant';
  readonly text: string;
  readonly saidAtMs: number;
  /** False: it only helps to understand the others. */
  readonly learn: boolean;
}

/** `unusable`: the model was asked, twice, and no answer could be read. */
export type Extraction = (
  | { readonly type: 'learned'; readonly changes: readonly MemoryChange[] }
  | { readonly type: 'unusable'; readonly reason: string }
) & {
  /** Items that no longer fitted into the call: they wait for the next one. */
  readonly unread?: readonly string[];
};

/** What reads messages with a language model. */
export interface MessageExtractor {
  /** False while there is no model that could. */
  readonly isAvailable: boolean;
  /** Rejects when the model cannot be reached, or is needed by a turn: then the same is asked for again later. */
  extract(
    owner: Owner,
    batch: { readonly conversationId: string; readonly messages: readonly BatchMessage[] },
    signal: AbortSignal,
  ): Promise<Extraction>;
}

interface Deps {
  readonly outbox: MemoryOutbox;
  readonly transcripts: Pick<ConversationStore, 'listItems'>;
  readonly extractor: MessageExtractor;
  readonly worthOf: (text: string) => MessageWorth;
  readonly clock: Clock;
  /** Changes were decided, or messages have left the outbox. */
  readonly onSettled: (owner: Owner, itemIds: readonly string[]) => void;
  readonly onBatch: (batch: {
    readonly messages: number;
    readonly changes: number;
    readonly ms: number;
  }) => void;
  readonly onQuarantined: (conversationId: string, messages: number, reason: string) => void;
  readonly onFailed: (error: string) => void;
}

/** What one call reads at most. */
const MAX_MESSAGES = 40;
/** So much of what was said before helps to understand it. */
const CONTEXT_ITEMS = 4;
const MAX_ITEMS = 100;
const BACKLOG = 50;

/** Asks the language model, in the background, what can be learned from messages that wait; one batch at a time. */
export class BatchReader implements AsyncDisposable {
  readonly #deps: Deps;
  readonly #queue: BatchQueue;
  readonly #backoff: Backoff;
  #running: {
    readonly owner: Owner;
    readonly controller: AbortController;
    readonly done: Promise<void>;
  } | null = null;
  readonly #paused = new Set<string>();
  /** There is more in the outbox than was taken up. */
  #isBehind = false;
  #isClosed = false;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#queue = new BatchQueue(deps.clock, {
      onDue: () => this.#pump(),
      onFull: () => {
        this.#isBehind = true;
      },
    });
    this.#backoff = new Backoff(deps.clock, () => this.#pump());
  }

  said(conversation: WaitingConversation, importance: number): void {
    this.#queue.said(conversation, importance);
  }

  noticed(conversation: WaitingConversation): void {
    this.#queue.noticed(conversation);
  }

  released(conversation: WaitingConversation): void {
    this.#queue.released(conversation);
  }

  /** Takes up what waits from before: after a start, and when a model has appeared. Never rejects: what fails is tried again. */
  async catchUp(): Promise<void> {
    if (this.#isClosed || !this.#deps.extractor.isAvailable) return;
    this.#isBehind = false;
    try {
      const waiting = await this.#deps.outbox.waiting(BACKLOG);
      this.#isBehind = waiting.length === BACKLOG;
      for (const conversation of waiting) {
        if (conversation.notedItems > 0) this.#queue.overdue(conversation);
        // The rules come first. Nobody else comes back for what they could not read yet.
        else this.#queue.noticed(conversation);
      }
    } catch (error) {
      this.#isBehind = true;
      this.#failed(error);
    }
  }

  /** Reads nothing of this owner until it is disposed. What was under way is given up, and read afterwards if it is still there. */
  async pause(owner: Owner): Promise<Disposable> {
    const key = ownerKey(owner);
    this.#paused.add(key);
    await this.giveUp(owner);
    return {
      [Symbol.dispose]: () => {
        this.#paused.delete(key);
        this.#pump();
      },
    };
  }

  /** What failed may be well again: it is tried now. */
  retry(): void {
    this.#backoff.hurry();
  }

  /** What is being read of this owner is read again, as far as it is still there. */
  async giveUp(owner: Owner): Promise<void> {
    const running = this.#running;
    if (!running || ownerKey(running.owner) !== ownerKey(owner)) return;
    running.controller.abort();
    await running.done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#queue[Symbol.dispose]();
    this.#backoff[Symbol.dispose]();
    this.#running?.controller.abort();
    await this.#running?.done;
  }

  #pump(): void {
    if (this.#running || this.#isClosed || this.#backoff.isWaiting) return;
    const conversation = this.#queue.next((owner) => !this.#paused.has(ownerKey(owner)));
    if (!conversation) {
      if (this.#isBehind) void this.catchUp();
      return;
    }
    // Nothing is lost: it waits in the outbox until a model appears.
    if (!this.#deps.extractor.isAvailable) {
      this.#pump();
      return;
    }
    const controller = new AbortController();
    const done = this.#read(conversation, controller.signal).then(
      () => this.#backoff.succeeded(),
      (error) => {
        if (this.#isClosed) return;
        this.#queue.overdue(conversation);
        if (!controller.signal.aborted) this.#failed(error);
      },
    );
    this.#running = { owner: conversation.owner, controller, done };
    void done.then(() => {
      this.#running = null;
      this.#pump();
    });
  }

  async #read(conversation: WaitingConversation, signal: AbortSignal): Promise<void> {
    const { outbox } = this.#deps;
    const { owner, conversationId } = conversation;
    const all = await outbox.waitingIn(owner, conversationId, ['new', 'noted'], MAX_MESSAGES);
    const noted = all.filter(({ stage }) => stage === 'noted');
    // The rules come first; what they have not read yet is for another time.
    if (noted.length < all.length) this.#queue.noticed(conversation);
    if (noted.length === 0) return;
    const items = await this.#around(conversation, noted);
    const waiting = noted.filter(({ item }) => items.some(({ id }) => id === item.id));
    const read = await this.#learn(conversation, waiting, items, signal);
    if (noted.length === MAX_MESSAGES || read < noted.length) this.#queue.overdue(conversation);
  }

  /** How many of the messages have left the outbox. */
  async #learn(
    conversation: WaitingConversation,
    waiting: readonly OutboxItem[],
    items: readonly Item[],
    signal: AbortSignal,
  ): Promise<number> {
    const { extractor, clock } = this.#deps;
    const { owner, conversationId } = conversation;
    const worthy = waiting.filter(({ item }) => this.#deps.worthOf(wordsOf(item)).skip === null);
    // Only greetings, questions and the like: nobody is asked about them.
    if (worthy.length === 0) {
      await this.#settle(conversation, waiting, []);
      return waiting.length;
    }
    const messages = toMessages(items, new Set(worthy.map(({ item }) => item.id)));
    const startedMs = clock.monotonicMs();
    const extraction = await extractor.extract(owner, { conversationId, messages }, signal);
    signal.throwIfAborted();
    const wasRead = ({ item }: OutboxItem) => !extraction.unread?.includes(item.id);
    const read = waiting.filter(wasRead);
    const learned = worthy.filter(wasRead);
    switch (extraction.type) {
      case 'learned':
        await this.#settle(conversation, read, extraction.changes);
        this.#deps.onBatch({
          messages: learned.length,
          changes: extraction.changes.length,
          ms: clock.monotonicMs() - startedMs,
        });
        break;
      case 'unusable':
        await this.#settle(conversation, read, [], new Set(learned.map(({ item }) => item.id)));
        this.#deps.onQuarantined(conversationId, learned.length, extraction.reason);
        break;
    }
    return read.length;
  }

  #failed(error: unknown): void {
    if (this.#isClosed) return;
    this.#deps.onFailed(messageOf(error));
    this.#backoff.failed();
  }

  async #settle(
    { owner, conversationId }: WaitingConversation,
    waiting: readonly OutboxItem[],
    changes: readonly MemoryChange[],
    quarantined: ReadonlySet<string> = new Set(),
  ): Promise<void> {
    const ids = waiting.map(({ item }) => item.id);
    await this.#deps.outbox.settle(owner, conversationId, {
      items: ids.map((id) => ({ id, to: quarantined.has(id) ? 'quarantined' : 'done' })),
      changes: changes.length > 0 ? JSON.stringify(changes) : null,
    });
    this.#deps.onSettled(owner, ids);
  }

  /** The messages with what was answered between them, and a little of what was said before. Not all of them if that is too much. */
  async #around(
    { owner, conversationId }: WaitingConversation,
    waiting: readonly OutboxItem[],
  ): Promise<readonly Item[]> {
    const first = (waiting[0] as OutboxItem).item;
    const last = waiting.at(-1)?.item.id;
    const page = (order: 'asc' | 'desc', limit: number) =>
      this.#deps.transcripts.listItems(owner, conversationId, { after: first.id, order, limit });
    const before = (await page('desc', CONTEXT_ITEMS)).data.toReversed();
    const after = last === first.id ? [] : (await page('asc', MAX_ITEMS)).data;
    const end = after.findIndex(({ id }) => id === last);
    return [...before, first, ...(end === -1 ? after : after.slice(0, end + 1))];
  }
}

function toMessages(items: readonly Item[], learn: ReadonlySet<string>): BatchMessage[] {
  return items.flatMap((item) => {
    if (item.type !== 'message' || item.role === 'system') return [];
    const text = item.reply ? (item.reply.heard ?? item.reply.sent) : wordsOf(item);
    if (text.trim() === '') return [];
    const { id: itemId, role, createdAtMs: saidAtMs } = item;
    return [{ itemId, role, text, saidAtMs, learn: learn.has(itemId) }];
  });
}
