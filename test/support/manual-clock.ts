import { setImmediate as macrotask } from 'node:timers/promises';
import type { Clock } from '../../src/clock.ts';

interface Timer {
  readonly dueMs: number;
  readonly run: () => void;
}

/** Time that stands still until a test moves it. */
export class ManualClock implements Clock {
  readonly #startMs: number;
  readonly #timers = new Set<Timer>();
  #elapsedMs = 0;

  /** `startMs`: what the wall clock says at first, milliseconds since 1970. */
  constructor(startMs = Date.UTC(2026, 10, 21, 14, 20)) {
    this.#startMs = startMs;
  }

  nowMs(): number {
    return this.#startMs + Math.floor(this.#elapsedMs);
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  after(delayMs: number, run: () => void): Disposable {
    const timer = { dueMs: this.#elapsedMs + Math.max(0, delayMs), run };
    this.#timers.add(timer);
    return { [Symbol.dispose]: () => this.#timers.delete(timer) };
  }

  /** Timers that have neither run nor been stopped: a test of clean-up expects 0. */
  get pending(): number {
    return this.#timers.size;
  }

  /**
   * Moves time by `ms`. Timers that come due run in their order, each at its own time, and what they set in motion
   * (promises, and further timers within `ms`) has happened before the next one runs.
   */
  async advance(ms: number): Promise<void> {
    const endMs = this.#elapsedMs + ms;
    await this.settle();
    for (let timer = this.#nextDue(endMs); timer; timer = this.#nextDue(endMs)) {
      this.#timers.delete(timer);
      this.#elapsedMs = timer.dueMs;
      timer.run();
      await this.settle();
    }
    this.#elapsedMs = endMs;
  }

  /** Lets every promise that can go on without time passing do so. */
  async settle(): Promise<void> {
    await macrotask();
  }

  /** The earliest timer; of two for the same moment the one that was set first. */
  #nextDue(endMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs <= endMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer;
    }
    return next;
  }
}
