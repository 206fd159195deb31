import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import {
  FRAMES,
  MELS,
  SMART_TURN_SAMPLES,
  smartTurnFeatures,
} from '../../../src/speech/smart-turn/log-mel.ts';
import { tone } from '../../support/speech.ts';

interface Reference {
  readonly source: string;
  readonly frames: readonly number[];
  readonly cases: readonly {
    readonly samples: number;
    readonly mean: number;
    readonly min: number;
    readonly max: number;
    /** All mels of each of `frames`. */
    readonly features: readonly (readonly number[])[];
  }[];
}

const reference: Reference = JSON.parse(
  await readFile(new URL('./reference-features.json', import.meta.url), 'utf8'),
);

/** Noise and a rising saw-tooth that swell every half second; whole numbers only, so that every language agrees. */
function signal(samples: number): Int16Array {
  let state = 1;
  return new Int16Array(samples).map((_, i) => {
    state = (Math.imul(1_664_525, state) + 1_013_904_223) >>> 0;
    const noise = ((state >>> 16) % 2_001) - 1_000;
    const saw = ((437 * i + Math.floor((i * i) / 512)) % 16_000) - 8_000;
    return Math.floor(((saw + noise) * (i % 8_000)) / 8_000);
  });
}

test.each(reference.cases)(`$samples samples have the features that an independent implementation gives`, ({
  samples,
  features: wanted,
  ...whole
}) => {
  const features = smartTurnFeatures(signal(samples));
  expect(features).toHaveLength(MELS * FRAMES);
  let worst = 0;
  for (const [at, frame] of reference.frames.entries()) {
    for (let mel = 0; mel < MELS; mel++) {
      const error = Math.abs((features[mel * FRAMES + frame] ?? Number.NaN) - (wanted[at]?.[mel] ?? 0));
      worst = Math.max(worst, error);
    }
  }
  // The reference has four digits behind the point.
  expect(worst).toBeLessThan(1e-4);
  expect(features.reduce((sum, value) => sum + value, 0) / features.length).toBeCloseTo(whole.mean, 5);
  expect(Math.min(...features)).toBeCloseTo(whole.min, 4);
  expect(Math.max(...features)).toBeCloseTo(whole.max, 4);
});

test('only the last 8 s count, and silence before them changes nothing', () => {
  const long = signal(160_000);
  expect(smartTurnFeatures(long)).toEqual(smartTurnFeatures(long.subarray(-SMART_TURN_SAMPLES)));
  const short = signal(20_000);
  const padded = new Int16Array(SMART_TURN_SAMPLES);
  padded.set(short, SMART_TURN_SAMPLES - short.length);
  expect(smartTurnFeatures(short)).toEqual(smartTurnFeatures(padded));
});

test('how loud somebody is does not matter', () => {
  const quiet = smartTurnFeatures(tone(440, 16_000, SMART_TURN_SAMPLES, 0.05));
  const loud = smartTurnFeatures(tone(440, 16_000, SMART_TURN_SAMPLES, 0.5));
  const peak = (features: Float32Array) => Math.max(...features);
  expect(peak(quiet)).toBeCloseTo(peak(loud), 3);
});

test.each([
  ['nothing', new Int16Array(0)],
  ['one sample', Int16Array.of(12_345)],
  ['silence', new Int16Array(SMART_TURN_SAMPLES)],
  ['a constant', new Int16Array(SMART_TURN_SAMPLES).fill(-32_768)],
  ['clipping', new Int16Array(SMART_TURN_SAMPLES).map((_, i) => (i % 40 < 20 ? 32_767 : -32_768))],
])('%s has finite features within their range of 8 decades', (_, audio) => {
  const features = smartTurnFeatures(audio);
  expect(features.every(Number.isFinite)).toBe(true);
  expect(Math.max(...features) - Math.min(...features)).toBeLessThanOrEqual(2.000001);
});
