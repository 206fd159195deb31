import type { Clock } from '../../clock.ts';
import type { EngineStatus } from '../../engine-status.ts';
import { VivavoceError } from '../../errors.ts';
import { orAborted } from '../../resilience/abortable.ts';
import type { EmbeddingSpace } from '../memory-store.ts';
import type { Embedder, EmbeddingPurpose } from './embedder.ts';
import { EmbeddingLane, type WantedText } from './embedding-lane.ts';

export interface BatchingOptions {
  readonly clock: Clock;
  /** Texts that are asked for within so long share a call. */
  readonly windowMs?: number;
  /** Texts in one call. */
  readonly maxBatch?: number;
  /** Documents in one call: as long as it takes, a query that comes then may have to wait inside the engine. */
  readonly documentSlice?: number;
  /** Calls for queries at once. While so many run, further queries gather. */
  readonly maxQueryCalls?: number;
  /** So long documents wait for queries before they go in between. */
  readonly patienceMs?: number;
}

const DEFAULTS = { windowMs: 3, maxBatch: 32, documentSlice: 8, maxQueryCalls: 8, patienceMs: 2_000 };

/**
 * Asks an engine for the texts of all sessions together.
 *
 * Queries are asked for within milliseconds; documents go in small slices, one after the other, while no query waits
 * or is being embedded. Equal texts are embedded once. The signal of a caller ends its own wait; a call of the engine
 * goes on while anybody waits for one of its texts.
 */
export class BatchingEmbedder implements Embedder {
  readonly #engine: Embedder;
  readonly #options: Required<BatchingOptions>;
  readonly #lanes: Readonly<Record<EmbeddingPurpose, EmbeddingLane>> = {
    query: new EmbeddingLane(),
    document: new EmbeddingLane(),
  };
  /** Since when documents let queries go first; null when they do not wait. */
  #patientSinceMs: number | null = null;

  constructor(engine: Embedder, options: BatchingOptions) {
    this.#engine = engine;
    this.#options = { ...DEFAULTS, ...options };
  }

  get engine(): string {
    return this.#engine.engine;
  }

  get space(): EmbeddingSpace | null {
    return this.#engine.space;
  }

  probe(signal: AbortSignal): Promise<EngineStatus> {
    return this.#engine.probe(signal);
  }

  async embed(
    texts: readonly string[],
    purpose: EmbeddingPurpose,
    signal: AbortSignal,
  ): Promise<readonly Float32Array[]> {
    const lane = this.#lanes[purpose];
    const wanted = texts.map((text) => lane.want(text));
    this.#gather(lane);
    try {
      const vectors = await orAborted(Promise.all(wanted.map(({ vector }) => vector.promise)), signal);
      // To each its own: who gets one may move it to another thread.
      return vectors.map((vector) => vector.slice());
    } finally {
      for (const each of wanted) lane.letGo(each);
      // What others have waited for may just have been given up.
      this.#send();
    }
  }

  /** Waits a moment for others to join, unless there are enough. */
  #gather(lane: EmbeddingLane): void {
    const { clock, windowMs, maxBatch } = this.#options;
    if (lane.waiting >= maxBatch) this.#open(lane);
    else if (lane.waiting > 0 && !lane.isOpen) {
      lane.timer ??= clock.after(windowMs, () => this.#open(lane));
    }
  }

  #open(lane: EmbeddingLane): void {
    lane.timer?.[Symbol.dispose]();
    lane.timer = null;
    lane.isOpen = true;
    this.#send();
  }

  #send(): void {
    const { maxBatch, documentSlice, maxQueryCalls } = this.#options;
    const { query, document } = this.#lanes;
    while (query.isOpen && query.running < maxQueryCalls) this.#call(query, 'query', maxBatch);
    if (document.isOpen && document.running === 0 && this.#mayGo()) {
      this.#patientSinceMs = null;
      this.#call(document, 'document', documentSlice);
    }
  }

  /** Whether documents may go now; asked again whenever a call has ended. */
  #mayGo(): boolean {
    const { clock, patienceMs } = this.#options;
    const { query } = this.#lanes;
    if (query.running === 0 && query.waiting === 0) return true;
    this.#patientSinceMs ??= clock.monotonicMs();
    return clock.monotonicMs() - this.#patientSinceMs >= patienceMs;
  }

  async #call(lane: EmbeddingLane, purpose: EmbeddingPurpose, limit: number): Promise<void> {
    const call = lane.take(limit);
    if (call === null) return;
    const { wanted, controller } = call;
    const texts = wanted.map(({ text }) => text);
    try {
      const vectors = await this.#engine.embed(texts, purpose, controller.signal);
      for (const [i, each] of wanted.entries()) settle(each, vectors[i]);
    } catch (error) {
      for (const { vector } of wanted) vector.reject(error);
    } finally {
      lane.done(call);
      this.#send();
    }
  }
}

function settle({ vector }: WantedText, found: Float32Array | undefined): void {
  if (found) vector.resolve(found);
  else vector.reject(new VivavoceError('engine_failed', 'the engine gave too few vectors'));
}
