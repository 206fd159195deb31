import type { MessageItem } from '../../conversation/item.ts';
import type { MemoryOutbox } from '../../conversation/memory-outbox.ts';
import type { Owner } from '../../conversation/store.ts';
import type { MessageWorth } from '../extraction/message-worth.ts';
import type { MemorySource } from '../memory.ts';
import { type RecentlySaid, wordsOf } from '../recall/recently-said.ts';
import type { BatchReader } from './batch-reader.ts';
import type { ChangeApplier } from './change-applier.ts';
import type { RuleReader } from './rule-reader.ts';

interface Deps {
  readonly outbox: Pick<MemoryOutbox, 'settle'>;
  readonly rules: RuleReader;
  readonly batches: BatchReader;
  readonly applier: ChangeApplier;
  readonly recentlySaid: RecentlySaid;
  readonly worthOf: (text: string) => MessageWorth;
  /** Not worth to ask a language model about, and why. */
  readonly onSkipped: (reason: NonNullable<MessageWorth['skip']>) => void;
}

/**
 * Learns from what people say, in the background: by rules at once, with a language model in batches. Everything goes by
 * the outbox of the store, so a crash loses nothing and nothing is learned twice.
 */
export class Learning implements AsyncDisposable {
  readonly #deps: Deps;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Takes up what an earlier process has left. */
  async start(): Promise<void> {
    const { rules, batches, applier } = this.#deps;
    applier.wake();
    await rules.catchUp();
    await batches.catchUp();
  }

  /** A message of a person has become durable. Returns at once. */
  said(owner: Owner, conversationId: string, item: MessageItem): void {
    const { rules, batches, recentlySaid, worthOf, onSkipped } = this.#deps;
    const text = wordsOf(item);
    void recentlySaid.said(owner, conversationId, item, text);
    rules.said(owner, conversationId, item);
    const { skip, importance } = worthOf(text);
    if (skip === null) batches.said({ owner, conversationId }, importance);
    else onSkipped(skip);
  }

  /** Something that they said was deleted: it is not told again. */
  deleted(owner: Owner): void {
    this.#deps.recentlySaid.forget(owner);
  }

  /** What was learned from these was deleted or rewritten by hand: it is neither told nor learned from them again. */
  async takenBack(owner: Owner, sources: readonly MemorySource[]): Promise<void> {
    const { outbox, recentlySaid, batches, applier } = this.#deps;
    for (const [conversationId, group] of Map.groupBy(sources, (source) => source.conversationId)) {
      const items = group.map(({ itemId }) => ({ id: itemId, to: 'done' }) as const);
      await outbox.settle(owner, conversationId, { items, changes: null });
    }
    const itemIds = sources.map(({ itemId }) => itemId);
    await recentlySaid.settled(owner, itemIds);
    await batches.giveUp(owner);
    await applier.idle();
  }

  /** What was said there was answered, and may be worth to be learned from. Returns at once. */
  noticed(owner: Owner, conversationId: string): void {
    this.#deps.batches.noticed({ owner, conversationId });
  }

  /** Nobody uses the conversation any more. */
  released(owner: Owner, conversationId: string): void {
    this.#deps.batches.released({ owner, conversationId });
  }

  /** A language model has appeared, or another one. */
  async modelChanged(): Promise<void> {
    await this.#deps.batches.catchUp();
  }

  /** The memory answers again: what waits for it does not wait any longer. */
  retry(): void {
    const { rules, batches, applier } = this.#deps;
    applier.retry();
    rules.retry();
    batches.retry();
  }

  /** Learns nothing about this owner until it is disposed: they are being erased. What was under way has ended by then. */
  async pause(owner: Owner): Promise<Disposable> {
    const { rules, batches, applier, recentlySaid } = this.#deps;
    using paused = new DisposableStack();
    paused.use(await applier.pause(owner));
    paused.use(await rules.pause(owner));
    paused.use(await batches.pause(owner));
    paused.defer(() => recentlySaid.forget(owner));
    return paused.move();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { rules, batches, applier } = this.#deps;
    await Promise.all([batches, rules, applier].map((each) => each[Symbol.asyncDispose]()));
  }
}
