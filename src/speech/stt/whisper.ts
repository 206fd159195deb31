import type { Clock } from '../../clock.ts';
import type { EngineStatus } from '../../engine-status.ts';
import { isAbort, messageOf, VivavoceError } from '../../errors.ts';
import { abortErrorOf, orAborted, throwIfAborted } from '../../resilience/abortable.ts';
import { WorkerClient } from '../../workers/worker-client.ts';
import { LISTEN_RATE } from '../audio/pcm.ts';
import { ModelFiles, type ModelProgress } from '../model-files.ts';
import { JobQueue } from '../tts/job-queue.ts';
import type { Recognition, Transcriber, Transcript, TranscriptionRequest } from './transcriber.ts';
import type { WhisperApi, WhisperDtype, WhisperJob, WhisperWorkerData } from './whisper-api.ts';
import { defaultWhisperModel, hasWhisperFiles, whisperFiles } from './whisper-files.ts';
import { type PassEngine, WindowedRecognition } from './windowed-recognition.ts';

export interface WhisperOptions {
  /** `DATA_DIR/models`. */
  readonly modelsDir: string;
  readonly hubUrl?: string;
  readonly clock: Clock;
  /** `owner/name` on the hub, or the path of a folder. Unset: a good one for `language`. */
  readonly model?: string;
  /** What most speak here, ISO 639-1; null: anything. */
  readonly language?: string | null;
  /** Unset: `q8`, or what the model has. */
  readonly dtype?: WhisperDtype;
  /** Threads with a model each; each hears one utterance at a time. */
  readonly workers?: number;
  /** Threads of onnxruntime in each of them. */
  readonly threads?: number;
  /** Passes that may wait for a worker; one more is refused. */
  readonly maxWaiting?: number;
  /** The setting that names the model, for messages. */
  readonly setting?: string;
  readonly onStatus?: (status: EngineStatus) => void;
  /** Another module that serves `WhisperApi`. */
  readonly workerModule?: URL;
  /** For downloads, for tests. */
  readonly attempts?: number;
}

type Client = WorkerClient<WhisperApi>;

/**
 * Whisper or Moonshine, in threads of its own. The model is fetched once.
 *
 * Before `start` has resolved, and when it has failed, every recognition is refused with the reason of `status`.
 */
export class WhisperTranscriber implements Transcriber, AsyncDisposable {
  readonly engine = 'whisper';
  readonly model: string;
  readonly #options: WhisperOptions;
  readonly #disposal = new AbortController();
  readonly #passes: PassEngine;
  #clients: readonly Client[] = [];
  #queue: JobQueue<Client> | null = null;
  #busy = 0;
  #starting: Promise<number[]> | null = null;
  #status: EngineStatus;

