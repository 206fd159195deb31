import type { Vad, VadStream } from './vad.ts';

/** A detector that has failed is left alone for so many frames of 32 ms. */
const FRAMES_WITHOUT = 64;

interface Options {
  readonly first: Vad;
  readonly second: Vad;
  /** Told once when the second takes over, and once (null) when the first is back. */
  readonly onChange: (error: unknown) => void;
}

/** A frame that the first detector cannot judge is judged by the second, so that none is lost; the first is tried again. */
export class FallbackVad implements Vad {
  readonly #options: Options;
  #hasFailed = false;

  constructor(options: Options) {
    this.#options = options;
  }

  get engine(): string {
    return (this.#hasFailed ? this.#options.second : this.#options.first).engine;
  }

  open(): VadStream {
    const first = this.#options.first.open();
    const second = this.#options.second.open();
    let skip = 0;
    let before: Promise<unknown> = Promise.resolve();
    const judge = async (frame: Int16Array) => {
      // It hears everything, so that it knows the room when it is needed.
      const standIn = second.detect(frame);
      if (skip > 0) {
        skip--;
        return await standIn;
      }
      try {
        const probability = await first.detect(frame);
        this.#note(null);
        return probability;
      } catch (error) {
        skip = FRAMES_WITHOUT;
        this.#note(error);
        return await standIn;
      }
    };
    return {
      detect: (frame) => {
        const judged = judge(frame);
        const inOrder = before.then(() => judged);
        before = judged;
        return inOrder;
      },
      reset: () => {
        first.reset();
        second.reset();
      },
      [Symbol.dispose]: () => {
        first[Symbol.dispose]();
        second[Symbol.dispose]();
      },
    };
  }

  #note(error: unknown): void {
    const hasFailed = error !== null;
    if (hasFailed === this.#hasFailed) return;
    this.#hasFailed = hasFailed;
    this.#options.onChange(error);
  }
}
