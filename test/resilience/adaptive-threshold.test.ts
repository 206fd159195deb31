import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AdaptiveThreshold } from '../../src/resilience/adaptive-threshold.ts';

/** Twenty calls, so many of which failed. */
function twenty(threshold: AdaptiveThreshold, failed: number): number {
  for (let call = 0; call < 20; call++) threshold.note(call >= failed);
  return threshold.failures;
}

it('begins at five', () => {
  expect(new AdaptiveThreshold().failures).toBe(5);
});

it('forgives more by one for every twenty calls of which more than 95 % go well, up to ten', () => {
  const threshold = new AdaptiveThreshold();
  expect([0, 0, 0, 0, 0, 0, 0].map((failed) => twenty(threshold, failed))).toEqual([6, 7, 8, 9, 10, 10, 10]);
});

it('forgives less by one for every twenty calls of which less than 80 % go well, down to three', () => {
  const threshold = new AdaptiveThreshold();
  expect([5, 20, 20].map((failed) => twenty(threshold, failed))).toEqual([4, 3, 3]);
});

it('stays where it is in between', () => {
  const threshold = new AdaptiveThreshold();
  expect([1, 2, 3, 4].map((failed) => twenty(threshold, failed))).toEqual([5, 5, 5, 5]);
});

it('says nothing new before enough calls were seen', () => {
  const threshold = new AdaptiveThreshold();
  for (let call = 0; call < 19; call++) threshold.note(false);
  expect(threshold.failures).toBe(5);
  threshold.note(false);
  expect(threshold.failures).toBe(4);
});

it('never leaves three to ten, and never jumps', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 600 }), (outcomes) => {
      const threshold = new AdaptiveThreshold();
      let before = threshold.failures;
      for (const outcome of outcomes) {
        threshold.note(outcome);
        expect(Math.abs(threshold.failures - before)).toBeLessThanOrEqual(1);
        expect(threshold.failures).toBeGreaterThanOrEqual(3);
        expect(threshold.failures).toBeLessThanOrEqual(10);
        before = threshold.failures;
      }
    }),
    { numRuns: 100, seed: 5 },
  );
});
