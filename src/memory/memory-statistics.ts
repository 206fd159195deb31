import type { MessageWorth } from './extraction/message-worth.ts';
import type { CacheCounters } from './recall/search-cache.ts';

type SkipReason = NonNullable<MessageWorth['skip']>;

/** What the memory has done since the start of the program. */
export interface MemoryCounts {
  readonly recall: CacheCounters;
  /** Null: the cache is off. */
  readonly replies: CacheCounters | null;
  /** Messages about which no language model was asked, and why. */
  readonly skipped: Readonly<Record<SkipReason, number>>;
  readonly extraction: {
    /** Calls of a language model, second ones included. */
    readonly calls: number;
    /** Batches that were read to their end. */
    readonly batches: number;
    /** Messages in them that were worth it. */
    readonly messages: number;
    /** What was learned from them. */
    readonly changes: number;
    /** Messages from which nothing is learned, because the answers were unusable. */
    readonly quarantined: number;
  };
}

interface Caches {
  readonly recall: () => CacheCounters;
  readonly replies: () => CacheCounters | null;
}

/** Counts, for operators: never what anybody said. */
export class MemoryStatistics {
  readonly #caches: Caches;
  readonly #skipped: Record<SkipReason, number> = { greeting: 0, short: 0, question: 0 };
  readonly #extraction = { calls: 0, batches: 0, messages: 0, changes: 0, quarantined: 0 };

  constructor(caches: Caches) {
    this.#caches = caches;
  }

  skipped(reason: SkipReason): void {
    this.#skipped[reason]++;
  }

  called(calls: number): void {
    this.#extraction.calls += calls;
  }

  learned({ messages, changes }: { readonly messages: number; readonly changes: number }): void {
    this.#extraction.batches++;
    this.#extraction.messages += messages;
    this.#extraction.changes += changes;
  }

  quarantined(messages: number): void {
    this.#extraction.quarantined += messages;
  }

  get counts(): MemoryCounts {
    return {
      recall: this.#caches.recall(),
      replies: this.#caches.replies(),
      skipped: { ...this.#skipped },
      extraction: { ...this.#extraction },
    };
  }
}
