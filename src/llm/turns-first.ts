import type { Clock } from '../clock.ts';
import { VivavoceError } from '../errors.ts';
import type { ChatModel, ChatPart, ChatRequest } from './chat-model.ts';

/** Background work gave way to a turn. Nothing failed: the same call may be made again at once, and waits for quiet. */
export class Preempted extends VivavoceError {
  constructor() {
    super('engine_unavailable', 'a turn began, and background work gave way to it: ask again');
  }
}

/** A language model for work that nobody waits for. */
export interface BackgroundModel {
  /** False while only rules would answer (the `offline` engine): they have nothing to say about anything but a turn. */
  readonly isAvailable: boolean;
  /**
   * The whole answer as one text. It waits until no turn is running, and gives way when one begins.
   *
   * Rejects with `Preempted`; with `cancelled` after an abort; with `engine_unavailable` when no language model is there; or with what the engine threw.
   */
  complete(request: ChatRequest, signal: AbortSignal): Promise<string>;
}

interface Options {
  readonly clock: Clock;
  /** How long no turn may have been running before background work begins, in milliseconds. */
  readonly quietMs?: number;
}

/** Between the sentences of a conversation the machine belongs to the person. */
const QUIET_MS = 500;
/** The engine that answers by rules. */
const RULES = 'offline';

interface Job {
  readonly controller: AbortController;
  readonly begin: () => void;
  readonly refuse: (reason: unknown) => void;
}

/**
 * People come first: background work runs while no turn does, one piece at a time, and is stopped when a turn begins.
 * Two engines on one machine share its processor, so one `TurnsFirst` serves all of them.
 */
export class TurnsFirst implements Disposable {
  readonly #clock: Clock;
  readonly #quietMs: number;
  readonly #waiting = new Set<Job>();
  #turns = 0;
  #quietSinceMs = Number.NEGATIVE_INFINITY;
  #running: Job | null = null;
  #timer: Disposable | null = null;
  #isClosed = false;

  constructor({ clock, quietMs = QUIET_MS }: Options) {
    this.#clock = clock;
    this.#quietMs = quietMs;
  }

  /** The same model for turns: nothing runs in the background from the first `next()` of a stream to its end. */
  forTurns(model: ChatModel): ChatModel {
    const hold = () => this.hold();
    async function* stream(request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatPart> {
      using _turn = hold();
      yield* model.stream(request, signal);
    }
    // Read at every use: `auto` changes its engine between turns.
    return {
      get engine() {
        return model.engine;
      },
      get model() {
        return model.model;
      },
      get contextTokens() {
        return model.contextTokens;
      },
      stream,
    };
  }

  inBackground(model: ChatModel): BackgroundModel {
    const complete = (request: ChatRequest, signal: AbortSignal) => this.#complete(model, request, signal);
    return {
      get isAvailable() {
        return model.engine !== RULES;
      },
      complete,
    };
  }

  /** Stops what runs in the background, and lets nothing begin until it is disposed. */
  hold(): Disposable {
    let isHeld = true;
    this.#turns++;
    this.#stopTimer();
    this.#running?.controller.abort(new Preempted());
    return {
      [Symbol.dispose]: () => {
        if (!isHeld) return;
        isHeld = false;
        if (--this.#turns > 0) return;
        this.#quietSinceMs = this.#clock.monotonicMs();
        this.#beginNext();
      },
    };
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#stopTimer();
    const closed = new VivavoceError('cancelled', 'background work has ended');
    for (const job of this.#waiting) job.refuse(closed);
    this.#running?.controller.abort(closed);
  }

  async #complete(model: ChatModel, request: ChatRequest, signal: AbortSignal): Promise<string> {
    const { controller, end } = await this.#turnOf(signal);
    try {
      controller.signal.throwIfAborted();
      return await textOf(model, request, controller.signal);
    } catch (error) {
      throw controller.signal.aborted ? controller.signal.reason : error;
    } finally {
      end();
    }
  }

  /** Waits until a piece of work may begin. */
  async #turnOf(signal: AbortSignal): Promise<{ controller: AbortController; end: () => void }> {
    if (this.#isClosed || signal.aborted) throw cancelled(signal);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const controller = new AbortController();
    const job: Job = { controller, begin: resolve, refuse: reject };
    const onAbort = () => {
      reject(cancelled(signal));
      controller.abort(cancelled(signal));
    };
    const leave = () => {
      signal.removeEventListener('abort', onAbort);
      this.#waiting.delete(job);
      if (this.#running === job) this.#running = null;
      this.#beginNext();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    this.#waiting.add(job);
    this.#beginNext();
    try {
      await promise;
    } catch (error) {
      leave();
      throw error;
    }
    return { controller, end: leave };
  }

  #beginNext(): void {
    const [job] = this.#waiting;
    if (!job) this.#stopTimer();
    if (!job || this.#isClosed || this.#running || this.#turns > 0) return;
    const leftMs = this.#quietSinceMs + this.#quietMs - this.#clock.monotonicMs();
    if (leftMs > 0) {
      this.#timer ??= this.#clock.after(leftMs, () => {
        this.#timer = null;
        this.#beginNext();
      });
      return;
    }
    this.#waiting.delete(job);
    this.#running = job;
    job.begin();
  }

  #stopTimer(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = null;
  }
}

async function textOf(model: ChatModel, request: ChatRequest, signal: AbortSignal): Promise<string> {
  if (model.engine === RULES) throw noModel();
  let text = '';
  for await (const part of model.stream(request, signal)) {
    // `auto` falls back in the middle of a call.
    if (part.type === 'answering' && part.engine === RULES) throw noModel();
    if (part.type === 'text') text += part.text;
  }
  return text;
}

function noModel(): VivavoceError {
  return new VivavoceError('engine_unavailable', 'there is no language model for background work now');
}

function cancelled(signal: AbortSignal): VivavoceError {
  return new VivavoceError('cancelled', 'background work was cancelled', { cause: signal.reason });
}