  constructor(options: WhisperOptions) {
    this.#options = options;
    this.model = options.model ?? defaultWhisperModel(options.language ?? null);
    this.#status = this.#statusOf('starting', 'it has not been started yet');
    const isIdle = () => this.#queue !== null && this.#busy < this.#clients.length;
    this.#passes = {
      get idle() {
        return isIdle();
      },
      transcribe: (samples, request, signal) => this.#transcribe(samples, request, signal),
    };
  }

  status(): EngineStatus {
    return this.#status;
  }

  /** Whether `start` would need no download. */
  isInstalled(): Promise<boolean> {
    return hasWhisperFiles(new ModelFiles(this.#options), this.model, this.#options.dtype ?? null);
  }

  /**
   * Fetches the model if it is not there, loads it on every thread and hears a second of noise; returns how long that
   * took on each, in milliseconds. May be called again after it failed.
   *
   * Rejects as `whisperFiles` does, and with `engine_failed` when the model cannot be loaded.
   */
  start(signal: AbortSignal): Promise<number[]> {
    this.#starting ??= this.#start(AbortSignal.any([signal, this.#disposal.signal])).catch(
      (error: unknown) => {
        this.#starting = null;
        this.#report('failed', messageOf(error));
        throw error;
      },
    );
    return this.#starting;
  }

  recognise(request: TranscriptionRequest): Recognition {
    return new WindowedRecognition(this.#passes, request);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposal.abort(new VivavoceError('cancelled', 'the recogniser is shut down'));
    await this.#starting?.catch(() => {});
    this.#queue = null;
    // Known to its owner, who shuts it down.
    this.#status = this.#statusOf('failed', 'it is shut down');
    await Promise.all(this.#clients.map((client) => client[Symbol.asyncDispose]()));
  }

  async #start(signal: AbortSignal): Promise<number[]> {
    throwIfAborted(signal);
    const { workers = 1, threads = 1, dtype = null, setting = 'STT_MODEL' } = this.#options;
    this.#report('starting', `looking for ${this.model}`);
    const files = new ModelFiles({ ...this.#options, onProgress: (progress) => this.#download(progress) });
    const found = await whisperFiles(files, { model: this.model, dtype, setting }, signal);
    this.#report('starting', `loading ${this.model} (${found.dtype})`);
    const data: WhisperWorkerData = { ...found, threads };
    const module = this.#options.workerModule ?? new URL('./whisper-worker.ts', import.meta.url);
    const clients = Array.from({ length: workers }, () => new WorkerClient<WhisperApi>(module, data));
    try {
      const times = await orAborted(Promise.all(clients.map(warm)), signal);
      this.#clients = clients;
      this.#queue = new JobQueue(clients);
      this.#report('ready', `${found.dtype}, ${workers} ${workers === 1 ? 'worker' : 'workers'}`);
      return times;
    } catch (error) {
      await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
      if (isAbort(error)) throw error;
      const cause = error instanceof VivavoceError && error.cause ? error.cause : error;
      const text = `${this.model} cannot be loaded from ${found.folder}: ${messageOf(cause)}; delete that folder to fetch it again, or set ${setting} to another model`;
      throw new VivavoceError('engine_failed', text, { cause });
    }
  }

  async #transcribe(
    samples: Int16Array,
    { language, prompt }: TranscriptionRequest,
    signal: AbortSignal,
  ): Promise<Transcript> {
    throwIfAborted(signal);
    const queue = this.#queue;
    if (!queue) throw new VivavoceError('engine_unavailable', `whisper is not ready: ${this.#status.reason}`);
    const { maxWaiting = 16 } = this.#options;
    if (queue.waitingJobs >= maxWaiting) {
      const text = `whisper has ${maxWaiting} utterances waiting already; try again, or give it more workers`;
      throw new VivavoceError('engine_unavailable', text);
    }
    const ended = AbortSignal.any([signal, this.#disposal.signal]);
    const job: WhisperJob = { samples, language, prompt };
    try {
      return await queue.run(async (client) => {
        this.#busy++;
        try {
          return await client.call('transcribe', job, {
            signal: ended,
            transfer: [samples.buffer as ArrayBuffer],
          });
        } finally {
          this.#busy--;
        }
      }, ended);
    } catch (error) {
      if (ended.aborted) throw abortErrorOf(ended);
      if (error instanceof VivavoceError) throw error;
      throw new VivavoceError('engine_failed', `whisper failed: ${messageOf(error)}`, { cause: error });
    }
  }

  #download({ file, loadedBytes, totalBytes }: ModelProgress): void {
    const percent = totalBytes ? `: ${Math.floor((100 * loadedBytes) / totalBytes)} %` : '';
    this.#report('starting', `fetching ${this.model}, ${file}${percent}`);
  }

  #report(state: EngineStatus['state'], reason: string): void {
    if (this.#status.state === state && this.#status.reason === reason) return;
    this.#status = this.#statusOf(state, reason);
    this.#options.onStatus?.(this.#status);
  }

  #statusOf(state: EngineStatus['state'], reason: string): EngineStatus {
    return { part: 'stt', engine: this.engine, detail: this.model, state, reason };
  }
}

/** Quiet noise, not zeros: what is all alike may take a shorter way. */
async function warm(client: Client): Promise<number> {
  const begin = performance.now();
  const samples = new Int16Array(LISTEN_RATE).map((_, i) => ((i * 7919) % 601) - 300);
  await client.call('transcribe', { samples, language: 'en', prompt: null });
  return performance.now() - begin;
}
