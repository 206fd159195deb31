import { VivavoceError } from '../../src/errors.ts';
import type { HeardWord, Transcript } from '../../src/speech/stt/transcriber.ts';
import type { PassEngine } from '../../src/speech/stt/windowed-recognition.ts';
import type { ManualClock } from './manual-clock.ts';

/** A word of synthetic speech and the pause after it. */
export interface SpokenWord {
  readonly ms: number;
  readonly pauseMs: number;
}

const LOUDNESS = 3_000;
const STEP = 8;
const PER_MS = 16;

/** The word number `index` as an engine writes it. */
export const wordText = (index: number) => `a${index}z`;

/** Each word is a tone of its own frequency and its own loudness, by which it can be told wherever the audio is cut. */
export function speechOf(words: readonly SpokenWord[]): Int16Array {
  const whole = new Int16Array(words.reduce((sum, { ms, pauseMs }) => sum + ms + pauseMs, 0) * PER_MS);
  let at = 0;
  for (const [index, { ms, pauseMs }] of words.entries()) {
    const halfPeriod = 20 + (index % 60);
    for (let i = 0; i < ms * PER_MS; i++) {
      whole[at + i] = (Math.floor(i / halfPeriod) % 2 === 0 ? 1 : -1) * (LOUDNESS + STEP * index);
    }
    at += (ms + pauseMs) * PER_MS;
  }
  return whole;
}

export interface ScriptedEngineOptions {
  readonly clock: ManualClock;
  readonly words: readonly SpokenWord[];
  /** How long the pass number `n` takes. */
  readonly passMs: (n: number, audioMs: number) => number;
  readonly timed?: boolean;
  /** How far its times are off. */
  readonly offMs?: number;
  /** How many passes it can make at once. */
  readonly workers?: number;
  /** It mishears the newest word of every other pass. */
  readonly hesitates?: boolean;
}

/**
 * Hears the words of `speechOf`: a whole one if most of it is in the audio; a piece of one as a piece (`a7`, `7z`), as
 * real engines do. It notices when somebody gives it two recordings at once.
 */
export class ScriptedPassEngine implements PassEngine {
  /** Milliseconds of audio in each pass. */
  readonly passes: number[] = [];
  /** When each pass began. */
  readonly begunMs: number[] = [];
  aborted = 0;
  atOnce = 0;
  mostAtOnce = 0;
  /** Errors for the next passes, first in, first used. */
  readonly failures: Error[] = [];
  /** Somebody else keeps it busy. */
  taken = false;
  readonly #options: ScriptedEngineOptions;

  constructor(options: ScriptedEngineOptions) {
    this.#options = options;
  }

  get idle(): boolean {
    return this.atOnce < (this.#options.workers ?? 1) && !this.taken;
  }

  async transcribe(samples: Int16Array, _request: unknown, signal: AbortSignal): Promise<Transcript> {
    const { clock, passMs } = this.#options;
    const audioMs = samples.length / PER_MS;
    this.begunMs.push(clock.monotonicMs());
    this.passes.push(audioMs);
    this.atOnce++;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce);
    try {
      await new Promise<void>((resolve, reject) => {
        const timer = clock.after(passMs(this.passes.length, audioMs), () => resolve());
        signal.addEventListener('abort', () => {
          timer[Symbol.dispose]();
          this.aborted++;
          reject(new VivavoceError('cancelled', 'given up'));
        });
      });
      const failure = this.failures.shift();
      if (failure) throw failure;
      return this.#hear(samples);
    } finally {
      this.atOnce--;
    }
  }

  #hear(samples: Int16Array): Transcript {
    const { timed, offMs = 0, hesitates } = this.#options;
    const heard: HeardWord[] = [];
    for (let at = 0; at < samples.length; ) {
      const loud = Math.abs(samples[at] ?? 0);
      let end = at + 1;
      while (end < samples.length && Math.abs(samples[end] ?? 0) === loud) end++;
      const index = (loud - LOUDNESS) / STEP;
      const share = (end - at) / PER_MS / (this.#options.words[index]?.ms ?? Infinity);
      const piece = at === 0 ? wordText(index).slice(1) : wordText(index).slice(0, -1);
      const text = share > 0.6 ? wordText(index) : piece;
      if (loud > 0 && share > 0.1)
        heard.push({ text, startMs: at / PER_MS + offMs, endMs: end / PER_MS + offMs });
      at = end;
    }
    const newest = heard.at(-1);
    if (hesitates && newest && this.passes.length % 2 === 0) heard.splice(-1, 1, { ...newest, text: 'uh' });
    return { text: heard.map(({ text }) => text).join(' '), words: timed ? heard : null };
  }
}
