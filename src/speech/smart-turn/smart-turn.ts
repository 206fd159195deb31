import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Clock } from '../../clock.ts';
import { messageOf, VivavoceError } from '../../errors.ts';
import { withDeadline } from '../../resilience/deadline.ts';
import { WorkerClient } from '../../workers/worker-client.ts';
import type { AcousticJudge } from '../combined-turn-detector.ts';
import { SMART_TURN_SAMPLES } from './log-mel.ts';
import type { SmartTurnApi } from './smart-turn-api.ts';

const DEADLINE_MS = 300;
const MODEL = /^smart-turn.*\.onnx$/i;

interface Options {
  readonly modelPath: string;
  readonly clock: Clock;
  /** Later than this an answer is of no use, because the silence has decided. Default 300. */
  readonly deadlineMs?: number;
  /** Another module that serves `SmartTurnApi`. */
  readonly workerModule?: URL;
}

/**
 * Hears from the melody whether somebody has finished: smart-turn v3 in a thread of its own.
 *
 * Source: https://huggingface.co/pipecat-ai/smart-turn-v3
 */
export class SmartTurn implements AcousticJudge, AsyncDisposable {
  readonly engine = 'smart-turn';
  readonly #worker: WorkerClient<SmartTurnApi>;
  readonly #clock: Clock;
  readonly #deadlineMs: number;

  private constructor({ clock, deadlineMs = DEADLINE_MS }: Options, worker: WorkerClient<SmartTurnApi>) {
    this.#worker = worker;
    this.#clock = clock;
    this.#deadlineMs = deadlineMs;
  }

  /** Loads the model and asks it twice. Rejects with `engine_unavailable` when it is none or is broken. */
  static async open(options: Options): Promise<SmartTurn> {
    const { modelPath, workerModule = new URL('./smart-turn-worker.ts', import.meta.url) } = options;
    const worker = new WorkerClient<SmartTurnApi>(workerModule, modelPath);
    try {
      await worker.start();
      // Twice: the first one compiles the features, which doubles its time.
      for (let call = 0; call < 2; call++) await worker.call('complete', new Int16Array(SMART_TURN_SAMPLES));
    } catch (error) {
      await worker[Symbol.asyncDispose]();
      throw new VivavoceError(
        'engine_unavailable',
        `${basename(modelPath)} cannot judge turns (fetch it again, or take it out of the models folder): ${messageOf(error)}`,
        { cause: error },
      );
    }
    return new SmartTurn(options, worker);
  }

  /**
   * The probability, 0 to 1, that the turn is complete with which `audio` (16 kHz mono) ends; the last 8 s count.
   *
   * Rejects with `engine_timeout` after the deadline, `engine_failed`, or `cancelled`.
   */
  async complete(audio: Int16Array, signal: AbortSignal): Promise<number> {
    const deadline = { clock: this.#clock, deadlineMs: this.#deadlineMs, name: this.engine };
    return await withDeadline(deadline, (own) => this.#ask(audio.slice(-SMART_TURN_SAMPLES), own), signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker[Symbol.asyncDispose]();
  }

  async #ask(audio: Int16Array<ArrayBuffer>, signal: AbortSignal): Promise<number> {
    try {
      return await this.#worker.call('complete', audio, { signal, transfer: [audio.buffer] });
    } catch (error) {
      if (signal.aborted || error instanceof VivavoceError) throw error;
      throw new VivavoceError('engine_failed', `smart-turn failed: ${messageOf(error)}`, { cause: error });
    }
  }
}

/**
 * The newest `smart-turn*.onnx` by the version in its name, one for CPUs before one for GPUs, in the folder itself or in
 * one of its folders; null when there is none.
 *
 * Rejects with `engine_unavailable` when a folder cannot be read.
 */
export async function findSmartTurnModel(modelsDir: string): Promise<string | null> {
  const { folders, models } = await look(modelsDir);
  const inside = await Promise.all(folders.map(look));
  const isForGpu = (name: string) => Number(/gpu/i.test(name));
  const [best = null] = [...models, ...inside.flatMap(({ models }) => models)].sort((one, other) => {
    const [a, b] = [basename(one), basename(other)];
    return isForGpu(a) - isForGpu(b) || b.localeCompare(a, 'en', { numeric: true });
  });
  return best;
}

async function look(folder: string): Promise<{ folders: string[]; models: string[] }> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    const pathsOf = (some: typeof entries) => some.map(({ name }) => join(folder, name));
    return {
      folders: pathsOf(entries.filter((entry) => entry.isDirectory())),
      models: pathsOf(entries.filter((entry) => !entry.isDirectory() && MODEL.test(entry.name))),
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { folders: [], models: [] };
    const text = `the models folder ${folder} cannot be read (let this user read it): ${messageOf(error)}`;
    throw new VivavoceError('engine_unavailable', text, { cause: error });
  }
}
