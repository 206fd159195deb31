import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joinSamples } from '../../../src/speech/audio/pcm.ts';
import { createPolyphaseResampler } from '../../../src/speech/audio/polyphase-resampler.ts';
import { createResampler } from '../../../src/speech/audio/resampler.ts';
import { levelDbfs } from '../../../src/speech/audio/silence.ts';
import { tone } from '../../support/speech.ts';

const RATES = [
  [8_000, 16_000],
  [24_000, 16_000],
  [48_000, 16_000],
  [16_000, 24_000],
] as const;

function resample(samples: Int16Array, from: number, to: number): Int16Array {
  const resampler = createPolyphaseResampler(from, to);
  return joinSamples([resampler.process(samples), resampler.flush()]);
}

/** Without the edges: a filter knows nothing of before and after. */
const levelOf = (samples: Int16Array) => levelDbfs(samples.subarray(400, -400));

for (const [from, to] of RATES) {
  const band = Math.min(from, to) / 2;

  test(`${from} Hz becomes ${to} Hz as the general resampler makes it`, async () => {
    // A chord of what both pass without loss.
    const parts = [0.05, 0.2, 0.6].map((share) => tone(share * band, from, from, 0.3));
    const chord = new Int16Array(from).map((_, i) => parts.reduce((sum, part) => sum + (part[i] ?? 0), 0));
    using general = await createResampler(from, to);
    const expected = joinSamples([general.process(chord), general.flush()]);
    const out = resample(chord, from, to);
    expect(out).toHaveLength(expected.length);
    expect(levelOf(out.map((sample, i) => sample - (expected[i] ?? 0)))).toBeLessThan(levelOf(expected) - 55);
  });

  test(`${from} Hz to ${to} Hz keeps what is below 85 % of the band`, () => {
    const level = levelOf(resample(tone(band * 0.84, from, from), from, to));
    expect(level).toBeCloseTo(levelOf(tone(band * 0.84, from, from)), 1);
  });

  test(`a ${from} Hz stream that is cut anywhere gives the same at ${to} Hz as the whole, twice`, () => {
    const samples = tone(700, from, 3_000, 0.9);
    const whole = resample(samples, from, to);
    expect(whole).toHaveLength((3_000 * to) / from);
    const resampler = createPolyphaseResampler(from, to);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 12 }), (sizes) => {
        let at = 0;
        const parts = [...sizes, samples.length].map((size) => {
          at += size;
          return resampler.process(samples.subarray(at - size, at));
        });
        expect(joinSamples([...parts, resampler.flush()])).toEqual(whole);
      }),
      { numRuns: 20 },
    );
  });
}

test('what the lower rate cannot carry is gone instead of folding back', () => {
  for (const hz of [9_000, 10_000, 11_900]) {
    const loud = tone(hz, 24_000, 24_000);
    expect(levelOf(resample(loud, 24_000, 16_000))).toBeLessThan(levelOf(loud) - 64);
  }
});

test('a constant stays a constant', () => {
  const out = resample(new Int16Array(2_000).fill(10_000), 24_000, 16_000);
  expect(new Set(out.subarray(100, -100))).toEqual(new Set([10_000]));
});

test('full scale is clamped where the filter overshoots', () => {
  const square = new Int16Array(8_000).map((_, i) => (i % 40 < 20 ? 32_767 : -32_768));
  const out = resample(square, 8_000, 16_000);
  // A wrapped sample would be far from both of its neighbours.
  const jumps = out.subarray(1).filter((sample, i) => Math.abs(sample - (out[i] ?? 0)) > 60_000);
  expect(Math.max(...out)).toBe(32_767);
  expect(jumps).toHaveLength(0);
});
