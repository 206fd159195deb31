import type { Clock } from '../../clock.ts';
import type { EngineStatus } from '../../engine-status.ts';
import { isAbort, messageOf, VivavoceError } from '../../errors.ts';
import { orAborted } from '../../resilience/abortable.ts';
import { cancelled } from '../../resilience/deadline.ts';
import type { ModelProgress } from '../../speech/model-files.ts';
import { WorkerClient } from '../../workers/worker-client.ts';
import type { EmbeddingSpace } from '../memory-store.ts';
import type { Embedder, EmbeddingPurpose } from './embedder.ts';
import { preparedTexts } from './embedding-family.ts';
import type { EmbeddingDtype, LocalEmbeddingApi, LocalEmbeddingData } from './local-embedding-api.ts';
import { type EmbeddingModelFiles, hasLocalModel, localModel } from './local-embedding-files.ts';
import { unitVectors } from './unit-vectors.ts';

export interface LocalOptions {
  /** The files of models on this machine; told how far their download is. */
  readonly files: (onProgress: (progress: ModelProgress) => void) => EmbeddingModelFiles;
  readonly clock: Clock;
  /** `owner/name` on the hub, or the path of a folder. */
  readonly model?: string;
  /** Whether a model that is not there may be downloaded. */
  readonly mayFetch: boolean;
  /** Unset: `q8`, or what the model has. */
  readonly dtype?: EmbeddingDtype;
  /** Of onnxruntime. */
  readonly threads?: number;
  /** Another module that serves `LocalEmbeddingApi`. */
  readonly workerModule?: URL;
}

/**
 * Small (118 MB in int8), and at home in about a hundred languages: people speak to the agent in their own. The usual
 * choice, all-MiniLM-L6-v2, is a fifth of that and knows English only.
 */
export const DEFAULT_LOCAL_MODEL = 'Xenova/multilingual-e5-small';

/** A model that is there is loaded in a second or two, and a probe waits for it; a download it does not. */
const PROBE_WAITS_MS = 5_000;
/** After a failure, the hub and the disk are left alone for so long. */
const RETRY_AFTER_MS = 60_000;

/** An ONNX model in a thread of its own. The model is fetched once, when that is allowed. */
export class LocalEmbedder implements Embedder, AsyncDisposable {
  readonly engine = 'local';
  readonly #options: LocalOptions;
  readonly #model: string;
  readonly #files: EmbeddingModelFiles;
  readonly #closing = new AbortController();
  #client: WorkerClient<LocalEmbeddingApi> | null = null;
  #space: EmbeddingSpace | null = null;
  #dtype = '';
  #starting: Promise<void> | null = null;
  #progress = 'looking for its files';
  #failure: { readonly reason: string; readonly atMs: number } | null = null;

  constructor(options: LocalOptions) {
    this.#options = options;
    this.#model = options.model ?? DEFAULT_LOCAL_MODEL;
    this.#files = options.files((progress) => this.#onDownload(progress));
  }

  get space(): EmbeddingSpace | null {
    return this.#space;
  }

  /** Starts to fetch and load the model, and says how far that is. */
  async probe(signal: AbortSignal): Promise<EngineStatus> {
    if (!this.#space) {
      const { clock, mayFetch, dtype = null } = this.#options;
      if (this.#failure && clock.monotonicMs() - this.#failure.atMs < RETRY_AFTER_MS) {
        return this.#status('failed', this.#failure.reason);
      }
      if (!mayFetch && !(await hasLocalModel(this.#files, this.#model, dtype))) {
        const text = `there is no embedding model on this machine: EMBEDDINGS=local fetches ${this.#model}`;
        return this.#status('failed', text);
      }
      this.#starting ??= this.#start().finally(() => {
        this.#starting = null;
      });
      await orAborted(this.#startedWithin(PROBE_WAITS_MS), signal);
    }
    if (this.#space) return this.#status('ready', `${this.#model} (${this.#dtype}) runs on this machine`);
    if (this.#failure) return this.#status('failed', this.#failure.reason);
    return this.#status('starting', `${this.#model}: ${this.#progress}`);
  }

  async embed(
    texts: readonly string[],
    purpose: EmbeddingPurpose,
    signal: AbortSignal,
  ): Promise<readonly Float32Array[]> {
    const client = this.#client;
    const space = this.#space;
    if (!client || !space) throw new VivavoceError('engine_unavailable', `${this.#model} is not loaded yet`);
    const prepared = preparedTexts(this.#model, purpose, texts);
    try {
      const vectors = await client.call('embed', { texts: prepared, purpose }, { signal });
      return unitVectors(vectors, texts.length, space.dimensions, this.#model);
    } catch (error) {
      if (signal.aborted) throw cancelled('the local embedding model', signal);
      if (error instanceof VivavoceError) throw error;
      throw new VivavoceError('engine_failed', `${this.#model} failed: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#starting;
    await this.#client?.[Symbol.asyncDispose]();
  }

  async #start(): Promise<void> {
    const { dtype = null, threads = 1, clock } = this.#options;
    this.#failure = null;
    try {
      const wanted = { model: this.#model, dtype, setting: 'EMBEDDINGS_MODEL' };
      const found = await localModel(this.#files, wanted, this.#closing.signal);
      this.#progress = `loading (${found.dtype})`;
      await this.#load({ ...found, threads });
    } catch (error) {
      if (!isAbort(error)) this.#failure = { reason: messageOf(error), atMs: clock.monotonicMs() };
    }
  }

  async #load(data: LocalEmbeddingData): Promise<void> {
    const module = this.#options.workerModule ?? new URL('./local-embedding-worker.ts', import.meta.url);
    const client = new WorkerClient<LocalEmbeddingApi>(module, data);
    try {
      const job = { texts: ['Hello.'], purpose: 'query' } as const;
      const [vector] = unitVectors(
        await orAborted(client.call('embed', job), this.#closing.signal),
        ...([1, null, this.#model] as const),
      );
      this.#client = client;
      this.#dtype = data.dtype;
      this.#space = { model: `local:${this.#model}`, dimensions: vector?.length ?? 0 };
    } catch (error) {
      await client[Symbol.asyncDispose]();
      if (isAbort(error)) throw error;
      const cause = error instanceof VivavoceError && error.cause ? error.cause : error;
      const text = `${this.#model} cannot be loaded from ${data.folder}: ${messageOf(cause)}; delete that folder to fetch it again, or set EMBEDDINGS_MODEL to another model`;
      throw new VivavoceError('engine_failed', text, { cause });
    }
  }

  async #startedWithin(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    using _timer = this.#options.clock.after(ms, resolve);
    await Promise.race([this.#starting, promise]);
  }

  #onDownload({ file, loadedBytes, totalBytes }: ModelProgress): void {
    const percent = totalBytes ? `: ${Math.floor((100 * loadedBytes) / totalBytes)} %` : '';
    this.#progress = `fetching ${file}${percent}`;
  }

  #status(state: EngineStatus['state'], reason: string): EngineStatus {
    return { part: 'embeddings', engine: this.engine, detail: this.#model, state, reason };
  }
}
