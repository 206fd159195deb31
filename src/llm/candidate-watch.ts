import type { Clock } from '../clock.ts';
import type { EngineStatus } from '../engine-status.ts';
import { messageOf, VivavoceError } from '../errors.ts';
import { withDeadline } from '../resilience/deadline.ts';
import type { ChatModel, ChatRequest } from './chat-model.ts';

/** An engine that may answer turns. */
export interface Candidate {
  /** As people read it: `ollama`. */
  readonly name: string;
  readonly model: ChatModel;
  /** The same for work that nobody waits for, behind a guard of its own; absent: it has nothing to say there. */
  readonly background?: ChatModel;
  /** Asks the engine how it is, apart from any turn; an error means that it cannot answer. */
  probe(signal: AbortSignal): Promise<EngineStatus>;
  /** It is not probed more often than this; for servers that count requests. */
  readonly intervalMs?: number;
}

export interface WatchOptions {
  /** Best first; at least one. */
  readonly candidates: readonly Candidate[];
  readonly clock: Clock;
  /** A probe that takes longer has failed. */
  readonly probeDeadlineMs?: number;
  /** Between probes while the best candidate is not the one that answers. */
  readonly lookingMs?: number;
  /** Between probes while it is. */
  readonly steadyMs?: number;
  /** Called when `status()` has changed in any word. */
  readonly onChange?: (status: EngineStatus) => void;
}

/** The least that shows that a model answers. */
const SMALL_TALK: ChatRequest = { messages: [{ role: 'user', text: 'Hello' }], maxTokens: 1 };

interface Watched {
  readonly candidate: Candidate;
  /** Null until it has been asked. */
  status: EngineStatus | null;
  /**
   * A turn waited for it in vain. An engine that hangs still lists its models: before anybody waits for it again, it has
   * to answer something that nobody waits for.
   */
  proof: 'not needed' | 'needed' | 'under way';
  probedAtMs: number;
}

/** Keeps knowing which of several engines can answer, in the background: turns only read what it knows. */
export class CandidateWatch implements AsyncDisposable {
  readonly #options: WatchOptions;
  readonly #watched: readonly Watched[];
  readonly #closing = new AbortController();
  #timer: Disposable | null = null;
  #timerAtMs = 0;
  #round: Promise<void> | null = null;
  #reported = '';

