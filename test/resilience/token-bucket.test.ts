import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TokenBucket } from '../../src/resilience/token-bucket.ts';
import { ManualClock } from '../support/manual-clock.ts';

test('a burst passes at once; what is over it waits as long as the bucket needs', async () => {
  const clock = new ManualClock();
  const bucket = new TokenBucket({ burst: 10, perSecond: 5 }, clock);
  bucket.take(10);
  expect(bucket.waitMs).toBe(0);
  bucket.take(5);
  expect(bucket.waitMs).toBe(1_000);
  await clock.advance(400);
  expect(bucket.waitMs).toBe(600);
  await clock.advance(600);
  expect(bucket.waitMs).toBe(0);
  bucket.take(1);
  expect(bucket.waitMs).toBe(200);
});

test('it holds no more than a burst, however long nobody comes', async () => {
  const clock = new ManualClock();
  const bucket = new TokenBucket({ burst: 10, perSecond: 5 }, clock);
  await clock.advance(3_600_000);
  bucket.take(11);
  expect(bucket.waitMs).toBe(200);
});

test('who waits when it says so never gets more than a burst, the rate, and what is taken at once', async () => {
  const amounts = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 50 });
  await fc.assert(
    fc.asyncProperty(amounts, async (taken) => {
      const clock = new ManualClock();
      const bucket = new TokenBucket({ burst: 20, perSecond: 10 }, clock);
      let total = 0;
      for (const amount of taken) {
        await clock.advance(bucket.waitMs);
        bucket.take(amount);
        total += amount;
        expect(total).toBeLessThanOrEqual(20 + (clock.monotonicMs() / 1000) * 10 + 30);
      }
    }),
    { seed: 5, numRuns: 20 },
  );
});
