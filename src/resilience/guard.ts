import { isAbort, messageOf, VivavoceError } from '../errors.ts';
import { Breaker } from './breaker.ts';
import { EngineTimeout } from './engine-timeout.ts';
import type { BreakerState, GuardCounters, GuardOptions } from './guard-options.ts';
import type { GuardView } from './guards.ts';
import { Semaphore, type Slot } from './semaphore.ts';

/** A call that was let through. Exactly one of its methods is called, once. */
export interface Attempt {
  succeed(): Promise<void>;
  /** Resolves to the error that the caller should get. */
  fail(error: unknown): Promise<unknown>;
  /** The caller went away: says nothing about the engine. */
  giveUp(): Promise<void>;
}

/**
 * Stands before one engine: a bounded number of calls at once, and a breaker that stops asking an engine that keeps
 * failing. `guardCall` and `guardStream` put it around functions; several functions of one engine share one guard.
 */
export class Guard implements Disposable {
  readonly name: string;
  readonly options: GuardOptions;
  readonly #breaker: Breaker;
  readonly #semaphore: Semaphore;
  readonly #counters = {
    calls: 0,
    successes: 0,
    failures: 0,
    timeouts: 0,
    cancelled: 0,
    rejectedOpen: 0,
    rejectedBusy: 0,
    retries: 0,
    hedges: 0,
  };

  constructor(options: GuardOptions) {
    const { name, clock, maxConcurrent, maxWaiting = maxConcurrent } = options;
    this.name = name;
    this.options = options;
    this.#semaphore = new Semaphore({ name, limit: maxConcurrent, maxWaiting });
    this.#breaker = new Breaker({
      clock,
      failureRatio: options.failureRatio ?? 0.5,
      windowMs: options.windowMs ?? 60_000,
      resetMs: this.#resetMs,
      onChange: (from, to, reason) => options.onTransition?.({ name, from, to, reason }),
    });
  }

  get state(): BreakerState {
    return this.#breaker.state;
  }

  get counters(): GuardCounters {
    return { ...this.#counters };
  }

  /** Calls that run now, and calls that wait for their turn. */
  get load(): { readonly running: number; readonly waiting: number } {
    return { running: this.#semaphore.inside, waiting: this.#semaphore.waiting };
  }

  /** True when a call would be let through at once, and not only to see whether the engine is back. */
  get hasRoom(): boolean {
    return this.state === 'closed' && this.#semaphore.inside < this.options.maxConcurrent;
  }

  view(): GuardView {
    const { name, load, counters } = this;
    const { state, isHeld, reason, sinceMs, threshold } = this.#breaker;
    return { name, state, isHeld, reason, sinceMs, threshold, load, counters };
  }

  /** An operator opens it: every new call is turned away until `reset`; what is under way goes on. */
  hold(): void {
    this.#breaker.hold();
  }

  /** An operator closes it, whoever opened it: the engine is asked as if it had never failed. */
  reset(): void {
    this.#breaker.reset();
  }

  /** Waits for a slot. Rejects with `breaker_open`, `engine_unavailable` (too many wait) or `cancelled`. */
  async enter(signal: AbortSignal): Promise<Slot> {
    // Who would be turned away anyway need not wait first.
    if (this.state === 'open') throw this.#turnedAway();
    try {
      return await this.#semaphore.acquire(signal);
    } catch (error) {
      if (!isAbort(error)) this.#counters.rejectedBusy++;
      throw error;
    }
  }

  /** Asks the breaker. Throws `breaker_open` when it lets nothing through. */
  begin(): Attempt {
    const outcome = this.#breaker.begin();
    if (this.#breaker.isShutDown) throw new VivavoceError('engine_unavailable', `${this.name} is shut down`);
    if (!outcome) throw this.#turnedAway();
    this.#counters.calls++;
    return {
      succeed: () => {
        this.#counters.successes++;
        return outcome.succeeded();
      },
      fail: async (error) => {
        // The engine answered, and its answer was that the request is wrong: it is well.
        if (error instanceof VivavoceError && error.code === 'invalid_request') {
          this.#counters.successes++;
          await outcome.succeeded();
          return error;
        }
        const failure = this.#failureOf(error);
        await outcome.failed(failure);
        return failure;
      },
      giveUp: () => {
        this.#counters.cancelled++;
        return outcome.unknown();
      },
    };
  }

  /** The call that begins next is a second attempt. */
  countAgain(kind: 'retries' | 'hedges'): void {
    this.#counters[kind]++;
  }

  /** Gives `slot` back when `work` has ended, or after the grace time if it does not end. Never rejects. */
  releaseAfter(work: Promise<unknown>, slot: Slot): void {
    const timer = this.options.clock.after(this.options.graceMs ?? 1_000, () => slot.release());
    const ended = () => {
      timer[Symbol.dispose]();
      slot.release();
    };
    work.then(ended, ended);
  }

  /** Stops the breaker's timers; calls after it are turned away. */
  [Symbol.dispose](): void {
    this.#breaker[Symbol.dispose]();
  }

  get #resetMs(): number {
    return this.options.resetMs ?? 10_000;
  }

  #failureOf(error: unknown): unknown {
    this.#counters.failures++;
    if (error instanceof EngineTimeout) this.#counters.timeouts++;
    // Nobody aborted it, so to the caller this must not look like an abort, which is passed over in silence.
    if (!isAbort(error)) return error;
    return new VivavoceError('engine_failed', `${this.name} broke off by itself: ${messageOf(error)}`, {
      cause: error,
    });
  }

  #turnedAway(): VivavoceError {
    this.#counters.rejectedOpen++;
    const { isHeld, state, lastFailure } = this.#breaker;
    if (isHeld) {
      const text = `${this.name} is held open by an operator: nothing is asked of it until its guard is reset`;
      return new VivavoceError('breaker_open', text);
    }
    const when = state === 'half-open' ? 'is being tried again by another call' : this.#pause();
    const why = lastFailure ? ` Last failure: ${lastFailure}` : '';
    return new VivavoceError('breaker_open', `${this.name} ${when}.${why}`);
  }

  #pause(): string {
    return `failed too often and is left alone for up to ${this.#resetMs / 1_000} s`;
  }
}
