import type { Clock } from '../clock.ts';
import { VivavoceError } from '../errors.ts';
import type { ChatModel, ChatPart, ChatRequest } from './chat-model.ts';

/** Background work gave way to a turn: it begins anew when there is quiet. */
class Preempted extends VivavoceError {
  constructor() {
    super('engine_unavailable', 'a turn began, and background work gave way to it');
  }
}

/** A language model for work that nobody waits for. */
export interface BackgroundModel {
  /** False while only rules would answer (the `offline` engine): they have nothing to say about anything but a turn. */
  readonly isAvailable: boolean;
  /**
   * The whole answer as one text. It waits until no turn is running; when one begins, it gives way and begins anew in the
   * next quiet. Where several turns at once leave no quiet, it gets a part of the time.
   *
   * Rejects with `cancelled` after an abort, with `engine_unavailable` when no language model is there, or with what the engine threw.
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
/** So many turns at once are no single person's: an engine that answers them has room for one more. */
const CROWD = 2;
/** What found no quiet for so long runs amid the turns of a crowd, which has gone when nobody had a turn for as long … */
const PATIENCE_MS = 30_000;
/** … and after it nothing does for so many times as long as it took: a fifth of the time is for the background. */
const TURNS_SHARE = 4;
/** The engine that answers by rules. */
const RULES = 'offline';

interface Job {
  readonly sinceMs: number;
  readonly controller: AbortController;
  readonly begin: () => void;
  readonly refuse: (reason: unknown) => void;
}

interface Run {
  readonly job: Job;
  readonly startedMs: number;
  /** It began amid turns, and no turn stops it while the crowd is there. */
  readonly isAmidTurns: boolean;
}

/**
 * People come first: background work runs while no turn does, one piece at a time, and is stopped when a turn begins.
 * Two engines on one machine share its processor, so one `TurnsFirst` serves all of them.
 *
 * A service with so many people that there is never quiet has to learn as well: there background work gets a fifth of the
 * time, amid the turns.
 */
export class TurnsFirst implements Disposable {
  readonly #clock: Clock;
  readonly #quietMs: number;
  readonly #waiting = new Set<Job>();
  #turns = 0;
  #quietSinceMs = Number.NEGATIVE_INFINITY;
  #running: Run | null = null;
  /** None from the first piece amid turns until one had quiet, or the crowd has gone. */
  #patienceMs = PATIENCE_MS;
  #restsUntilMs = Number.NEGATIVE_INFINITY;
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

  /** A turn: what runs in the background gives way to it, unless it runs amid those of a crowd. */
  hold(): Disposable {
    let isHeld = true;
    const isCrowdGone = this.#turns === 0 && this.#clock.monotonicMs() - this.#quietSinceMs >= PATIENCE_MS;
    this.#turns++;
    if (isCrowdGone) this.#patienceMs = PATIENCE_MS;
    if (isCrowdGone || !this.#running?.isAmidTurns) this.#running?.job.controller.abort(new Preempted());
    this.#beginNext();
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
    this.#running?.job.controller.abort(closed);
  }

  async #complete(model: ChatModel, request: ChatRequest, signal: AbortSignal): Promise<string> {
    const sinceMs = this.#clock.monotonicMs();
    for (;;) {
      const { controller, end } = await this.#turnOf(signal, sinceMs);
      try {
        controller.signal.throwIfAborted();
        return await textOf(model, request, controller.signal);
      } catch (error) {
        const reason = controller.signal.aborted ? controller.signal.reason : error;
        if (!(reason instanceof Preempted)) throw reason;
      } finally {
        end();
      }
    }
  }

  /** Waits until a piece of work may begin. @param sinceMs when it was asked for */
  async #turnOf(
    signal: AbortSignal,
    sinceMs: number,
  ): Promise<{ controller: AbortController; end: () => void }> {
    if (this.#isClosed || signal.aborted) throw cancelled(signal);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const controller = new AbortController();
    const job: Job = { sinceMs, controller, begin: resolve, refuse: reject };
    const onAbort = () => {
      reject(cancelled(signal));
      controller.abort(cancelled(signal));
    };
    const leave = () => {
      signal.removeEventListener('abort', onAbort);
      this.#waiting.delete(job);
      if (this.#running?.job === job) this.#ended(this.#running);
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

  #ended({ job, startedMs, isAmidTurns }: Run): void {
    this.#running = null;
    const nowMs = this.#clock.monotonicMs();
    if (isAmidTurns) this.#restsUntilMs = nowMs + TURNS_SHARE * (nowMs - startedMs);
    else if (!job.controller.signal.aborted) this.#patienceMs = PATIENCE_MS;
  }

  /** Begins what has waited longest, or comes back when it may begin. */
  #beginNext(): void {
    this.#stopTimer();
    const [job] = [...this.#waiting].sort((one, other) => one.sinceMs - other.sinceMs);
    if (!job || this.#isClosed || this.#running) return;
    const isAmidTurns = this.#turns > 0;
    if (isAmidTurns && this.#turns < CROWD) return;
    const dueMs = isAmidTurns
      ? Math.max(job.sinceMs + this.#patienceMs, this.#restsUntilMs)
      : this.#quietSinceMs + this.#quietMs;
    const leftMs = dueMs - this.#clock.monotonicMs();
    if (leftMs > 0) {
      this.#timer = this.#clock.after(leftMs, () => this.#beginNext());
      return;
    }
    this.#waiting.delete(job);
    if (isAmidTurns) this.#patienceMs = 0;
    this.#running = { job, startedMs: this.#clock.monotonicMs(), isAmidTurns };
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
