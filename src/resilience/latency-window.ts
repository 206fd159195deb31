const SHARE = 0.95;
/** It is sorted once for so many new samples: nobody needs it more exactly. */
const SORT_EVERY = 8;

/** The last so many durations of something. */
export class LatencyWindow {
  readonly #samplesMs: Float64Array;
  #count = 0;
  #p95Ms = Number.NaN;
  #sortedAt = 0;

  constructor(size = 128) {
    this.#samplesMs = new Float64Array(size);
  }

  /** How many samples it has. */
  get size(): number {
    return Math.min(this.#count, this.#samplesMs.length);
  }

  add(ms: number): void {
    this.#samplesMs[this.#count++ % this.#samplesMs.length] = ms;
  }

  /** What 95 % of them did not exceed; NaN while there are none. */
  get p95Ms(): number {
    // The first ones change it much.
    if (this.#count < SORT_EVERY || this.#count - this.#sortedAt >= SORT_EVERY) {
      const sorted = this.#samplesMs.slice(0, this.size).sort();
      this.#p95Ms = sorted[Math.ceil(SHARE * sorted.length) - 1] ?? Number.NaN;
      this.#sortedAt = this.#count;
    }
    return this.#p95Ms;
  }

  clear(): void {
    this.#count = 0;
    this.#sortedAt = 0;
  }
}
