import { VivavoceError } from '../errors.ts';
import { cancelled } from './deadline.ts';
import type { Attempt, Guard } from './guard.ts';
import { isWorthRetrying, type RetryBudget } from './retry-budget.ts';
import type { Slot } from './semaphore.ts';
import { StreamTimer } from './stream-timer.ts';
import { Warmth } from './warmth.ts';

/** All three run only while somebody waits for the engine: a slow consumer is not the engine's fault. */
export interface StreamClocks {
  /** From the first request to the first part that has content, of an engine that may have to load a model. */
  readonly firstMs: number;
  /** The same when it has answered within five minutes: at least this, or four times what it usually takes. Default: `firstMs`. */
  readonly warmFirstMs?: number;
  /** Between two parts, once there was content. */
  readonly stallMs: number;
  /** The whole stream. */
  readonly totalMs: number;
}

export interface GuardStreamOptions<Part> extends StreamClocks {
  /** Which parts show that the engine answers; others (a header, an empty piece) leave the first clock running. */
  readonly isContent: (part: Part) => boolean;
  /** Which of several models it is that has answered lately; another one is cold. */
  readonly subject?: () => string;
  /** A stream that fails early and before its first part may be opened again, once, when the guard's budget allows it. */
  readonly retry?: boolean;
}

/**
 * Puts `guard` around a function that makes a stream. Nothing happens before the first `next()`.
 *
 * The breaker learns the outcome when the stream has ended, not when it was made. Aborting the caller's signal, and
 * leaving the stream (`break`, `return()`), abort the engine at once; neither waits for it, and neither counts as a
 * failure. The stream fails with `breaker_open` (the engine was not asked), `engine_unavailable` (too many wait),
 * `EngineTimeout`, `cancelled`, or what the engine threw.
 */
export function guardStream<Args, Part>(
  guard: Guard,
  open: (args: Args, signal: AbortSignal) => AsyncIterable<Part>,
  options: GuardStreamOptions<Part>,
): (args: Args, signal: AbortSignal) => AsyncIterableIterator<Part, undefined> {
  const { firstMs: coldMs, warmFirstMs: warmMs, subject } = options;
  const { clock } = guard.options;
  const warmth =
    warmMs === undefined ? null : new Warmth({ clock, coldMs, warmMs, ...(subject && { subject }) });
  return (args, signal) => new GuardedStream(guard, (own) => open(args, own), { ...options, warmth }, signal);
}

