import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { Load, LoadProbe } from './load-monitor.ts';

const RESOLUTION_MS = 20;

/** The load of this process. */
export class ProcessLoad implements LoadProbe, Disposable {
  readonly #waiting: () => number;
  readonly #delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #utilisation = performance.eventLoopUtilization();

  /** @param waiting how many calls wait for an engine now */
  constructor(waiting: () => number) {
    this.#waiting = waiting;
    this.#delays.enable();
  }

  read(): Load {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#utilisation);
    this.#utilisation = now;
    // Not the percentile: one stall is not a busy loop. What was recorded counts from one timer to the next.
    const meanMs = this.#delays.count === 0 ? 0 : this.#delays.mean / 1e6 - RESOLUTION_MS;
    this.#delays.reset();
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
    return {
      utilisation: utilization,
      delayMs: Math.max(0, meanMs),
      heap: used / limit,
      waiting: this.#waiting(),
    };
  }

  [Symbol.dispose](): void {
    this.#delays.disable();
  }
}
