import { samplesIn } from './pcm.ts';

/** A time in which there is sound, milliseconds from the first sample. */
export interface VoicedStretch {
  readonly startMs: number;
  readonly endMs: number;
}

/** What is judged at once. */
const STEP_MS = 10;
/** A shorter silence belongs to a word: "t" and "k" begin with up to 50 ms of it. */
const SHORTEST_PAUSE_MS = 60;
/** So far below the loudest step begins the silence of a voice, within these bounds. */
const BELOW_LOUDEST_DB = 33;
const QUIETEST_DBFS = -65;
const LOUDEST_DBFS = -40;

/**
 * Finds the pauses in a voice while its audio comes, by its level in steps of 10 ms.
 *
 * Measured by loudness alone, so it is for the clean sound of a synthesiser and not for a microphone.
 */
export class VoicedStretches {
  readonly #stepSamples: number;
  /** dBFS of every whole step; a minute takes 6,000. */
  readonly #levels: number[] = [];
  #loudest = -Infinity;
  /** What has come of the step that is not whole yet. */
  #sum = 0;
  #count = 0;

  /** @param rate samples a second */
  constructor(rate: number) {
    this.#stepSamples = samplesIn(STEP_MS, rate);
  }

  push(samples: Int16Array): void {
    for (let at = 0; at < samples.length; ) {
      const end = Math.min(samples.length, at + this.#stepSamples - this.#count);
      this.#count += end - at;
      for (; at < end; at++) this.#sum += (samples[at] ?? 0) ** 2;
      if (this.#count === this.#stepSamples) this.#endStep();
    }
  }

  /** What has sounded so far, in order. */
  stretches(): VoicedStretch[] {
    const threshold = Math.min(LOUDEST_DBFS, Math.max(QUIETEST_DBFS, this.#loudest - BELOW_LOUDEST_DB));
    const found: { startMs: number; endMs: number }[] = [];
    for (const [step, level] of this.#levels.entries()) {
      if (level <= threshold) continue;
      const startMs = step * STEP_MS;
      const last = found.at(-1);
      if (last && startMs - last.endMs < SHORTEST_PAUSE_MS) last.endMs = startMs + STEP_MS;
      else found.push({ startMs, endMs: startMs + STEP_MS });
    }
    return found;
  }

  #endStep(): void {
    const level = 10 * Math.log10(this.#sum / this.#count / 32768 ** 2);
    this.#levels.push(level);
    this.#loudest = Math.max(this.#loudest, level);
    this.#sum = 0;
    this.#count = 0;
  }
}
