import { VivavoceError } from '../errors.ts';
import { cancelled } from './deadline.ts';
import type { Attempt, Guard } from './guard.ts';
import type { Slot } from './semaphore.ts';
import { StreamTimer } from './stream-timer.ts';

/** All three run only while somebody waits for the engine: a slow consumer is not the engine's fault. */
export interface StreamClocks {
  /** From the first request to the first part that has content. */
  readonly firstMs: number;
  /** Between two parts, once there was content. */
  readonly stallMs: number;
  /** The whole stream. */
  readonly totalMs: number;
}

export interface GuardStreamOptions<Part> extends StreamClocks {
  /** Which parts show that the engine answers; others (a header, an empty piece) leave the first clock running. */
  readonly isContent: (part: Part) => boolean;
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
  return (args, signal) => new GuardedStream(guard, (own) => open(args, own), options, signal);
}

interface Reader<Part> {
  readonly resolve: (result: IteratorResult<Part, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

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
  readonly #own = new AbortController();
  readonly #readers: Reader<Part>[] = [];
  readonly #onAbort = () => this.#end({ kind: 'given-up', error: cancelled(this.#guard.name, this.#caller) });
  #isStarted = false;
  #isOver = false;
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
    { isContent, ...clocks }: GuardStreamOptions<Part>,
    caller: AbortSignal,
  ) {
    this.#guard = guard;
    this.#open = open;
    this.#isContent = isContent;
    this.#caller = caller;
    this.#timer = new StreamTimer(guard.name, guard.options.clock, clocks, (error) =>
      this.#end({ kind: 'failed', error }),
    );
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
      this.#attempt = this.#guard.begin();
      this.#engine = this.#open(this.#own.signal)[Symbol.asyncIterator]();
      this.#ask(this.#engine);
    } catch (error) {
      this.#end({ kind: 'failed', error });
    }
  }

  #ask(engine: AsyncIterator<Part>): void {
    this.#timer.start();
    const asked = engine.next();
    this.#asked = asked;
    asked.then(
      (result) => this.#deliver(engine, result),
      (error) => this.#end({ kind: 'failed', error }),
    );
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
    this.#readers.shift()?.resolve({ done: false, value: result.value });
    if (this.#readers.length > 0) this.#ask(engine);
  }

  #end(ending: Ending): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer.stop();
    this.#caller.removeEventListener('abort', this.#onAbort);
    if (ending.kind === 'given-up' && this.#readers.length === 0) this.#untold = ending.error;
    this.#stopEngine(ending);
    this.#tell(ending);
  }

  /** Aborts what still runs and gives the slot back once it has ended. */
  #stopEngine(ending: Ending): void {
    let ended = this.#asked;
    if (ending.kind !== 'complete') {
      this.#own.abort(
        ('error' in ending ? ending.error : null) ?? new VivavoceError('cancelled', 'nobody reads on'),
      );
      const returned = this.#engine?.return?.();
      // What a stream that was given up throws while it cleans up has nobody left to go to: its outcome is told.
      if (returned) ended = Promise.allSettled([this.#asked, returned]);
    }
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
