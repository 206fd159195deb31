import FFT from 'fft.js';
import { LISTEN_RATE } from '../audio/pcm.ts';

/** What the network hears: the last 8 s. */
export const SMART_TURN_SAMPLES = 8 * LISTEN_RATE;
export const MELS = 80;
export const FRAMES = 800;

const WINDOW_SAMPLES = 400;
const HOP_SAMPLES = 160;
const BINS = WINDOW_SAMPLES / 2 + 1;
/** A power of two that holds a linear convolution of two windows. */
const FFT_SIZE = 1024;
const FLOOR = 1e-10;
const VARIANCE_FLOOR = 1e-7;
/** Below the loudest value by so many decades everything is the same. */
const RANGE_DECADES = 8;

/**
 * The log-mel features of smart-turn v3, `[80, 800]` in row-major order, as its authors make them with Whisper's
 * feature extractor (`chunk_length` 8, `do_normalize`): the last 8 s of `audio` (16 kHz mono), silence before what is
 * shorter, zero mean and unit variance, power spectra of 25 ms every 10 ms, 80 Slaney mels up to 8 kHz, logarithm.
 */
export function smartTurnFeatures(audio: Int16Array): Float32Array {
  const samples = normalised(audio.subarray(Math.max(0, audio.length - SMART_TURN_SAMPLES)));
  const features = new Float32Array(MELS * FRAMES);
  const [even, odd] = [new Float64Array(BINS), new Float64Array(BINS)];
  let loudest = Number.NEGATIVE_INFINITY;
  for (let frame = 0; frame < FRAMES; frame += 2) {
    twoPowerSpectra(samples, frame * HOP_SAMPLES, even, odd);
    for (const [at, power] of [[frame, even] as const, [frame + 1, odd] as const]) {
      for (let mel = 0; mel < MELS; mel++) {
        const value = Math.log10(Math.max(FLOOR, melEnergy(mel, power)));
        features[mel * FRAMES + at] = value;
        if (value > loudest) loudest = value;
      }
    }
  }
  const lowest = loudest - RANGE_DECADES;
  for (let at = 0; at < features.length; at++) features[at] = (Math.max(features[at] ?? 0, lowest) + 4) / 4;
  return features;
}

/** Padded with silence before, brought to zero mean and unit variance, and mirrored at both ends by half a window. */
function normalised(audio: Int16Array): Float64Array {
  const half = WINDOW_SAMPLES / 2;
  const start = half + SMART_TURN_SAMPLES - audio.length;
  const end = half + SMART_TURN_SAMPLES;
  const samples = new Float64Array(SMART_TURN_SAMPLES + WINDOW_SAMPLES);
  let sum = 0;
  for (const [at, value] of audio.entries()) {
    samples[start + at] = value / 32768;
    sum += value / 32768;
  }
  const mean = sum / SMART_TURN_SAMPLES;
  let squares = 0;
  for (let at = half; at < end; at++) squares += ((samples[at] ?? 0) - mean) ** 2;
  const scale = 1 / Math.sqrt(squares / SMART_TURN_SAMPLES + VARIANCE_FLOOR);
  for (let at = half; at < end; at++) samples[at] = ((samples[at] ?? 0) - mean) * scale;
  for (let at = 1; at <= half; at++) {
    samples[half - at] = samples[half + at] ?? 0;
    samples[end - 1 + at] = samples[end - 1 - at] ?? 0;
  }
  return samples;
}

// 400 is no power of two: the transform is a convolution with a chirp (Bluestein's algorithm), which is done by
// transforms of 1024. Two real frames go through it at once, one as the real and one as the imaginary part.

const fft = new FFT(FFT_SIZE);
/** e^(−iπn²/400), real and imaginary parts by turns. */
const chirp = new Float64Array(2 * WINDOW_SAMPLES);
/** The same under a periodic Hann window. */
const windowedChirp = new Float64Array(2 * WINDOW_SAMPLES);
const filter = new Float64Array(2 * FFT_SIZE);
const input = new Float64Array(2 * FFT_SIZE);
const spectrum = new Float64Array(2 * FFT_SIZE);
const product = new Float64Array(2 * FFT_SIZE);
const convolved = new Float64Array(2 * FFT_SIZE);

