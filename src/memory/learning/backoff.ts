import type { Clock } from '../../clock.ts';

const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/** Calls again later and later while something fails. */
export class Backoff implements Disposable {
  readonly #clock: Clock;
  readonly #again: () => void;
  #delayMs = FIRST_MS;
  #timer: Disposable | null = null;

  constructor(clock: Clock, again: () => void) {
    this.#clock = clock;
    this.#again = again;
  }

  /** It is going to call again. */
  get isWaiting(): boolean {
    return this.#timer !== null;
  }

  /** What fails while it waits already, fails for the same reason. */
  failed(): void {
    if (this.#timer) return;
    this.#timer = this.#clock.after(this.#delayMs, () => {
      this.#timer = null;
      this.#again();
    });
    this.#delayMs = Math.min(this.#delayMs * 2, LONGEST_MS);
  }

  /** What failed may be well again: does not wait any longer. */
  hurry(): void {
    if (!this.#timer) return;
    this[Symbol.dispose]();
    this.#again();
  }

  succeeded(): void {
    this[Symbol.dispose]();
    this.#delayMs = FIRST_MS;
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = null;
  }
}
