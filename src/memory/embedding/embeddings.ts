import type { Clock } from '../../clock.ts';
import type { EngineStatus } from '../../engine-status.ts';
import { isAbort, messageOf } from '../../errors.ts';
import { orAborted } from '../../resilience/abortable.ts';
import { withDeadline } from '../../resilience/deadline.ts';
import type { EmbeddingSpace } from '../memory-store.ts';
import { Backfill, type EmbeddedStore } from './backfill.ts';
import type { Embedder, EmbeddingPurpose } from './embedder.ts';
import { EmbedderWatch, type EmbedderWatchOptions } from './embedder-watch.ts';
import { describeEmbeddings } from './embeddings-status.ts';

export interface EmbeddingsOptions extends Omit<EmbedderWatchOptions, 'onChange'> {
  /** Called when `status()` has changed in any word. */
  readonly onChange?: (status: EngineStatus) => void;
}

/** How often it looks for memories without a vector that nobody has told it about. */
const IDLE_MS = 30_000;
const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 60_000;
const PROGRESS_MS = 5_000;
/** So long a question is worked on, whoever still waits for it. */
const QUERY_MS = 5_000;

/**
 * The vectors of the memory: asks the best embedder that answers, and keeps the store embedded with it.
 *
 * All of its work is in the background. While there is no embedder, or it fails, the answer is null and memories are
 * found by their words.
 */