  constructor(options: WatchOptions) {
    if (options.candidates.length === 0)
      throw new VivavoceError('config_invalid', 'there is no language model');
    this.#options = options;
    this.#watched = options.candidates.map((candidate) => ({
      candidate,
      status: null,
      proof: 'not needed',
      probedAtMs: Number.NEGATIVE_INFINITY,
    }));
  }

  /** Resolves when it is known which one answers, and keeps looking from then on. */
  async start(): Promise<void> {
    await this.#look();
  }

  /** The candidates in the order in which a turn tries them: from the best that can answer on, or all of them. */
  order(): readonly Candidate[] {
    const first = this.#watched.findIndex(usable);
    return this.#watched.slice(Math.max(first, 0)).map(({ candidate }) => candidate);
  }

  /** What answers the next turn, and why it is not something better. */
  status(): EngineStatus {
    const chosen = this.#watched.find(usable) ?? this.#watched[0];
    if (!chosen) throw new VivavoceError('config_invalid', 'there is no language model');
    const status = chosen.status ?? statusOf(chosen.candidate, 'starting', 'it has not been asked yet');
    const better = this.#watched.slice(0, this.#watched.indexOf(chosen));
    if (better.length === 0) return status;
    const why = better.map((watched) => watched.status?.reason ?? '').join('; ');
    return { ...status, state: 'degraded', reason: `${chosen.candidate.name} answers meanwhile: ${why}` };
  }

  /**
   * A turn could not be answered by `candidate`. What may pass by itself takes it out until its next probe; any other
   * error may be the fault of that one request and only makes the next probe come sooner.
   */
  failed(candidate: Candidate, error: unknown): void {
    const watched = this.#watched.find((each) => each.candidate === candidate);
    if (watched && error instanceof VivavoceError && error.shouldRetry()) {
      watched.status = statusOf(candidate, 'failed', error.message);
      const canWait = candidate.background !== undefined && watched !== this.#watched.at(-1);
      if (error.code === 'engine_timeout' && canWait && watched.proof === 'not needed')
        watched.proof = 'needed';
      this.#report();
    }
    this.#schedule(this.#lookingMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#timer?.[Symbol.dispose]();
    await this.#round;
  }

  get #lookingMs(): number {
    return this.#options.lookingMs ?? 3_000;
  }

  #look(): Promise<void> {
    this.#round ??= this.#probeUntilUsable().finally(() => {
      this.#round = null;
      this.#schedule(
        this.#watched[0]?.status?.state === 'ready' ? (this.#options.steadyMs ?? 15_000) : this.#lookingMs,
      );
    });
    return this.#round;
  }

  /** Best first, and no further than the first that can answer: what is behind it is not needed now. */
  async #probeUntilUsable(): Promise<void> {
    for (const watched of this.#watched) {
      const now = this.#options.clock.monotonicMs();
      if (now - watched.probedAtMs >= (watched.candidate.intervalMs ?? 0)) {
        watched.probedAtMs = now;
        watched.status = this.#unproven(watched, await this.#probe(watched.candidate));
        if (this.#closing.signal.aborted) return;
        this.#report();
      }
      if (usable(watched)) return;
    }
  }

  async #probe(candidate: Candidate): Promise<EngineStatus> {
    const { clock, probeDeadlineMs: deadlineMs = 2_000 } = this.#options;
    // Its own signal, which ends with the probe: one derived from `#closing` would stay on it for as long as we run.
    const deadline = { clock, deadlineMs, name: `a probe of ${candidate.name}` };
    try {
      return await withDeadline(deadline, (signal) => candidate.probe(signal), this.#closing.signal);
    } catch (error) {
      return statusOf(candidate, 'failed', messageOf(error));
    }
  }

  #unproven(watched: Watched, status: EngineStatus): EngineStatus {
    if (watched.proof === 'not needed' || status.state !== 'ready') return status;
    if (watched.proof === 'needed') void this.#prove(watched);
    const { name } = watched.candidate;
    return {
      ...status,
      state: 'starting',
      reason: `${name} kept a turn waiting; it is tried out in the background`,
    };
  }

  async #prove(watched: Watched): Promise<void> {
    watched.proof = 'under way';
    try {
      const answer = watched.candidate.background?.stream(SMALL_TALK, this.#closing.signal);
      for await (const part of answer ?? []) void part;
      watched.proof = 'not needed';
    } catch {
      // The next probe has it tried again.
      watched.proof = 'needed';
    }
    this.#schedule(0);
  }

  /** Looks again after `delayMs`, unless that happens sooner anyway. */
  #schedule(delayMs: number): void {
    if (this.#closing.signal.aborted || this.#round) return;
    const { clock } = this.#options;
    const atMs = clock.monotonicMs() + delayMs;
    if (this.#timer && this.#timerAtMs <= atMs) return;
    this.#timer?.[Symbol.dispose]();
    this.#timerAtMs = atMs;
    this.#timer = clock.after(delayMs, () => {
      this.#timer = null;
      void this.#look();
    });
  }

  #report(): void {
    const status = this.status();
    const text = JSON.stringify(status);
    if (text === this.#reported) return;
    this.#reported = text;
    this.#options.onChange?.(status);
  }
}

/** One that nobody has asked yet may well answer. */
function usable({ status }: Watched): boolean {
  return status === null || status.state === 'ready' || status.state === 'degraded';
}

function statusOf({ name, model }: Candidate, state: EngineStatus['state'], reason: string): EngineStatus {
  return { part: 'llm', engine: name, detail: model.model, state, reason };
}
