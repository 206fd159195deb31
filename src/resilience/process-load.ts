import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { Load, LoadProbe } from './load-monitor.ts';

const RESOLUTION_MS = 20;
/** Of a shorter time nothing can be said: the last answer stands. */
const SHORTEST_MS = 100;

/** The load of this process. */
export class ProcessLoad implements LoadProbe, Disposable {
  readonly #waiting: () => number;
  readonly #delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #since = performance.eventLoopUtilization();
  #loop = { utilisation: 0, delayMs: 0 };

  /** @param waiting how many calls wait for an engine now */
  constructor(waiting: () => number) {
    this.#waiting = waiting;
    this.#delays.enable();
  }

  read(): Load {
    const { idle, active, utilization } = performance.eventLoopUtilization(this.#since);
    if (idle + active >= SHORTEST_MS) {
      this.#since = performance.eventLoopUtilization();
      this.#loop = { utilisation: utilization, delayMs: this.#meanDelayMs() };
      this.#delays.reset();
    }
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
    return { ...this.#loop, heap: used / limit, waiting: this.#waiting() };
  }

  /** Not the percentile: one stall is not a busy loop. What is recorded counts from one timer to the next. */
  #meanDelayMs(): number {
    return this.#delays.count === 0 ? 0 : Math.max(0, this.#delays.mean / 1e6 - RESOLUTION_MS);
  }

  [Symbol.dispose](): void {
    this.#delays.disable();
  }
}
