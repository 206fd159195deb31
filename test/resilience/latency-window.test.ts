import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LatencyWindow } from '../../src/resilience/latency-window.ts';

it('knows nothing before its first sample', () => {
  expect(new LatencyWindow().p95Ms).toBeNaN();
});

it('says what 95 % of the samples did not exceed', () => {
  const window = new LatencyWindow();
  for (let ms = 1; ms <= 96; ms++) window.add(ms);
  expect(window.p95Ms).toBe(92);
});

it('keeps the last ones only', () => {
  const window = new LatencyWindow(16);
  for (let n = 0; n < 16; n++) window.add(1_000);
  for (let n = 0; n < 16; n++) window.add(1);
  expect([window.size, window.p95Ms]).toEqual([16, 1]);
});

it('is always one of its samples, and at most eight samples old', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(5_000), { minLength: 1, maxLength: 300 }), (samples) => {
      const window = new LatencyWindow(32);
      const answers: number[] = [];
      samples.forEach((ms, index) => {
        window.add(ms);
        const kept = samples.slice(Math.max(0, index - 31), index + 1).sort((a, b) => a - b);
        answers.push(kept[Math.ceil(0.95 * kept.length) - 1] as number);
        expect(answers.slice(-8)).toContain(window.p95Ms);
      });
    }),
    { numRuns: 50, seed: 5 },
  );
});
