import CircuitBreaker from 'opossum';
import { isAbort, messageOf, VivavoceError } from '../errors.ts';
import { EngineTimeout } from './engine-timeout.ts';
import type { BreakerState, GuardCounters, GuardOptions } from './guard-options.ts';
import { Semaphore, type Slot } from './semaphore.ts';

/** What the breaker gets to see of a call that its caller gave up. */
const GIVEN_UP = new Error('the caller gave up');

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
  readonly #breaker: CircuitBreaker<[action: () => Promise<void>], void>;
  readonly #semaphore: Semaphore;
  readonly #counters = {
    calls: 0,
    successes: 0,
    failures: 0,
    timeouts: 0,
    cancelled: 0,
    rejectedOpen: 0,
    rejectedBusy: 0,
  };
  #state: BreakerState = 'closed';
  #lastFailure: string | null = null;

  constructor(options: GuardOptions) {
    const { name, maxConcurrent, maxWaiting = maxConcurrent } = options;
    this.name = name;
    this.options = options;
    this.#semaphore = new Semaphore({ name, limit: maxConcurrent, maxWaiting });
    this.#breaker = new CircuitBreaker((action: () => Promise<void>) => action(), {
      // Ours always settle and cancel the work; the breaker's own would leave it running and abort siblings.
      timeout: false,
      errorThresholdPercentage: (options.failureRatio ?? 0.5) * 100,
      volumeThreshold: Math.max(5, options.minimumCalls ?? 5),
      rollingCountTimeout: options.windowMs ?? 60_000,
      resetTimeout: this.#resetMs,
      // Each failure would sort all latencies.
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
      // A filtered error counts as a success, and a success closes a half-open breaker: not for a caller's abort.
      errorFilter: (error) => error === GIVEN_UP && !this.#breaker.halfOpen,
    });
    this.#breaker.on('open', () => this.#change('open'));
    this.#breaker.on('halfOpen', () => this.#change('half-open'));
    this.#breaker.on('close', () => this.#change('closed'));
  }

  get state(): BreakerState {
    return this.#state;
  }

  get counters(): GuardCounters {
    return { ...this.#counters };
  }

  /** Calls that run now, and calls that wait for their turn. */
  get load(): { readonly running: number; readonly waiting: number } {
    return { running: this.#semaphore.inside, waiting: this.#semaphore.waiting };
  }

  /** Waits for a slot. Rejects with `breaker_open`, `engine_unavailable` (too many wait) or `cancelled`. */
  async enter(signal: AbortSignal): Promise<Slot> {
    // Who would be turned away anyway need not wait first.
    if (this.#state === 'open') throw this.#turnedAway();
    try {
      return await this.#semaphore.acquire(signal);
    } catch (error) {
      if (!isAbort(error)) this.#counters.rejectedBusy++;
      throw error;
    }
  }

  /** Asks the breaker. Throws `breaker_open` when it lets nothing through. */
  begin(): Attempt {
    const isProbe = this.#breaker.halfOpen;
    const outcome = Promise.withResolvers<void>();
    let admitted = false;
    const fired = this.#breaker.fire(() => {
      admitted = true;
      return outcome.promise;
    });
    // Whoever called gets the error by another way; this one only says when the breaker has taken note.
    const noted = fired.then(nothing, nothing);
    if (this.#breaker.isShutdown) throw new VivavoceError('engine_unavailable', `${this.name} is shut down`);
    if (!admitted) throw this.#turnedAway();
    this.#counters.calls++;
    return {
      succeed: () => {
        this.#counters.successes++;
        outcome.resolve();
        return noted;
      },
      fail: async (error) => {
        const failure = this.#failureOf(error);
        if (failure === null) outcome.resolve();
        else outcome.reject(failure);
        await noted;
        return failure ?? error;
      },
      giveUp: () => {
        this.#counters.cancelled++;
        // A call from before, given up while the breaker tries the engine with another one: either verdict would be
        // wrong, so this one is never settled.
        if (this.#breaker.halfOpen && !isProbe) return Promise.resolve();
        outcome.reject(GIVEN_UP);
        return noted;
      },
    };
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
    this.#breaker.shutdown();
  }

  get #resetMs(): number {
    return this.options.resetMs ?? 10_000;
  }

  /** Null when the engine answered, and its answer was that the request is wrong: it is well. */
  #failureOf(error: unknown): unknown {
    if (error instanceof VivavoceError && error.code === 'invalid_request') {
      this.#counters.successes++;
      return null;
    }
    this.#counters.failures++;
    if (error instanceof EngineTimeout) this.#counters.timeouts++;
    this.#lastFailure = messageOf(error);
    // Nobody aborted it, so to the caller this must not look like an abort, which is passed over in silence.
    if (!isAbort(error)) return error;
    return new VivavoceError('engine_failed', `${this.name} broke off by itself: ${messageOf(error)}`, {
      cause: error,
    });
  }

  #turnedAway(): VivavoceError {
    this.#counters.rejectedOpen++;
    const when = this.#state === 'half-open' ? 'is being tried again by another call' : this.#pause();
    const why = this.#lastFailure ? ` Last failure: ${this.#lastFailure}` : '';
    return new VivavoceError('breaker_open', `${this.name} ${when}.${why}`);
  }

  #pause(): string {
    return `failed too often and is left alone for up to ${this.#resetMs / 1_000} s`;
  }

  #change(to: BreakerState): void {
    const from = this.#state;
    this.#state = to;
    this.options.onTransition?.({ name: this.name, from, to, lastFailure: this.#lastFailure });
  }
}

function nothing(): void {}
