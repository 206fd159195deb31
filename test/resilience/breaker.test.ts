import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Breaker, type Outcome } from '../../src/resilience/breaker.ts';
import { ManualClock } from '../support/manual-clock.ts';

const WINDOW_MS = 60_000;
let clock: ManualClock;
let changes: string[];
let reasons: string[];

beforeEach(() => {
  // The time until an open breaker is tried again is opossum's own.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  clock = new ManualClock();
  changes = [];
  reasons = [];
});
afterEach(() => vi.useRealTimers());

function breaker() {
  return new Breaker({
    clock,
    failureRatio: 0.5,
    windowMs: WINDOW_MS,
    resetMs: 10_000,
    onChange(from, to, reason) {
      changes.push(`${from} → ${to}`);
      reasons.push(reason);
    },
  });
}

async function call(at: Breaker, isSuccess: boolean): Promise<boolean> {
  const outcome = at.begin();
  await (isSuccess ? outcome?.succeeded() : outcome?.failed(new Error('no luck')));
  return outcome !== null;
}

async function calls(at: Breaker, ...outcomes: boolean[]): Promise<void> {
  for (const outcome of outcomes) await call(at, outcome);
}

const fails = (times: number) => Array<boolean>(times).fill(false);
const succeeds = (times: number) => Array<boolean>(times).fill(true);

describe('a breaker opens', () => {
  it('after more failures when the engine nearly always answers', async () => {
    using at = breaker();
    await calls(at, ...succeeds(100));
    expect(at.threshold).toBe(10);
    // More than half of the calls of a window.
    await clock.advance(WINDOW_MS);
    await calls(at, ...fails(9));
    expect(at.state).toBe('closed');
    await calls(at, false);
    expect(at.state).toBe('open');
  });

  it('after fewer failures when the engine often fails', async () => {
    using at = breaker();
    for (let round = 0; round < 10; round++) await calls(at, false, true, true, true);
    expect(at.threshold).toBe(3);
    await clock.advance(WINDOW_MS);
    await calls(at, ...fails(3));
    expect(at.state).toBe('open');
    expect(reasons).toEqual(['3 of 3 calls failed within 60 s, the last: no luck']);
  });

  it('never for a part of the calls that is not too large, however many they are', async () => {
    using at = breaker();
    for (let round = 0; round < 50; round++) await calls(at, true, false);
    expect(changes).toEqual([]);
  });

  it('only with enough failures, and too many of the calls, since it was closed last and within the window', async () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.boolean() },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 90_000 }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
        clock = new ManualClock();
        using at = breaker();
        /** At most what the breaker may know of. */
        let seen: { isSuccess: boolean; atMs: number }[] = [];
        for (const doing of steps) {
          const before = at.state;
          if (typeof doing === 'number') await clock.advance(doing);
          else if (before !== 'closed') {
            vi.advanceTimersByTime(10_000);
            await call(at, true);
            expect(at.state).toBe('closed');
            seen = [];
          } else {
            seen.push({ isSuccess: doing, atMs: clock.monotonicMs() });
            await call(at, doing);
            const recent = seen.filter(({ atMs }) => clock.monotonicMs() - atMs <= WINDOW_MS);
            const failures = recent.filter(({ isSuccess }) => !isSuccess).length;
            if (at.state === 'open') {
              expect(doing).toBe(false);
              expect(failures).toBeGreaterThanOrEqual(3);
              expect(failures).toBeGreaterThanOrEqual(at.threshold);
            }
          }
        }
      }),
      { numRuns: 60, seed: 5 },
    );
  });

  it('not at the first failure of a call that took as long as the window', async () => {
    using at = breaker();
    await calls(at, true);
    const long = at.begin();
    await clock.advance(2 * WINDOW_MS);
    await long?.failed(new Error('no luck'));
    expect(at.state).toBe('closed');
    expect(await call(at, true)).toBe(true);
  });

  it('not because of one call that was under way when it closed again', async () => {
    using at = breaker();
    const underWay = Array.from({ length: 5 }, () => at.begin() as Outcome);
    await calls(at, ...fails(5));
    vi.advanceTimersByTime(10_000);
    await calls(at, true);
    expect(at.state).toBe('closed');
    await underWay[0]?.failed(new Error('no luck'));
    expect(await call(at, true)).toBe(true);
    for (const outcome of underWay.slice(1)) await outcome.failed(new Error('no luck'));
    // Five of six: these are failures of the last minute like others.
    expect([at.state, await call(at, true)]).toEqual(['open', false]);
  });

  it('not because callers give up, which does not make it forget failures either', async () => {
    using at = breaker();
    await calls(at, ...fails(4));
    for (let n = 0; n < 20; n++) await at.begin()?.unknown();
    expect(at.state).toBe('closed');
    await calls(at, false);
    expect(at.state).toBe('open');
  });
});