for (let n = 0; n < WINDOW_SAMPLES; n++) {
  // The angle repeats every 800; n² itself would lose digits.
  const angle = (-Math.PI * ((n * n) % (2 * WINDOW_SAMPLES))) / WINDOW_SAMPLES;
  const hann = 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / WINDOW_SAMPLES);
  chirp.set([Math.cos(angle), Math.sin(angle)], 2 * n);
  windowedChirp.set([hann * Math.cos(angle), hann * Math.sin(angle)], 2 * n);
  for (const at of n === 0 ? [0] : [n, FFT_SIZE - n])
    product.set([Math.cos(angle), -Math.sin(angle)], 2 * at);
}
fft.transform(filter, product);

/** Writes the power spectra of the frame at `from` and of the one a hop later. */
function twoPowerSpectra(
  samples: Float64Array,
  from: number,
  first: Float64Array,
  second: Float64Array,
): void {
  for (let n = 0; n < WINDOW_SAMPLES; n++) {
    const a = samples[from + n] ?? 0;
    const b = samples[from + HOP_SAMPLES + n] ?? 0;
    const re = windowedChirp[2 * n] ?? 0;
    const im = windowedChirp[2 * n + 1] ?? 0;
    input[2 * n] = a * re - b * im;
    input[2 * n + 1] = a * im + b * re;
  }
  fft.transform(spectrum, input);
  multiply(spectrum, filter, product);
  fft.inverseTransform(convolved, product);
  multiply(convolved, chirp, product);
  for (let k = 0; k < BINS; k++) {
    const mirror = (WINDOW_SAMPLES - k) % WINDOW_SAMPLES;
    const re = product[2 * k] ?? 0;
    const im = product[2 * k + 1] ?? 0;
    const mirrorRe = product[2 * mirror] ?? 0;
    const mirrorIm = product[2 * mirror + 1] ?? 0;
    first[k] = ((re + mirrorRe) ** 2 + (im - mirrorIm) ** 2) / 4;
    second[k] = ((im + mirrorIm) ** 2 + (re - mirrorRe) ** 2) / 4;
  }
}

/** Complex products, for as many as the shorter `b` has. */
function multiply(a: Float64Array, b: Float64Array, into: Float64Array): void {
  for (let at = 0; at < b.length; at += 2) {
    const [aRe, aIm, bRe, bIm] = [a[at] ?? 0, a[at + 1] ?? 0, b[at] ?? 0, b[at + 1] ?? 0];
    into[at] = aRe * bRe - aIm * bIm;
    into[at + 1] = aRe * bIm + aIm * bRe;
  }
}

interface MelFilter {
  readonly firstBin: number;
  readonly weights: readonly number[];
}

const melFilters: readonly MelFilter[] = slaneyFilters();

function melEnergy(mel: number, power: Float64Array): number {
  const { firstBin, weights } = melFilters[mel] as MelFilter;
  let sum = 0;
  for (let at = 0; at < weights.length; at++) sum += (weights[at] ?? 0) * (power[firstBin + at] ?? 0);
  return sum;
}

/** Triangles between neighbours on Slaney's scale, each of the same area. */
function slaneyFilters(): MelFilter[] {
  const highest = melOf(LISTEN_RATE / 2);
  const edges = Array.from({ length: MELS + 2 }, (_, i) => hertzOf((highest * i) / (MELS + 1)));
  return Array.from({ length: MELS }, (_, mel) => {
    const [left = 0, peak = 0, right = 0] = edges.slice(mel, mel + 3);
    const all = Array.from({ length: BINS }, (_, bin) => {
      const hertz = (bin * LISTEN_RATE) / WINDOW_SAMPLES;
      const height = Math.min((hertz - left) / (peak - left), (right - hertz) / (right - peak));
      return (Math.max(0, height) * 2) / (right - left);
    });
    const firstBin = Math.max(
      0,
      all.findIndex((weight) => weight > 0),
    );
    return { firstBin, weights: all.slice(firstBin, all.findLastIndex((weight) => weight > 0) + 1) };
  });
}

// Slaney's scale: linear below 1 kHz (15 mels), logarithmic above (27 mels for a factor of 6.4).

function melOf(hertz: number): number {
  return hertz < 1000 ? (3 * hertz) / 200 : 15 + (27 * Math.log(hertz / 1000)) / Math.log(6.4);
}

function hertzOf(mel: number): number {
  return mel < 15 ? (200 * mel) / 3 : 1000 * 6.4 ** ((mel - 15) / 27);
}
