import { expect, it } from 'vitest';
import { Backoff } from '../../../src/memory/learning/backoff.ts';
import { ManualClock } from '../../support/manual-clock.ts';

function setup() {
  const clock = new ManualClock();
  const calls: number[] = [];
  return { clock, calls, backoff: new Backoff(clock, () => calls.push(clock.monotonicMs())) };
}

it('calls again after half a second, then later and later, at most half a minute', async () => {
  const { clock, backoff } = setup();
  const waitedMs: number[] = [];
  for (let failure = 0; failure < 9; failure++) {
    backoff.failed();
    const startedMs = clock.monotonicMs();
    while (backoff.isWaiting) await clock.advance(500);
    waitedMs.push(clock.monotonicMs() - startedMs);
  }
  expect(waitedMs).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
});

it('begins anew after a success, and does not call then', async () => {
  const { clock, calls, backoff } = setup();
  backoff.failed();
  await clock.advance(500);
  backoff.failed();
  backoff.succeeded();
  expect(backoff.isWaiting).toBe(false);
  await clock.advance(60_000);
  backoff.failed();
  await clock.advance(500);
  expect(calls).toEqual([500, 61_000]);
});

it('calls once however often it failed meanwhile, and not at all when it is disposed', async () => {
  const { clock, calls, backoff } = setup();
  backoff.failed();
  backoff.failed();
  await clock.advance(60_000);
  expect(calls).toEqual([500]);
  backoff.failed();
  backoff[Symbol.dispose]();
  expect(clock.pending).toBe(0);
});
