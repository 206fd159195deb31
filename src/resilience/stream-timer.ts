import type { Clock } from '../clock.ts';
import { type DeadlineKind, EngineTimeout } from './engine-timeout.ts';
import type { StreamClocks } from './guard-stream.ts';

/** The clocks of one stream, on one timer. */
export class StreamTimer {
  readonly #name: string;
  readonly #clock: Clock;
  readonly #limits: StreamClocks;
  readonly #expire: (error: EngineTimeout) => void;
  #waitedMs = 0;
  #waitingSinceMs = 0;
  #hasContent = false;
  #timer: Disposable | null = null;

  /** `expire` is called once at most, with what ran out. */
  constructor(name: string, clock: Clock, limits: StreamClocks, expire: (error: EngineTimeout) => void) {
    this.#name = name;
    this.#clock = clock;
    this.#limits = limits;
    this.#expire = expire;
  }

  /** Somebody waits for the engine from now on. */
  start(): void {
    const [kind, leftMs] = this.#next();
    this.#waitingSinceMs = this.#clock.monotonicMs();
    this.#timer = this.#clock.after(leftMs, () => this.#expire(this.#timeout(kind)));
  }

  /** Nobody waits any more. */
  stop(): void {
    if (!this.#timer) return;
    this.#timer[Symbol.dispose]();
    this.#timer = null;
    this.#waitedMs += this.#clock.monotonicMs() - this.#waitingSinceMs;
  }

  sawContent(): void {
    this.#hasContent = true;
  }

  /** The clock that runs out first, and in how many milliseconds. */
  #next(): [DeadlineKind, number] {
    const { firstMs, stallMs, totalMs } = this.#limits;
    const totalLeftMs = totalMs - this.#waitedMs;
    const leftMs = this.#hasContent ? stallMs : firstMs - this.#waitedMs;
    if (totalLeftMs < leftMs) return ['total', totalLeftMs];
    return [this.#hasContent ? 'stall' : 'first-content', leftMs];
  }

  #timeout(kind: DeadlineKind): EngineTimeout {
    const { firstMs, stallMs, totalMs } = this.#limits;
    const limitMs = kind === 'total' ? totalMs : kind === 'stall' ? stallMs : firstMs;
    return new EngineTimeout(this.#name, kind, limitMs);
  }
}