export class Embeddings implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #onChange: EmbeddingsOptions['onChange'];
  readonly #isOff: boolean;
  readonly #watch: EmbedderWatch;
  readonly #closing = new AbortController();
  /** In use by the store: only then a vector can be compared. */
  #current: { readonly embedder: Embedder; readonly space: EmbeddingSpace } | null = null;
  #backfill: Backfill | null = null;
  #running: AbortController | null = null;
  /** Whether it did when the watch was last heard of. */
  #answered = false;
  #keeping: Promise<void> | null = null;
  #progress: { readonly embedded: number; readonly shownAtMs: number } | null = null;
  #failure: string | null = null;
  #news = Promise.withResolvers<void>();
  #reported = '';

  constructor(options: EmbeddingsOptions) {
    this.#clock = options.clock;
    this.#onChange = options.onChange;
    this.#isOff = options.embedders.length === 0;
    this.#watch = new EmbedderWatch({ ...options, onChange: () => this.#onWatch() });
  }

  /** Begins to look for an embedder and to keep `store` embedded. Returns at once. */
  start(store: EmbeddedStore): void {
    if (!this.#isOff) this.#watch.start();
    this.#keeping ??= this.#keep(store);
    this.#report();
  }

  /** Something was written that has no vector yet. */
  wake(): void {
    this.#news.resolve();
  }

  /** The space of the vectors that it gives; null when it gives none. */
  get space(): EmbeddingSpace | null {
    return this.#current?.space ?? null;
  }

  status(): EngineStatus {
    const { used, answers, status, statuses } = this.#watch;
    return describeEmbeddings({
      isOff: this.#isOff,
      statuses,
      used: used && answers ? status : null,
      isInUse: this.#current !== null,
      embedded: this.#progress?.embedded ?? null,
      setAside: this.#backfill?.setAside ?? 0,
      failure: this.#failure,
    });
  }

  /** The vector of a question, in `space`; null when there is none by the abort of `signal`. Never rejects. */
  async embedQuery(text: string, signal: AbortSignal): Promise<Float32Array | null> {
    if (text.trim() === '') return null;
    return (await this.#embed([text], 'query', signal))?.[0] ?? null;
  }

  /** The vectors of what is to be remembered, the same way. What gets none here gets one later. */
  async embedDocuments(
    texts: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly Float32Array[] | null> {
    return await this.#embed(texts, 'document', signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#running?.abort();
    this.#news.resolve();
    await this.#watch[Symbol.asyncDispose]();
    await this.#keeping;
  }

  async #embed(texts: readonly string[], purpose: EmbeddingPurpose, signal: AbortSignal) {
    const current = this.#current;
    // The embedder may have found another model since: its vectors are nothing to the store yet.
    const isValid = () => this.#current === current && current !== null && this.#isCurrent(current.embedder);
    if (!current || !isValid() || !this.#watch.answers || signal.aborted) return null;
    // A question that came too late is computed all the same: an engine that is told to stop while it loads its model
    // would begin anew with each question.
    const asked =
      purpose === 'query'
        ? withDeadline(
            { clock: this.#clock, deadlineMs: QUERY_MS, name: 'the embedding of a question' },
            (own) => current.embedder.embed(texts, purpose, own),
            this.#closing.signal,
          )
        : current.embedder.embed(texts, purpose, signal);
    asked.catch((error) => {
      if (!isAbort(error)) this.#watch.failed();
    });
    const vectors = await orAborted(asked, signal).catch(() => null);
    return isValid() ? vectors : null;
  }

  /** For ever: takes the space of the embedder that is to be used into use, and embeds what has no vector in it. */
  async #keep(store: EmbeddedStore): Promise<void> {
    let backoffMs = 0;
    while (!this.#closing.signal.aborted) {
      const news = Promise.withResolvers<void>();
      this.#news = news;
      try {
        await this.#adopt(store);
        await this.#fill();
        backoffMs = 0;
        this.#failure = null;
      } catch (error) {
        backoffMs = Math.min(Math.max(FIRST_BACKOFF_MS, 2 * backoffMs), LONGEST_BACKOFF_MS);
        this.#failure = messageOf(error);
        this.#watch.failed();
      }
      this.#progress = null;
      this.#report();
      if (this.#isOff && this.#failure === null) return;
      using _timer = this.#clock.after(backoffMs || IDLE_MS, news.resolve);
      await news.promise;
    }
  }

  async #adopt(store: EmbeddedStore): Promise<void> {
    if (this.#isOff) await store.useSpace(null);
    const { used } = this.#watch;
    const space = used?.space ?? null;
    if (!used || !space || this.#isCurrent(used)) return;
    this.#current = null;
    this.#report();
    await store.useSpace(space);
    this.#current = { embedder: used, space };
    this.#progress = { embedded: 0, shownAtMs: this.#clock.monotonicMs() };
    this.#backfill = new Backfill({
      ...{ store, embedder: used, clock: this.#clock },
      onProgress: (embedded) => this.#onProgress(embedded),
    });
  }

  async #fill(): Promise<void> {
    if (!this.#current || !this.#backfill || !this.#watch.answers || this.#closing.signal.aborted) return;
    const running = new AbortController();
    this.#running = running;
    try {
      await this.#backfill.run(running.signal);
    } finally {
      this.#running = null;
    }
  }

  #isCurrent(embedder: Embedder): boolean {
    const { space } = embedder;
    const current = this.#current;
    if (current?.embedder !== embedder) return false;
    return current.space.model === space?.model && current.space.dimensions === space.dimensions;
  }

  #onWatch(): void {
    const { used, answers } = this.#watch;
    const isOther = used !== null && !this.#isCurrent(used);
    if (isOther) this.#running?.abort();
    if (isOther || (answers && !this.#answered)) this.#news.resolve();
    this.#answered = answers;
    this.#report();
  }

  /** Not each step: it is broadcast and logged. */
  #onProgress(embedded: number): void {
    const nowMs = this.#clock.monotonicMs();
    if (this.#progress && nowMs - this.#progress.shownAtMs < PROGRESS_MS) return;
    this.#progress = { embedded, shownAtMs: nowMs };
    this.#report();
  }

  #report(): void {
    const status = this.status();
    const text = JSON.stringify(status);
    if (text === this.#reported || this.#closing.signal.aborted) return;
    this.#reported = text;
    this.#onChange?.(status);
  }
}
