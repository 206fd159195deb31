import { type Clock, systemClock } from '../../clock.ts';
import { VivavoceError } from '../../errors.ts';
import type { Vad, VadStream } from './vad.ts';

/** An answer that takes longer is given by the second: what somebody says now cannot wait for it. */
const PATIENCE_MS = 500;
/** A detector that has failed is tried again after so long. */
const RETRY_MS = 2_000;

interface Options {
  readonly first: Vad;
  readonly second: Vad;
  /** Told once when the second takes over, and once (null) when the first is back. */
  readonly onChange: (error: unknown) => void;
  /** The first could not start, and whoever is told of changes knows. */
  readonly hasFailed?: boolean;
  readonly clock?: Clock;
}

/** A microphone at both detectors. */
interface Pair {
  readonly first: VadStream;
  readonly second: VadStream;
  /** The failure after which `first` began anew. */
  failures: number;
}

/** A frame that the first has not answered yet. */
interface Asked {
  readonly atMs: number;
  giveUp(): void;
}

/**
 * A frame that the first detector cannot judge is judged by the second, so that none is lost and none is late.
 *
 * One failure, or one late answer, speaks for all streams: from then on every frame is the second's, also those that
 * the first still has. One frame after the other is shown to the first without waiting for it, until it answers in time.
 */
export class FallbackVad implements Vad {
  readonly #options: Options;
  readonly #clock: Clock;
  /** Oldest first. */
  readonly #asked = new Set<Asked>();
  #watch: Disposable | null = null;
  #hasFailed: boolean;
  #failures = 0;
  #isTrying = false;
  #retryAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: Options) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#hasFailed = options.hasFailed ?? false;
  }

  get engine(): string {
    return (this.#hasFailed ? this.#options.second : this.#options.first).engine;
  }

  open(): VadStream {
    const { first, second } = this.#options;
    const pair = { first: first.open(), second: second.open(), failures: this.#failures };
    let before: Promise<unknown> = Promise.resolve();
    return {
      detect: (frame) => {
        const judged = this.#judge(pair, frame);
        // It may fail while an earlier one is still waited for.
        judged.catch(() => undefined);
        const inOrder = before.then(() => judged);
        before = inOrder.catch(() => undefined);
        return inOrder;
      },
      reset: () => {
        pair.first.reset();
        pair.second.reset();
      },
      [Symbol.dispose]: () => {
        pair.first[Symbol.dispose]();
        pair.second[Symbol.dispose]();
      },
    };
  }

  #judge(pair: Pair, frame: Int16Array): Promise<number> {
    // It hears everything, so that it knows the room when it is needed.
    const standIn = pair.second.detect(frame);
    if (this.#hasFailed) {
      if (!this.#isTrying && this.#clock.monotonicMs() >= this.#retryAtMs) void this.#try(pair, frame);
      return standIn;
    }
    standIn.catch(() => undefined);
    const answer = Promise.withResolvers<number>();
    const asked = { atMs: this.#clock.monotonicMs(), giveUp: () => answer.resolve(standIn) };
    this.#asked.add(asked);
    this.#ask(pair, frame).then(
      (probability) => {
        this.#asked.delete(asked);
        answer.resolve(probability);
      },
      (error) => {
        // What was given up already says nothing new.
        if (this.#asked.has(asked)) this.#fail(error);
      },
    );
    this.#watchOldest();
    return answer.promise;
  }

  #ask(pair: Pair, frame: Int16Array): Promise<number> {
    // It has missed what the second heard meanwhile.
    if (pair.failures !== this.#failures) pair.first.reset();
    pair.failures = this.#failures;
    return pair.first.detect(frame);
  }

  /** Its answer is not used: the frame has one. */
  async #try(pair: Pair, frame: Int16Array): Promise<void> {
    this.#isTrying = true;
    this.#failures++;
    const startedMs = this.#clock.monotonicMs();
    try {
      await this.#ask(pair, frame);
      this.#failures++;
      // Late is better than never, but not good enough: the next frame shows whether it only had to start.
      if (this.#clock.monotonicMs() - startedMs < PATIENCE_MS) {
        this.#hasFailed = false;
        this.#options.onChange(null);
      }
    } catch {
      this.#retryAtMs = this.#clock.monotonicMs() + RETRY_MS;
    } finally {
      this.#isTrying = false;
    }
  }

  #fail(error: unknown): void {
    this.#hasFailed = true;
    this.#failures++;
    this.#retryAtMs = this.#clock.monotonicMs() + RETRY_MS;
    for (const { giveUp } of this.#asked) giveUp();
    this.#asked.clear();
    this.#watch?.[Symbol.dispose]();
    this.#watch = null;
    this.#options.onChange(error);
  }

  #watchOldest(): void {
    const [oldest] = this.#asked;
    if (this.#watch || !oldest) return;
    const delayMs = oldest.atMs + PATIENCE_MS - this.#clock.monotonicMs();
    this.#watch = this.#clock.after(delayMs, () => {
      // Where the event loop was late itself, the answer is there and has only not been read.
      setImmediate(() => {
        this.#watch = null;
        const [late] = this.#asked;
        if (late && this.#clock.monotonicMs() - late.atMs >= PATIENCE_MS) this.#fail(tooLate());
        else this.#watchOldest();
      });
    });
  }
}

function tooLate(): VivavoceError {
  return new VivavoceError(
    'engine_timeout',
    `the speech detector took longer than ${PATIENCE_MS} ms: is the machine overloaded?`,
  );
}
