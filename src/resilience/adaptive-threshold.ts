const SEED = 5;
const FLOOR = 3;
const CAP = 10;
/** Fewer would say nothing about five failures in a hundred. */
const CALLS = 20;
const WELL = 0.95;
const UNWELL = 0.8;

/**
 * How many failures open a breaker. An engine that nearly always answers is forgiven more, one that often fails less:
 * after every 20 calls it goes up by one when more than 95 % of them succeeded, down by one when less than 80 % did.
 */
export class AdaptiveThreshold {
  #failures = SEED;
  #seen = 0;
  #succeeded = 0;

  /** Between 3 and 10. */
  get failures(): number {
    return this.#failures;
  }

  note(isSuccess: boolean): void {
    this.#seen++;
    if (isSuccess) this.#succeeded++;
    if (this.#seen < CALLS) return;
    const ratio = this.#succeeded / this.#seen;
    if (ratio > WELL) this.#failures = Math.min(CAP, this.#failures + 1);
    else if (ratio < UNWELL) this.#failures = Math.max(FLOOR, this.#failures - 1);
    this.#seen = 0;
    this.#succeeded = 0;
  }
}
