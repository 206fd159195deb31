import type { Clock } from '../clock.ts';
import { LatencyWindow } from './latency-window.ts';

export interface WarmthOptions {
  readonly clock: Clock;
  /** How long its first answer may take: it may have to be loaded from a disk. */
  readonly coldMs: number;
  /** How long any answer may take. */
  readonly warmMs: number;
  /** Which of several things it is that is warm: the model of an engine. Another one is cold. */
  readonly subject?: () => string;
}

/** So long after its last answer it is taken to be in memory still. */
const STAYS_WARM_MS = 5 * 60_000;
/** Slower than nearly ever before, and by far. */
const FACTOR = 4;
const SAMPLES = 64;

/**
 * How long to wait for the first content of an engine. One that has answered lately and now says nothing hangs, and must
 * not cost as long as one that is being loaded.
 *
 * Each wait in vain doubles the next one: what was pushed out of memory meanwhile gets the time to come back.
 */
export class Warmth {
  readonly #options: WarmthOptions;
  readonly #firstsMs = new LatencyWindow(SAMPLES);
  #answeredAtMs = Number.NEGATIVE_INFINITY;
  #inVain = 0;
  #subject = '';

  constructor(options: WarmthOptions) {
    this.#options = options;
  }

  limitMs(): number {
    const { clock, coldMs, warmMs, subject } = this.#options;
    const current = subject?.() ?? '';
    if (current !== this.#subject) {
      this.#subject = current;
      this.#answeredAtMs = Number.NEGATIVE_INFINITY;
      this.#firstsMs.clear();
    }
    if (clock.monotonicMs() - this.#answeredAtMs > STAYS_WARM_MS) return coldMs;
    const usualMs = Math.max(warmMs, FACTOR * this.#firstsMs.p95Ms);
    return Math.min(coldMs, Math.round(usualMs * 2 ** this.#inVain));
  }

  /** @param firstMs how long its first content was waited for */
  answered(firstMs: number): void {
    this.#firstsMs.add(firstMs);
    this.#answeredAtMs = this.#options.clock.monotonicMs();
    this.#inVain = 0;
  }

  waitedInVain(): void {
    this.#inVain++;
  }
}
