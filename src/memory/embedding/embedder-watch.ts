import type { Clock } from '../../clock.ts';
import type { EngineStatus } from '../../engine-status.ts';
import { messageOf } from '../../errors.ts';
import { withDeadline } from '../../resilience/deadline.ts';
import type { Embedder } from './embedder.ts';

export interface EmbedderWatchOptions {
  /** Best first. */
  readonly embedders: readonly Embedder[];
  readonly clock: Clock;
  /** A probe that takes longer has failed. Long, because it may load the model. */
  readonly probeDeadlineMs?: number;
  /** Between probes while the best does not answer. */
  readonly lookingMs?: number;
  /** Between probes while it does. */
  readonly steadyMs?: number;
  /** So long after the start a better one may still come up before a lesser one is taken. */
  readonly settleMs?: number;
  /** So long the one in use may be away before another one takes its place, and everything is embedded again. */
  readonly patienceMs?: number;
  /** Called after every probe, and when a failure was reported. */
  readonly onChange: () => void;
}

interface Watched {
  readonly embedder: Embedder;
  /** Null until it has been asked. */
  status: EngineStatus | null;
  /** When it was last known to be well, or the watch began. */
  wellAtMs: number;
}

const DEFAULTS = {
  probeDeadlineMs: 15_000,
  lookingMs: 5_000,
  steadyMs: 60_000,
  settleMs: 10_000,
  patienceMs: 300_000,
};

/**
 * Keeps knowing which of several embedders is to be used, in the background.
 *
 * Unlike a language model an embedder is not changed lightly: its vectors are of no use with another one. A better one
 * that appears is taken at once; a lesser one only after some time.
 */
export class EmbedderWatch implements AsyncDisposable {
  readonly #options: Required<EmbedderWatchOptions>;
  readonly #watched: readonly Watched[];
  readonly #closing = new AbortController();
  #used: Watched | null = null;
  #timer: Disposable | null = null;
  #timerAtMs = 0;
  #round: Promise<void> | null = null;

  constructor(options: EmbedderWatchOptions) {
    this.#options = { ...DEFAULTS, ...options };
    const wellAtMs = options.clock.monotonicMs();
    this.#watched = options.embedders.map((embedder) => ({ embedder, status: null, wellAtMs }));
  }

  /** Probes once, and from then on. */
  start(): void {
    void this.#look();
  }

  /** The one whose vectors are to be used, whether it answers now or not; null until one has answered. */
  get used(): Embedder | null {
    return this.#used?.embedder ?? null;
  }

  /** Whether the one in use answers, as far as is known. */
  get answers(): boolean {
    return this.#used !== null && isWell(this.#used);
  }

  /** How each is, best first, as far as they have been asked. */
  get statuses(): readonly EngineStatus[] {
    return this.#watched.flatMap(({ status }) => status ?? []);
  }

  /** How the one in use is; null when there is none. */
  get status(): EngineStatus | null {
    return this.#used?.status ?? null;
  }

  /** A call of the one in use has failed: it is looked at again soon. */
  failed(): void {
    this.#schedule(Math.min(1_000, this.#options.lookingMs));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#timer?.[Symbol.dispose]();
    await this.#round;
  }

  #look(): Promise<void> {
    const { lookingMs, steadyMs } = this.#options;
    this.#round ??= this.#probeUntilWell().finally(() => {
      this.#round = null;
      const [best] = this.#watched;
      if (best) this.#schedule(isWell(best) ? steadyMs : lookingMs);
    });
    return this.#round;
  }

  /** Best first, and no further than the first that answers: what is behind it is not needed now. */
  async #probeUntilWell(): Promise<void> {
    for (const watched of this.#watched) {
      const status = await this.#probe(watched.embedder);
      if (this.#closing.signal.aborted) return;
      watched.status = status;
      if (isWell(watched)) watched.wellAtMs = this.#options.clock.monotonicMs();
      this.#used = this.#choose();
      this.#options.onChange();
      if (isWell(watched)) return;
    }
  }

  #choose(): Watched | null {
    const { clock, settleMs, patienceMs } = this.#options;
    for (const watched of this.#watched) {
      if (isWell(watched)) return watched;
      const graceMs = watched === this.#used ? patienceMs : settleMs;
      if (clock.monotonicMs() - watched.wellAtMs < graceMs) break;
    }
    return this.#used;
  }

  async #probe(embedder: Embedder): Promise<EngineStatus> {
    const { clock, probeDeadlineMs: deadlineMs } = this.#options;
    const deadline = { clock, deadlineMs, name: `a probe of ${embedder.engine}` };
    try {
      return await withDeadline(deadline, (signal) => embedder.probe(signal), this.#closing.signal);
    } catch (error) {
      const { engine, space } = embedder;
      const detail = space?.model.replace(`${engine}:`, '') ?? '';
      return { part: 'embeddings', engine, detail, state: 'failed', reason: messageOf(error) };
    }
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
}

function isWell({ status, embedder }: Watched): boolean {
  return (status?.state === 'ready' || status?.state === 'degraded') && embedder.space !== null;
}
