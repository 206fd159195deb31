import { EventEmitter } from 'node:events';
import CircuitBreaker from 'opossum';
import type { Clock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import { AdaptiveThreshold } from './adaptive-threshold.ts';
import type { BreakerState } from './guard-options.ts';

export interface BreakerOptions {
  readonly clock: Clock;
  /** It opens when more than this part of the calls in the window failed, and enough of them. */
  readonly failureRatio: number;
  readonly windowMs: number;
  /** How long it stays open before one call may try again. Real time, not the clock's. */
  readonly resetMs: number;
  readonly onChange: (from: BreakerState, to: BreakerState, reason: string) => void;
}

/** What the breaker learns of a call that it let through. One of them is called, once. */
export interface Outcome {
  succeeded(): Promise<void>;
  failed(error: unknown): Promise<void>;
  /** Nobody knows: the caller went away. */
  unknown(): Promise<void>;
}

type Circuit = CircuitBreaker<[action: () => Promise<void>], void>;

const BUCKETS = 10;

/**
 * opossum is the state machine, the counts and the time until it is tried again. Ours are when it opens, what time the
 * window goes by, and the hand of an operator.
 */
export class Breaker implements Disposable {
  readonly #options: BreakerOptions;
  readonly #circuit: Circuit;
  readonly #threshold = new AdaptiveThreshold();
  /** Takes opossum's window on by one of its ten parts; a timer for each breaker would be the other way. */
  readonly #window = new EventEmitter();
  readonly #partMs: number;
  #turnedAtMs: number;
  #state: BreakerState = 'closed';
  #reason: string | null = null;
  #sinceMs: number;
  #isHeld = false;
  #lastFailure: string | null = null;

  constructor(options: BreakerOptions) {
    const { clock, windowMs, resetMs } = options;
    this.#options = options;
    this.#partMs = windowMs / BUCKETS;
    this.#turnedAtMs = clock.monotonicMs();
    this.#sinceMs = clock.nowMs();
    this.#circuit = new CircuitBreaker((action: () => Promise<void>) => action(), {
      // Ours always settle and cancel the work; the breaker's own would leave it running and abort siblings.
      timeout: false,
      // Never by itself: see `#openWhenDue`. Of calls that began before the window there are more failures than calls.
      errorThresholdPercentage: Number.POSITIVE_INFINITY,
      rollingCountTimeout: windowMs,
      rollingCountBuckets: BUCKETS,
      rotateBucketController: this.#window,
      resetTimeout: resetMs,
      // Each failure would sort all latencies.
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
    });
    this.#circuit.on('failure', () => this.#openWhenDue());
    this.#circuit.on('open', () => {
      if (this.#state !== 'half-open') return;
      this.#change('open', `it failed again when one call tried it: ${this.#lastFailure}`);
    });
    this.#circuit.on('halfOpen', () =>
      this.#change('half-open', `one call may try it again; before that: ${this.#lastFailure}`),
    );
    this.#circuit.on('close', () => {
      this.#forget();
      if (this.#state === 'half-open') this.#change('closed', 'it answered again');
    });
  }

  get state(): BreakerState {
    return this.#state;
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Why it is not closed, in words; null when it is. */
  get reason(): string | null {
    return this.#reason;
  }

  /** Since when it is so, wall clock. */
  get sinceMs(): number {
    return this.#sinceMs;
  }

  /** How many failures in the window open it at the moment. */
  get threshold(): number {
    return this.#threshold.failures;
  }

  get lastFailure(): string | null {
    return this.#lastFailure;
  }

  get isShutDown(): boolean {
    return this.#circuit.isShutdown;
  }

  /** Null: it lets nothing through. Once it is shut down it never does. */
  begin(): Outcome | null {
    if (this.#isHeld) return null;
    this.#turnWindow();
    const isTrial = this.#circuit.halfOpen;
    const outcome = Promise.withResolvers<void>();
    let isAdmitted = false;
    const fired = this.#circuit.fire(() => {
      isAdmitted = true;
      return outcome.promise;
    });
    // Whoever called gets the error by another way; this one only says when the breaker has taken note.
    const noted = fired.then(nothing, nothing);
    if (!isAdmitted) return null;
    return {
      succeeded: () => {
        this.#turnWindow();
        this.#threshold.note(true);
        outcome.resolve();
        return noted;
      },
      failed: (error) => {
        this.#turnWindow();
        this.#threshold.note(false);
        this.#lastFailure = messageOf(error);
        outcome.reject(error);
        return noted;
      },
      unknown: () => {
        // Either verdict would be wrong, so there is none; but whoever tries it for all has to come to an end.
        if (!isTrial || !this.#circuit.halfOpen) return Promise.resolve();
        outcome.reject(new Error('the caller gave up'));
        return noted;
      },
    };
  }

  /** Open until `reset`, whatever the engine does. What is under way goes on. */
  hold(): void {
    this.#change('open', 'an operator holds it open');
    this.#isHeld = true;
  }

  /** Closed, and what was is forgotten. */
  reset(): void {
    this.#isHeld = false;
    this.#forget();
    if (this.#state !== 'closed') this.#change('closed', 'an operator reset it');
    this.#circuit.close();
  }

  [Symbol.dispose](): void {
    this.#circuit.shutdown();
  }

  /** Enough failures, and too many of the calls. Called with every failure; only a closed breaker opens. */
  #openWhenDue(): void {
    if (!this.#circuit.closed) return;
    const { failures, successes } = this.#circuit.stats;
    const calls = failures + successes;
    if (failures < this.#threshold.failures || failures <= this.#options.failureRatio * calls) return;
    this.#circuit.open();
    const within = `${this.#options.windowMs / 1_000} s`;
    this.#change(
      'open',
      `${failures} of ${calls} calls failed within ${within}, the last: ${this.#lastFailure}`,
    );
  }

  /** Failures from before it recovered must not make it open at the first new one. */
  #forget(): void {
    for (let part = 0; part < BUCKETS; part++) this.#window.emit('rotate');
  }

  #turnWindow(): void {
    const parts = Math.floor((this.#options.clock.monotonicMs() - this.#turnedAtMs) / this.#partMs);
    if (parts === 0) return;
    this.#turnedAtMs += parts * this.#partMs;
    for (let part = 0; part < Math.min(parts, BUCKETS); part++) this.#window.emit('rotate');
  }

  #change(to: BreakerState, reason: string): void {
    // What the circuit does behind the hand that holds it is not to be seen.
    if (this.#isHeld) return;
    const from = this.#state;
    this.#state = to;
    this.#reason = to === 'closed' ? null : reason;
    this.#sinceMs = this.#options.clock.nowMs();
    this.#options.onChange(from, to, reason);
  }
}

function nothing(): void {}
