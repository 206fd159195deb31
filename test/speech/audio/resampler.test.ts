import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joinSamples } from '../../../src/speech/audio/pcm.ts';
import { createResampler } from '../../../src/speech/audio/resampler.ts';
import { levelDbfs } from '../../../src/speech/audio/silence.ts';
import { tone } from '../../support/speech.ts';

const RATES = [
  [24_000, 8_000],
  [16_000, 24_000],
  [48_000, 24_000],
  [22_050, 24_000],
  [24_000, 16_000],
] as const;

async function resample(samples: Int16Array, from: number, to: number): Promise<Int16Array> {
  using resampler = await createResampler(from, to);
  return joinSamples([resampler.process(samples), resampler.flush()]);
}

for (const [from, to] of RATES) {
  test(`${from} Hz becomes ${to} Hz sample for sample where it belongs, to the very end`, async () => {
    const out = await resample(tone(440, from, from), from, to);
    const expected = tone(440, to, to);
    expect(out.length).toBe(to);
    // The filter knows nothing of before and after: its edges are not compared.
    const errors = out.subarray(200, -200).map((sample, i) => Math.abs(sample - (expected[200 + i] ?? 0)));
    expect(Math.max(...errors)).toBeLessThan(60);
    expect(levelDbfs(out.subarray(-200))).toBeGreaterThan(-15);
  });

  test(`a ${from} Hz stream that is cut anywhere gives the same as the whole`, async () => {
    const samples = tone(700, from, 5_000, 0.9);
    const whole = await resample(samples, from, to);
    const cuts = fc.array(fc.integer({ min: 1, max: 1500 }), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(cuts, async (sizes) => {
        using resampler = await createResampler(from, to);
        const parts: Int16Array[] = [];
        let at = 0;
        for (const size of [...sizes, samples.length]) {
          parts.push(resampler.process(samples.subarray(at, at + size)));
          at += size;
        }
        expect(joinSamples([...parts, resampler.flush()])).toEqual(whole);
      }),
      { numRuns: 10 },
    );
  });
}

test('what 8 kHz cannot carry is gone instead of folding back', async () => {
  const loud = tone(10_000, 24_000, 24_000);
  const out = await resample(loud, 24_000, 8_000);
  expect(levelDbfs(out.subarray(100, -100))).toBeLessThan(levelDbfs(loud) - 60);
});

test('full scale is clamped where the filter overshoots', async () => {
  const square = new Int16Array(8_000).map((_, i) => (i % 40 < 20 ? 32_767 : -32_768));
  const out = await resample(square, 8_000, 24_000);
  // A wrapped sample would be far from both of its neighbours.
  const jumps = out.subarray(1).filter((sample, i) => Math.abs(sample - (out[i] ?? 0)) > 50_000);
  expect(Math.max(...out)).toBe(32_767);
  expect(jumps).toHaveLength(0);
});

test('after a flush nothing of the past sounds in what follows', async () => {
  using resampler = await createResampler(24_000, 8_000);
  const quiet = new Int16Array(2_400);
  resampler.process(tone(440, 24_000, 2_400));
  resampler.flush();
  expect(joinSamples([resampler.process(quiet), resampler.flush()])).toEqual(new Int16Array(800));
});

test('a converter that is used again starts afresh', async () => {
  const first = await createResampler(24_000, 8_000);
  first.process(tone(440, 24_000, 2_400));
  first[Symbol.dispose]();
  expect(await resample(new Int16Array(2_400), 24_000, 8_000)).toEqual(new Int16Array(800));
});

test('two resamplers at the same rates do not hear each other', async () => {
  using loud = await createResampler(24_000, 8_000);
  using silent = await createResampler(24_000, 8_000);
  loud.process(tone(440, 24_000, 2_400));
  expect(silent.process(new Int16Array(2_400)).every((sample) => sample === 0)).toBe(true);
});

test('equal rates pass the samples through', async () => {
  const samples = tone(440, 24_000, 960);
  expect(await resample(samples, 24_000, 24_000)).toEqual(samples);
});

test('a rate that is none is refused', async () => {
  await expect(createResampler(0, 24_000)).rejects.toThrow('cannot resample at 0 Hz');
  await expect(createResampler(24_000, Number.NaN)).rejects.toThrow(RangeError);
});

test('a resampler that was disposed says so', async () => {
  const resampler = await createResampler(24_000, 8_000);
  resampler[Symbol.dispose]();
  resampler[Symbol.dispose]();
  expect(() => resampler.process(new Int16Array(10))).toThrow('disposed');
});
