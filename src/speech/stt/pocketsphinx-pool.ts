import type { PocketSphinxChild } from './pocketsphinx-child.ts';

/** Who wants a decoder. */
export interface Borrower {
  /** True when somebody waits for the text, so that it goes before those who are still speaking. */
  readonly isUrgent: boolean;
  /** It shall give its decoder back soon, and may ask for one again. */
  yield(): void;
}

/**
 * Lends decoders, each to one utterance at a time: first come, first served, but who is urgent goes first, and when
 * there is none for it somebody who is not gives way. Otherwise one would wait until a stranger has finished speaking.
 */
export class PocketSphinxPool {
  readonly #idle: PocketSphinxChild[];
  readonly #waiting = new Map<Borrower, (decoder: PocketSphinxChild | null) => void>();
  readonly #lent = new Set<Borrower>();
  readonly #yielding = new Set<Borrower>();

  constructor(decoders: readonly PocketSphinxChild[]) {
    this.#idle = [...decoders];
  }

  /** Resolves with null when `withdraw` was called before there was one. */
  borrow(borrower: Borrower): Promise<PocketSphinxChild | null> {
    const { promise, resolve } = Promise.withResolvers<PocketSphinxChild | null>();
    this.#waiting.set(borrower, resolve);
    this.lend();
    return promise;
  }

  /** No longer wants one; who has one already gives it back by `release`. */
  withdraw(borrower: Borrower): void {
    this.#waiting.get(borrower)?.(null);
    this.#waiting.delete(borrower);
  }

  release(borrower: Borrower, decoder: PocketSphinxChild): void {
    this.#lent.delete(borrower);
    this.#yielding.delete(borrower);
    this.#idle.push(decoder);
    this.lend();
  }

  /** Call it when somebody who waits has become urgent. */
  lend(): void {
    while (this.#idle.length > 0 && this.#waiting.size > 0) {
      const all = [...this.#waiting];
      const [borrower, take] = all.find(([one]) => one.isUrgent) ?? (all[0] as (typeof all)[number]);
      this.#waiting.delete(borrower);
      this.#lent.add(borrower);
      take(this.#idle.shift() as PocketSphinxChild);
    }
    const urgent = [...this.#waiting.keys()].filter(({ isUrgent }) => isUrgent).length;
    for (const holder of this.#lent) {
      if (this.#yielding.size >= urgent) return;
      if (holder.isUrgent || this.#yielding.has(holder)) continue;
      this.#yielding.add(holder);
      holder.yield();
    }
  }
}
