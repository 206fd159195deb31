import { type Clock, systemClock } from '../../src/clock.ts';

interface Timer {
  readonly dueMs: number;
  readonly run: () => void;
}

/** Real time, of which a test can skip what it does not want to wait for. */
export class SkippingClock implements Clock {
  readonly #timers = new Set<Timer>();
  #skippedMs = 0;

  nowMs(): number {
    return systemClock.nowMs() + this.#skippedMs;
  }

  monotonicMs(): number {
    return systemClock.monotonicMs() + this.#skippedMs;
  }

  after(delayMs: number, run: () => void): Disposable {
    const timer = { dueMs: this.monotonicMs() + delayMs, run };
    this.#timers.add(timer);
    const real = systemClock.after(delayMs, () => this.#run(timer));
    return {
      [Symbol.dispose]: () => {
        this.#timers.delete(timer);
        real[Symbol.dispose]();
      },
    };
  }

  /** What is due within `ms` happens now, in its order. */
  skip(ms: number): void {
    this.#skippedMs += ms;
    const due = [...this.#timers].filter(({ dueMs }) => dueMs <= this.monotonicMs());
    for (const timer of due.toSorted((a, b) => a.dueMs - b.dueMs)) this.#run(timer);
  }

  #run(timer: Timer): void {
    if (this.#timers.delete(timer)) timer.run();
  }
}
