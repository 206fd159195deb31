import type { PocketSphinxChild } from './pocketsphinx-child.ts';

/** Who wants a decoder. */
export interface Borrower {
  /** True when somebody waits for the text, so that it goes before those who are still speaking. */
  readonly isUrgent: boolean;
}

/** Lends decoders, each to one utterance at a time. */
export class PocketSphinxPool {
  readonly #idle: PocketSphinxChild[];
  readonly #waiting = new Map<Borrower, (decoder: PocketSphinxChild | null) => void>();

  constructor(decoders: readonly PocketSphinxChild[]) {
    this.#idle = [...decoders];
  }

  /** Resolves with null when `withdraw` was called before there was one. */
  borrow(borrower: Borrower): Promise<PocketSphinxChild | null> {
    const { promise, resolve } = Promise.withResolvers<PocketSphinxChild | null>();
    this.#waiting.set(borrower, resolve);
    this.#lend();
    return promise;
  }

  /** No longer wants one; who has one already gives it back by `release`. */
  withdraw(borrower: Borrower): void {
    this.#waiting.get(borrower)?.(null);
    this.#waiting.delete(borrower);
  }

  release(decoder: PocketSphinxChild): void {
    this.#idle.push(decoder);
    this.#lend();
  }

  #lend(): void {
    while (this.#idle.length > 0 && this.#waiting.size > 0) {
      const all = [...this.#waiting];
      const [borrower, take] = all.find(([one]) => one.isUrgent) ?? (all[0] as (typeof all)[number]);
      this.#waiting.delete(borrower);
      take(this.#idle.shift() as PocketSphinxChild);
    }
  }
}
