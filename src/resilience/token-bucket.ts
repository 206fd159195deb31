import type { Clock } from '../clock.ts';

/** How much may come at once, and how much a second in the long run. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/**
 * Fills at a steady rate. It is asked after the fact, about what has come already, so it can be overdrawn; then it says
 * how long to wait until it is not.
 */
export class TokenBucket {
  readonly #rate: Rate;
  readonly #clock: Clock;
  #level: number;
  #atMs: number;

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
    this.#level = rate.burst;
    this.#atMs = clock.monotonicMs();
  }

  take(amount: number): void {
    this.#fill();
    this.#level -= amount;
  }

  /** Until it is no longer overdrawn, milliseconds; 0: it is not. */
  get waitMs(): number {
    this.#fill();
    return this.#level >= 0 ? 0 : Math.ceil((-this.#level / this.#rate.perSecond) * 1000);
  }

  #fill(): void {
    const now = this.#clock.monotonicMs();
    const gained = ((now - this.#atMs) / 1000) * this.#rate.perSecond;
    this.#level = Math.min(this.#rate.burst, this.#level + gained);
    this.#atMs = now;
  }
}
