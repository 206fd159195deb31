import { LISTEN_RATE, samplesIn } from '../audio/pcm.ts';

const FRAME = samplesIn(10, LISTEN_RATE);
/** A frame quieter than this (root mean square) holds no speech: room noise of a microphone is below, breath above. */
const QUIET_DBFS = -50;
/** How far above the noise of this utterance a frame may be and still be part of a pause … */
const NOISE_MARGIN_DB = 6;
/** … and what no pause exceeds, however loud the noise. */
const LOUDEST_PAUSE_DBFS = -35;
/** Shorter ones are the closures of p, t and k. */
const MIN_PAUSE_FRAMES = 10;
/** The dip in speech without a pause is looked for in so many frames at once. */
const DIP_FRAMES = 5;

/** From one sample to another, counted from the first that was pushed. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * The audio of an utterance from some sample on, with its level every 10 ms. All positions count from the first sample
 * that was ever pushed, whatever has been dropped.
 */
export class WindowedAudio {
  #samples = new Int16Array(LISTEN_RATE * 4);
  /** Position of `#samples[0]`; a multiple of a frame. */
  #from = 0;
  #length = 0;
  /** dBFS, one a frame from `#from` on; the last one may be of a part of a frame. */
  #levels: number[] = [];

  /** Position behind the newest sample. */
  get end(): number {
    return this.#from + this.#length;
  }

  push(samples: Int16Array): void {
    const needed = this.#length + samples.length;
    if (needed > this.#samples.length) {
      const grown = new Int16Array(Math.max(needed, this.#samples.length * 2));
      grown.set(this.#samples.subarray(0, this.#length));
      this.#samples = grown;
    }
    this.#samples.set(samples, this.#length);
    // The frame that was incomplete is measured again.
    const firstFrame = Math.floor(this.#length / FRAME);
    this.#length = needed;
    this.#levels.length = firstFrame;
    for (let at = firstFrame * FRAME; at < needed; at += FRAME) {
      this.#levels.push(levelOf(this.#samples.subarray(at, Math.min(at + FRAME, needed))));
    }
  }

  /** Forgets what is before `position`. */
  drop(position: number): void {
    const frames = Math.floor((Math.min(position, this.end) - this.#from) / FRAME);
    if (frames <= 0) return;
    this.#samples = this.#samples.slice(frames * FRAME, this.#length + LISTEN_RATE);
    this.#length -= frames * FRAME;
    this.#from += frames * FRAME;
    this.#levels.splice(0, frames);
  }

  /** A copy. */
  slice({ start, end }: Span): Int16Array {
    return this.#samples.slice(start - this.#from, Math.min(end - this.#from, this.#length));
  }

  /** Where the first frame with speech begins; −1 when there is none. */
  firstVoiced({ start, end }: Span): number {
    // A frame that began before `start` may be loud from what was before.
    const first = Math.max(0, Math.ceil((start - this.#from) / FRAME));
    for (let frame = first; frame < this.#frames(end); frame++) {
      if (this.#isVoiced(frame)) return this.#from + frame * FRAME;
    }
    return -1;
  }

  /** Where the last frame with speech ends; −1 when there is none. */
  lastVoiced({ start, end }: Span): number {
    for (let frame = this.#frames(end) - 1; frame >= this.#frame(start); frame--) {
      if (this.#isVoiced(frame)) return Math.min(end, this.#from + (frame + 1) * FRAME);
    }
    return -1;
  }

  /** The longest pause inside, of equal ones the last; null when there is none. */
  longestPause(within: Span): Span | null {
    let longest: Span | null = null;
    let begin = -1;
    const first = this.#frame(within.start);
    const last = this.#frames(within.end);
    const quiet = pauseLevel(this.#levels.slice(first, last));
    for (let frame = first; frame <= last; frame++) {
      const isQuiet = frame < last && (this.#levels[frame] ?? -Infinity) <= quiet;
      if (isQuiet && begin < 0) begin = frame;
      if (isQuiet || begin < 0) continue;
      const frames = frame - begin;
      const known = longest === null ? MIN_PAUSE_FRAMES * FRAME : longest.end - longest.start;
      if (frames * FRAME >= known) {
        longest = { start: this.#from + begin * FRAME, end: this.#from + frame * FRAME };
      }
      begin = -1;
    }
    if (longest === null) return null;
    return { start: Math.max(longest.start, within.start), end: Math.min(longest.end, within.end) };
  }

  /** The middle of the quietest 50 ms: where it hurts least to cut when there is no pause. */
  quietestDip(within: Span): number {
    let best = this.#frame(within.start);
    let bestSum = Infinity;
    for (let frame = best; frame + DIP_FRAMES <= this.#frames(within.end); frame++) {
      let sum = 0;
      for (let i = 0; i < DIP_FRAMES; i++) sum += Math.max(-96, this.#levels[frame + i] ?? 0);
      if (sum <= bestSum) {
        best = frame;
        bestSum = sum;
      }
    }
    return this.#from + Math.round((best + DIP_FRAMES / 2) * FRAME);
  }

  #isVoiced(frame: number): boolean {
    return (this.#levels[frame] ?? -Infinity) > QUIET_DBFS;
  }

  /** The frame that holds `position`. */
  #frame(position: number): number {
    return Math.max(0, Math.floor((position - this.#from) / FRAME));
  }

  /** How many frames begin before `position`. */
  #frames(position: number): number {
    return Math.min(this.#levels.length, Math.ceil((position - this.#from) / FRAME));
  }
}

/** Adapts to a noisy microphone; the decision that there was no speech at all does not, because it cannot be undone. */
function pauseLevel(levels: readonly number[]): number {
  const noise = levels.toSorted((a, b) => a - b)[Math.floor(levels.length / 20)] ?? -Infinity;
  return Math.max(QUIET_DBFS, Math.min(noise + NOISE_MARGIN_DB, LOUDEST_PAUSE_DBFS));
}

function levelOf(samples: Int16Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return 10 * Math.log10(sum / samples.length / 32768 ** 2);
}