describe('an operator', () => {
  it('holds it open: nothing is let through, and time does not change that', async () => {
    using at = breaker();
    at.hold();
    expect([at.state, at.isHeld, at.reason]).toEqual(['open', true, 'an operator holds it open']);
    vi.advanceTimersByTime(3_600_000);
    expect(await call(at, true)).toBe(false);
    expect(changes).toEqual(['closed → open']);
  });

  it('holds what has opened by itself, and it is not tried again', async () => {
    using at = breaker();
    await calls(at, ...fails(5));
    at.hold();
    vi.advanceTimersByTime(10_000);
    expect([at.state, at.reason]).toEqual(['open', 'an operator holds it open']);
    expect(at.begin()).toBeNull();
    at.reset();
    expect([at.state, at.isHeld, at.reason]).toEqual(['closed', false, null]);
    expect(await call(at, true)).toBe(true);
    expect(changes).toEqual(['closed → open', 'open → open', 'open → closed']);
  });

  it('is not overruled by calls that were under way', async () => {
    using at = breaker();
    const underWay = Array.from({ length: 12 }, () => at.begin() as Outcome);
    at.hold();
    for (const outcome of underWay.slice(0, 6)) await outcome.failed(new Error('no luck'));
    vi.advanceTimersByTime(10_000);
    for (const outcome of underWay.slice(6)) await outcome.succeeded();
    expect([at.state, at.isHeld]).toEqual(['open', true]);
    expect(changes).toEqual(['closed → open']);
  });

  it('resets it: closed at once, and the failures from before do not count', async () => {
    using at = breaker();
    await calls(at, ...fails(5));
    await clock.advance(1_500);
    at.reset();
    expect([at.state, at.sinceMs]).toEqual(['closed', clock.nowMs()]);
    expect(reasons.at(-1)).toBe('an operator reset it');
    await calls(at, ...fails(4));
    expect(at.state).toBe('closed');
    vi.advanceTimersByTime(10_000);
    expect(at.state).toBe('closed');
  });

  it('resets it while one call tries it, whose outcome is then one of many', async () => {
    using at = breaker();
    await calls(at, ...fails(5));
    vi.advanceTimersByTime(10_000);
    const trial = at.begin();
    at.reset();
    await trial?.failed(new Error('no luck'));
    expect(at.state).toBe('closed');
    expect(await call(at, true)).toBe(true);
    expect(changes).toEqual(['closed → open', 'open → half-open', 'half-open → closed']);
  });
});

it('says why, with every change', async () => {
  using at = breaker();
  await calls(at, ...fails(5));
  vi.advanceTimersByTime(10_000);
  await calls(at, false);
  vi.advanceTimersByTime(10_000);
  await calls(at, true);
  expect(reasons).toEqual([
    '5 of 5 calls failed within 60 s, the last: no luck',
    'one call may try it again; before that: no luck',
    'it failed again when one call tried it: no luck',
    'one call may try it again; before that: no luck',
    'it answered again',
  ]);
});
