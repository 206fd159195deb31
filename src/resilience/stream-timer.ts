import type { Clock } from '../clock.ts';
import { type DeadlineKind, EngineTimeout } from './engine-timeout.ts';
import type { StreamClocks } from './guard-stream.ts';
import type { Warmth } from './warmth.ts';

interface Options {
  readonly name: string;
  readonly clock: Clock;
  readonly limits: StreamClocks;
  /** Says how long the first content may take, in place of `limits`. */
  readonly warmth: Warmth | null;
  /** Called once at most, with what ran out. */
  readonly expire: (error: EngineTimeout) => void;
}

/** The clocks of one stream, on one timer. */
export class StreamTimer {
  readonly #options: Options;
  readonly #firstMs: number;
  #waitedMs = 0;
  #waitingSinceMs = 0;
  #hasContent = false;
  #timer: Disposable | null = null;

  constructor(options: Options) {
    this.#options = options;
    this.#firstMs = options.warmth?.limitMs() ?? options.limits.firstMs;
  }

  /** Somebody waits for the engine from now on. */
  start(): void {
    const { clock, expire } = this.#options;
    const [kind, leftMs] = this.#next();
    this.#waitingSinceMs = clock.monotonicMs();
    this.#timer = clock.after(leftMs, () => {
      if (kind === 'first-content') this.#options.warmth?.waitedInVain();
      expire(this.#timeout(kind));
    });
  }

  /** Nobody waits any more. */
  stop(): void {
    if (!this.#timer) return;
    this.#timer[Symbol.dispose]();
    this.#timer = null;
    this.#waitedMs += this.#options.clock.monotonicMs() - this.#waitingSinceMs;
  }

  sawContent(): void {
    if (this.#hasContent) return;
    this.#hasContent = true;
    this.#options.warmth?.answered(this.#waitedMs);
  }

  /** True when no more than half of the time for the first content is gone: another attempt can take as long as this one. */
  get isEarly(): boolean {
    return !this.#hasContent && 2 * this.#waitedMs <= this.#firstMs;
  }

  /** The clock that runs out first, and in how many milliseconds. */
  #next(): [DeadlineKind, number] {
    const { stallMs, totalMs } = this.#options.limits;
    const totalLeftMs = totalMs - this.#waitedMs;
    const leftMs = this.#hasContent ? stallMs : this.#firstMs - this.#waitedMs;
    if (totalLeftMs < leftMs) return ['total', totalLeftMs];
    return [this.#hasContent ? 'stall' : 'first-content', leftMs];
  }

  #timeout(kind: DeadlineKind): EngineTimeout {
    const { stallMs, totalMs } = this.#options.limits;
    const limitMs = kind === 'total' ? totalMs : kind === 'stall' ? stallMs : this.#firstMs;
    return new EngineTimeout(this.#options.name, kind, limitMs);
  }
}
