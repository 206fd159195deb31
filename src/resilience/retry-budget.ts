import { VivavoceError } from '../errors.ts';

const SHARE = 0.1;

/**
 * How many requests may be second attempts at the same time: a tenth of those that are under way, and one at least. In
 * an outage everything fails, and what is tried again for everybody doubles the load of what is down already.
 */
export class RetryBudget {
  readonly #active: () => number;
  #taken = 0;

  /** @param active how many requests are under way, second attempts included */
  constructor(active: () => number) {
    this.#active = active;
  }

  /** Null when there is none left; disposing gives it back. */
  take(): Disposable | null {
    if (this.#taken >= Math.max(1, Math.floor(SHARE * this.#active()))) return null;
    this.#taken++;
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (isHeld) this.#taken--;
        isHeld = false;
      },
    };
  }
}

/**
 * True when the same call may go well at once: a connection that was refused or cut, a server that was busy. Not when
 * it was ourselves who had no room for it.
 */
export function isWorthRetrying(error: unknown): boolean {
  if (!(error instanceof VivavoceError) || !error.shouldRetry()) return false;
  return error.code !== 'breaker_open' && error.code !== 'overloaded';
}
