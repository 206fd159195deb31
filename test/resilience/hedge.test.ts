import { afterEach, beforeEach, expect, it } from 'vitest';
import { isAbort, VivavoceError } from '../../src/errors.ts';
import { Guard } from '../../src/resilience/guard.ts';
import { guardCall } from '../../src/resilience/guard-call.ts';
import type { GuardOptions } from '../../src/resilience/guard-options.ts';
import { hedge } from '../../src/resilience/hedge.ts';
import { RetryBudget } from '../../src/resilience/retry-budget.ts';
import { ManualClock } from '../support/manual-clock.ts';

const never = new AbortController().signal;
const broken = new VivavoceError('engine_failed', 'no luck');
let clock: ManualClock;
const guards: Guard[] = [];

beforeEach(() => {
  clock = new ManualClock();
});
afterEach(() => {
  for (const guard of guards.splice(0)) guard[Symbol.dispose]();
});

interface Run {
  readonly signal: AbortSignal;
  answer(text: string): void;
  fail(error: Error): void;
}

/** A search that has taken 20 ms for as often as it takes to know that; from then on a test answers it. */
async function searching(options: Partial<GuardOptions> = {}) {
  const guard = new Guard({
    ...{ name: 'qdrant', clock, maxConcurrent: 4, retries: new RetryBudget(() => 1) },
    ...options,
  });
  guards.push(guard);
  const runs: Run[] = [];
  let isUsual = true;
  const work = (_: string, signal: AbortSignal) =>
    new Promise<string>((answer, fail) => {
      signal.addEventListener('abort', () => fail(signal.reason), { once: true });
      if (isUsual) clock.after(20, () => answer('as usual'));
      else runs.push({ signal, answer, fail });
    });
  const call = guardCall(guard, work, { deadlineMs: 1_000 });
  const search = hedge(guard, call, call);
  for (let n = 0; n < 20; n++) {
    const found = search('q', never);
    await clock.advance(20);
    await found;
  }
  isUsual = false;
  const before = guard.counters;
  const counted = () => {
    const { counters } = guard;
    const { calls, successes, failures, cancelled, hedges } = counters;
    return {
      ...{ calls: calls - before.calls, successes: successes - before.successes },
      ...{ failures: failures - before.failures, cancelled: cancelled - before.cancelled, hedges },
    };
  };
  return { guard, search, runs, counted };
}

it('asks once as long as the answer comes as quickly as usual', async () => {
  const { search, runs, counted } = await searching();
  const found = search('q', never);
  await clock.advance(19);
  runs[0]?.answer('first');
  expect(await found).toBe('first');
  await clock.advance(1_000);
  expect(counted()).toEqual({ calls: 1, successes: 1, failures: 0, cancelled: 0, hedges: 0 });
  expect(clock.pending).toBe(0);
});

it('asks a second time when it takes longer, and takes the answer that comes first', async () => {
  const { search, runs, counted, guard } = await searching();
  const found = search('q', never);
  await clock.advance(20);
  expect(runs).toHaveLength(2);
  await clock.advance(5);
  runs[1]?.answer('second');
  expect(await found).toBe('second');
  await clock.settle();
  expect(runs.map(({ signal }) => signal.aborted)).toEqual([true, false]);
  expect(counted()).toEqual({ calls: 2, successes: 1, failures: 0, cancelled: 1, hedges: 1 });
  expect(guard.load.running).toBe(0);
  expect(clock.pending).toBe(0);
});

it('takes the first answer when that is the one, and aborts the second call', async () => {
  const { search, runs, counted } = await searching();
  const found = search('q', never);
  await clock.advance(30);
  runs[0]?.answer('first');
  expect(await found).toBe('first');
  await clock.settle();
  expect(runs[1]?.signal.aborted).toBe(true);
  expect(counted()).toEqual({ calls: 2, successes: 1, failures: 0, cancelled: 1, hedges: 1 });
});

it('waits for the other one when one of the two fails, and fails with the first when both do', async () => {
  const { search, runs, counted } = await searching();
  const saved = search('q', never);
  await clock.advance(20);
  runs[0]?.fail(broken);
  await clock.settle();
  runs[1]?.answer('second');
  expect(await saved).toBe('second');
  const lost = search('q', never).catch((error: unknown) => error);
  await clock.advance(100);
  expect(runs).toHaveLength(4);
  runs[3]?.fail(new Error('the second'));
  await clock.settle();
  runs[2]?.fail(broken);
  expect(await lost).toBe(broken);
  expect(counted()).toMatchObject({ calls: 4, failures: 3, hedges: 2 });
  expect(clock.pending).toBe(0);
});

it('does not ask twice when the first one fails: that is what a retry is for', async () => {
  const { search, runs } = await searching();
  const lost = search('q', never).catch((error: unknown) => error);
  await clock.advance(10);
  runs[0]?.fail(broken);
  expect(await lost).toBe(broken);
  await clock.advance(1_000);
  expect(runs).toHaveLength(1);
});

it('aborts both when the caller goes away', async () => {
  const { search, runs, counted } = await searching();
  const caller = new AbortController();
  const found = search('q', caller.signal).catch((error: unknown) => error);
  await clock.advance(20);
  caller.abort();
  expect(isAbort(await found)).toBe(true);
  await clock.settle();
  expect(runs.map(({ signal }) => signal.aborted)).toEqual([true, true]);
  expect(counted()).toEqual({ calls: 2, successes: 0, failures: 0, cancelled: 2, hedges: 1 });
  expect(clock.pending).toBe(0);
  expect(isAbort(await search('q', AbortSignal.abort()).catch((error: unknown) => error))).toBe(true);
  expect(runs).toHaveLength(2);
});

it('asks a second time no more often than the budget of all retries allows', async () => {
  const retries = new RetryBudget(() => 1);
  const { search, runs } = await searching({ retries });
  const taken = retries.take();
  const first = search('q', never);
  await clock.advance(20);
  expect(runs).toHaveLength(1);
  taken?.[Symbol.dispose]();
  runs[0]?.answer('first');
  await first;
  const others = [search('q', never), search('q', never)];
  await clock.advance(40);
  expect(runs).toHaveLength(4);
  for (const run of runs) run.answer('at last');
  await Promise.all(others);
  expect(retries.take()).not.toBeNull();
});

it('does not ask twice where there is no room, or while the breaker is not closed', async () => {
  const { search, runs } = await searching({ maxConcurrent: 1 });
  const crowded = search('q', never);
  await clock.advance(100);
  expect(runs).toHaveLength(1);
  runs[0]?.answer('first');
  await crowded;

  const other = await searching();
  const held = other.search('q', never);
  await clock.settle();
  other.guard.hold();
  await clock.advance(100);
  expect(other.runs).toHaveLength(1);
  other.runs[0]?.answer('first');
  expect(await held).toBe('first');
});

it('takes five milliseconds for quick, however quick the answers were', async () => {
  const guard = new Guard({ name: 'qdrant', clock, maxConcurrent: 4, retries: new RetryBudget(() => 1) });
  guards.push(guard);
  let calls = 0;
  let ms = 0;
  const call = guardCall(
    guard,
    async () => {
      calls++;
      if (ms > 0) await new Promise<void>((resolve) => clock.after(ms, resolve));
    },
    { deadlineMs: 1_000 },
  );
  const search = hedge(guard, call, call);
  for (let n = 0; n < 30; n++) await search(undefined, never);
  ms = 4;
  const found = search(undefined, never);
  await clock.advance(4);
  await found;
  expect(calls).toBe(31);
});
