/** Tones above this part of the lower rate's half are let go of: what is above its half would come back as others. */
const PASS = 0.875;
/** Crossings of zero on each side; with the window below, what is let go of is 80 dB down. */
const ZERO_CROSSINGS = 44;
/** Shape of the Kaiser window. */
const BETA = 8;

/**
 * Changes the rate of a stream of samples with a windowed-sinc low-pass, one filter for each fraction of a sample that
 * the two rates have between them (Smith, "Digital Audio Resampling"). Tones up to 10 kHz pass unchanged at 24 kHz out.
 */
export class Resampler {
  readonly #isSame: boolean;
  /** Input samples to go forward for `#phases.length` output samples. */
  readonly #step: number;
  readonly #phases: readonly Float32Array[];
  readonly #reach: number;
  /** Input that is still needed, beginning with silence so that the first sample has something on its left. */
  #history: Float32Array;
  /** The next output sample stands at `#at` + `#phase` / phases of the history. */
  #at: number;
  #phase = 0;

  constructor(fromRate: number, toRate: number) {
    const divisor = greatestDivisor(fromRate, toRate);
    this.#isSame = fromRate === toRate;
    this.#step = fromRate / divisor;
    // Cut-off and length as parts of the input's rate.
    const cutoff = Math.min(1, toRate / fromRate) * 0.5 * ((1 + PASS) / 2);
    this.#reach = Math.ceil(ZERO_CROSSINGS / (2 * cutoff));
    const phases = this.#isSame ? 0 : toRate / divisor;
    this.#phases = Array.from({ length: phases }, (_, phase) => kernel(phase / phases, cutoff, this.#reach));
    this.#history = new Float32Array(this.#reach);
    this.#at = this.#reach;
  }

  /** The next samples in; those that can be computed now out. They lag behind by half the filter: about 2 ms. */
  push(input: Float32Array): Float32Array {
    if (this.#isSame) return input.slice();
    const samples = new Float32Array(this.#history.length + input.length);
    samples.set(this.#history);
    samples.set(input, this.#history.length);
    const output: number[] = [];
    const count = this.#phases.length;
    while (this.#at + this.#reach < samples.length) {
      const taps = this.#phases[this.#phase] as Float32Array;
      const first = this.#at - this.#reach + 1;
      let sum = 0;
      for (let i = 0; i < taps.length; i++) sum += (taps[i] as number) * (samples[first + i] as number);
      output.push(sum);
      this.#phase += this.#step;
      this.#at += Math.floor(this.#phase / count);
      this.#phase %= count;
    }
    const used = Math.min(this.#at - this.#reach, samples.length);
    this.#history = samples.slice(used);
    this.#at -= used;
    return Float32Array.from(output);
  }
}

/** Weights of the `2 × reach` input samples around a place that is `fraction` behind a sample. They add up to 1. */
function kernel(fraction: number, cutoff: number, reach: number): Float32Array {
  const taps = Float64Array.from({ length: 2 * reach }, (_, index) => {
    const distance = index - (reach - 1) - fraction;
    const angle = 2 * Math.PI * cutoff * distance;
    const sinc = distance === 0 ? 1 : Math.sin(angle) / angle;
    const edge = distance / reach;
    return Math.abs(edge) < 1 ? sinc * (bessel(BETA * Math.sqrt(1 - edge * edge)) / bessel(BETA)) : 0;
  });
  const sum = taps.reduce((total, tap) => total + tap, 0);
  return Float32Array.from(taps, (tap) => tap / sum);
}

/** The modified Bessel function of order 0. */
function bessel(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-12; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