interface Reader<Part> {
  readonly resolve: (result: IteratorResult<Part, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

type Options<Part> = GuardStreamOptions<Part> & { readonly warmth: Warmth | null };

type Ending =
  | { readonly kind: 'complete' }
  | { readonly kind: 'failed'; readonly error: unknown }
  /** By the caller: `error` is null when it left without being told to. */
  | { readonly kind: 'given-up'; readonly error: VivavoceError | null };

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * Written by hand, because a generator's `return()` has to wait for a `next()` that hangs, and because a race of
 * every chunk against one long promise would pile up memory on that promise.
 */
class GuardedStream<Part> implements AsyncIterableIterator<Part, undefined> {
  readonly #guard: Guard;
  readonly #open: (signal: AbortSignal) => AsyncIterable<Part>;
  readonly #isContent: (part: Part) => boolean;
  readonly #caller: AbortSignal;
  readonly #timer: StreamTimer;
  /** Null: it is not tried again. */
  readonly #retries: RetryBudget | null;
  readonly #readers: Reader<Part>[] = [];
  readonly #onAbort = () => this.#end({ kind: 'given-up', error: cancelled(this.#guard.name, this.#caller) });
  #own = new AbortController();
  #isStarted = false;
  #isOver = false;
  #hasDelivered = false;
  /** The share of the budget of a second attempt, while there is one. */
  #again: Disposable | null = null;
  #slot: Slot | null = null;
  #attempt: Attempt | null = null;
  #engine: AsyncIterator<Part> | null = null;
  /** Settles when the engine has given what was asked of it last. */
  #asked: Promise<unknown> = Promise.resolve();
  /** An abort while the consumer held a part: its next request has to fail, or it would take the stream for complete. */
  #untold: VivavoceError | null = null;

  constructor(
    guard: Guard,
    open: (signal: AbortSignal) => AsyncIterable<Part>,
    { isContent, retry = false, warmth, ...limits }: Options<Part>,
    caller: AbortSignal,
  ) {
    const { name, options } = guard;
    this.#guard = guard;
    this.#open = open;
    this.#isContent = isContent;
    this.#caller = caller;
    this.#retries = (retry && options.retries) || null;
    const expire = (error: VivavoceError) => this.#end({ kind: 'failed', error });
    this.#timer = new StreamTimer({ name, clock: options.clock, limits, warmth, expire });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Part, undefined>> {
    if (this.#isOver) return this.#untold ? this.#tellLate(this.#untold) : Promise.resolve(DONE);
    const { promise, resolve, reject } = Promise.withResolvers<IteratorResult<Part, undefined>>();
    this.#readers.push({ resolve, reject });
    if (!this.#isStarted) this.#start();
    else if (this.#readers.length === 1 && this.#engine) this.#ask(this.#engine);
    return promise;
  }

  return(): Promise<IteratorResult<Part, undefined>> {
    this.#end({ kind: 'given-up', error: null });
    return Promise.resolve(DONE);
  }

  async #start(): Promise<void> {
    this.#isStarted = true;
    if (this.#caller.aborted) return this.#onAbort();
    this.#caller.addEventListener('abort', this.#onAbort, { once: true });
    try {
      const slot = await this.#guard.enter(this.#caller);
      if (this.#isOver) return slot.release();
      this.#slot = slot;
      this.#begin();
    } catch (error) {
      this.#end({ kind: 'failed', error });
    }
  }

  #begin(): void {
    this.#attempt = this.#guard.begin();
    this.#engine = this.#open(this.#own.signal)[Symbol.asyncIterator]();
    this.#ask(this.#engine);
  }

  #ask(engine: AsyncIterator<Part>): void {
    this.#timer.start();
    const asked = engine.next();
    this.#asked = asked;
    asked.then(
      (result) => this.#deliver(engine, result),
      (error) => this.#failed(error),
    );
  }

  #failed(error: unknown): void {
    if (this.#isOver) return;
    this.#timer.stop();
    const again = this.#mayTryAgain(error) ? this.#retries?.take() : null;
    if (!again) {
      this.#end({ kind: 'failed', error });
      return;
    }
    this.#again = again;
    this.#tryAgain(error);
  }

  #mayTryAgain(error: unknown): boolean {
    return !this.#hasDelivered && !this.#again && this.#timer.isEarly && isWorthRetrying(error);
  }

  async #tryAgain(error: unknown): Promise<void> {
    this.#own.abort(error);
    this.#own = new AbortController();
    this.#engine = null;
    const failed = this.#attempt;
    this.#attempt = null;
    await failed?.fail(error);
    if (this.#isOver) return;
    try {
      // A breaker that has just opened stays open.
      if (this.#guard.state !== 'closed') throw error;
      this.#guard.countAgain('retries');
      this.#begin();
    } catch (last) {
      this.#end({ kind: 'failed', error: last });
    }
  }

  #deliver(engine: AsyncIterator<Part>, result: IteratorResult<Part>): void {
    // It answered after it was given up.
    if (this.#isOver) return;
    this.#timer.stop();
    if (result.done) {
      this.#end({ kind: 'complete' });
      return;
    }
    if (this.#isContent(result.value)) this.#timer.sawContent();
    this.#hasDelivered = true;
    // It answers: nothing about it is in doubt any more.
    this.#again?.[Symbol.dispose]();
    this.#readers.shift()?.resolve({ done: false, value: result.value });
    if (this.#readers.length > 0) this.#ask(engine);
  }

  #end(ending: Ending): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer.stop();
    this.#again?.[Symbol.dispose]();
    this.#caller.removeEventListener('abort', this.#onAbort);
    if (ending.kind === 'given-up' && this.#readers.length === 0) this.#untold = ending.error;
    this.#stopEngine(ending);
    this.#tell(ending);
  }

  /** Aborts what still runs and gives the slot back once it has ended. */
  #stopEngine(ending: Ending): void {
    if (ending.kind === 'complete') {
      this.#slot?.release();
      return;
    }
    this.#own.abort(ending.error ?? new VivavoceError('cancelled', 'nobody reads on'));
    let ended = this.#asked;
    const returned = this.#engine?.return?.();
    // What a stream that was given up throws while it cleans up has nobody left to go to: its outcome is told.
    if (returned) ended = Promise.allSettled([this.#asked, returned]);
    if (this.#slot) this.#guard.releaseAfter(ended, this.#slot);
  }

  /** Tells the breaker, then the readers: who tries again at once must find the breaker as this outcome left it. */
  async #tell(ending: Ending): Promise<void> {
    const [first, ...others] = this.#readers.splice(0);
    let error: unknown = ending.kind === 'complete' ? null : ending.error;
    if (ending.kind === 'complete') await this.#attempt?.succeed();
    else if (ending.kind === 'given-up') await this.#attempt?.giveUp();
    else if (this.#attempt) error = await this.#attempt.fail(error);
    if (error === null) first?.resolve(DONE);
    else first?.reject(error);
    for (const reader of others) reader.resolve(DONE);
  }

  #tellLate(error: VivavoceError): Promise<never> {
    this.#untold = null;
    return Promise.reject(error);
  }
}
