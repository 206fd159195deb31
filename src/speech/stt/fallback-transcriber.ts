import { isAbort, messageOf, VivavoceError } from '../../errors.ts';
import { LISTEN_RATE, samplesIn } from '../audio/pcm.ts';
import type { Recognition, Transcriber, Transcript, TranscriptionRequest } from './transcriber.ts';

interface Options {
  /** Best first; each behind its own guard, so that one that is broken says so at once. */
  readonly engines: readonly [Transcriber, ...Transcriber[]];
  /** Told of every text that another engine had to make. Must not throw. */
  readonly onFallback: (from: string, to: string, error: unknown) => void;
  /** Told with every text that was asked for: why the first engine did not make it, null when it did. Must not throw. */
  readonly onRead?: (trouble: string | null) => void;
  /** How much of an utterance is kept for the next engine. Default 10 minutes: 19 MB. */
  readonly keepMs?: number;
}

const KEEP_MS = 10 * 60_000;

/**
 * Recognisers behind each other: a text that one cannot make is made by the next, from the same samples.
 *
 * Every question begins with the first engine; while its breaker is open that costs nothing, and when it is well again
 * the answer is its own again. Meanwhile the engine that stands in listens from the start of each utterance, so that
 * it has heard everything when it is needed, and the partial texts are its own.
 */
export class FallbackTranscriber implements Transcriber {
  readonly #options: Options;
  /** Index of the engine that made the last text. */
  #leader = 0;

  constructor(options: Options) {
    this.#options = options;
  }

  get engine(): string {
    return this.#leading.engine;
  }

  get model(): string {
    return this.#leading.model;
  }

  recognise(request: TranscriptionRequest): Recognition {
    const { engines, onFallback, onRead = () => undefined, keepMs = KEEP_MS } = this.#options;
    return new FallbackRecognition(engines, request, {
      leader: this.#leader,
      keepSamples: samplesIn(keepMs, LISTEN_RATE),
      onLead: (index) => {
        this.#leader = index;
      },
      ...{ onFallback, onRead },
    });
  }

  get #leading(): Transcriber {
    const { engines } = this.#options;
    return engines[this.#leader] ?? engines[0];
  }
}

interface Course {
  readonly leader: number;
  readonly keepSamples: number;
  readonly onLead: (index: number) => void;
  readonly onFallback: Options['onFallback'];
  readonly onRead: NonNullable<Options['onRead']>;
}

class FallbackRecognition implements Recognition {
  readonly #engines: readonly Transcriber[];
  readonly #request: TranscriptionRequest;
  readonly #course: Course;
  readonly #recognitions = new Map<number, Recognition>();
  readonly #kept: Int16Array[] = [];
  #keptSamples = 0;
  #leader: number;
  #isDisposed = false;

  constructor(engines: readonly Transcriber[], request: TranscriptionRequest, course: Course) {
    this.#engines = engines;
    this.#request = request;
    this.#course = course;
    this.#leader = course.leader;
    this.#listen(0);
    if (course.leader > 0) this.#listen(course.leader);
  }

  push(samples: Int16Array): void {
    this.#kept.push(samples);
    this.#keptSamples += samples.length;
    const { keepSamples } = this.#course;
    for (
      let [oldest] = this.#kept;
      oldest && this.#keptSamples - oldest.length >= keepSamples;
      [oldest] = this.#kept
    ) {
      this.#keptSamples -= oldest.length;
      this.#kept.shift();
    }
    // Copies: an engine may hand its own to a worker, and then they are gone from here.
    for (const recognition of this.#recognitions.values()) recognition.push(samples.slice());
  }

  async read(signal: AbortSignal): Promise<Transcript> {
    if (this.#isDisposed) throw new VivavoceError('cancelled', 'the recognition was given up');
    let trouble: string | null = null;
    for (let index = 0; ; index++) {
      try {
        const transcript = await this.#listen(index).read(signal);
        this.#lead(index);
        // Silence proves nothing: an engine need not be asked to know that there is no word in it.
        if (trouble !== null || transcript.text !== '') this.#course.onRead(trouble);
        return transcript;
      } catch (error) {
        if (isAbort(error) || signal.aborted || this.#isDisposed) throw error;
        trouble ??= messageOf(error);
        const from = this.#engines[index];
        const to = this.#engines[index + 1];
        if (!from || !to) {
          this.#course.onRead(trouble);
          throw error;
        }
        this.#course.onFallback(from.engine, to.engine, error);
      }
    }
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    for (const recognition of this.#recognitions.values()) recognition[Symbol.dispose]();
    this.#kept.length = 0;
  }

  /** The recognition of one engine; a new one is told everything that was said. */
  #listen(index: number): Recognition {
    const known = this.#recognitions.get(index);
    if (known) return known;
    const engine = this.#engines[index];
    if (!engine) throw new RangeError(`there is no engine ${index}`);
    const recognition = engine.recognise({
      ...this.#request,
      onPartial: (text) => {
        if (this.#leader === index && !this.#isDisposed) this.#request.onPartial(text);
      },
    });
    this.#recognitions.set(index, recognition);
    for (const samples of this.#kept) recognition.push(samples.slice());
    return recognition;
  }

  #lead(index: number): void {
    this.#leader = index;
    this.#course.onLead(index);
  }
}
