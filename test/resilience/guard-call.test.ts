import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isAbort, VivavoceError } from '../../src/errors.ts';
import { Guard } from '../../src/resilience/guard.ts';
import { guardCall } from '../../src/resilience/guard-call.ts';
import type { BreakerTransition, GuardOptions } from '../../src/resilience/guard-options.ts';
import { RetryBudget } from '../../src/resilience/retry-budget.ts';
import { ManualClock } from '../support/manual-clock.ts';

/** A call under test: it is answered, fails or hangs as the test says. */
type Call = (signal: AbortSignal) => Promise<string>;

const fine: Call = async () => 'fine';
const broken: Call = () => Promise.reject(new VivavoceError('engine_failed', 'no luck'));
const hung: Call = () => new Promise(() => {});
/** Like `hung`, but it stops when it is told to. */
const patient: Call = (signal) =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
const never = new AbortController().signal;

let clock: ManualClock;
let transitions: BreakerTransition[];
const guards: Guard[] = [];

beforeEach(() => {
  // The breaker's own timer (open → half-open) is not ours to inject.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  clock = new ManualClock();
  transitions = [];
});

afterEach(() => {
  for (const guard of guards.splice(0)) guard[Symbol.dispose]();
  vi.useRealTimers();
});

function guarded(options: Partial<GuardOptions> = {}) {
  const guard = new Guard({
    name: 'qdrant',
    clock,
    maxConcurrent: 10,
    resetMs: 10_000,
    onTransition: (transition) => transitions.push(transition),
    ...options,
  });
  guards.push(guard);
  return { guard, call: guardCall(guard, (run: Call, signal) => run(signal), { deadlineMs: 1_000 }) };
}

async function failTimes(times: number, call: (run: Call, signal: AbortSignal) => Promise<string>) {
  for (let i = 0; i < times; i++) await expect(call(broken, never)).rejects.toThrow('no luck');
}

describe('guardCall', () => {
  it('passes arguments, results and errors through', async () => {
    const { call, guard } = guarded();
    expect(await call(fine, never)).toBe('fine');
    await failTimes(1, call);
    expect(guard.counters).toMatchObject({ calls: 2, successes: 1, failures: 1 });
  });

  it('opens after five failures, says so, and does not ask the engine again', async () => {
    const { call, guard } = guarded();
    await failTimes(4, call);
    expect(guard.state).toBe('closed');
    await failTimes(1, call);
    expect(guard.state).toBe('open');
    const reason = '5 of 5 calls failed within 60 s, the last: no luck';
    expect(transitions).toEqual([{ name: 'qdrant', from: 'closed', to: 'open', reason }]);
    const run = vi.fn(fine);
    await expect(call(run, never)).rejects.toMatchObject({
      code: 'breaker_open',
      message: 'qdrant failed too often and is left alone for up to 10 s. Last failure: no luck',
    });
    expect(run).not.toHaveBeenCalled();
    expect(guard.counters).toMatchObject({ calls: 5, failures: 5, rejectedOpen: 1 });
  });

  it('stays closed when most calls succeed', async () => {
    const { call, guard } = guarded();
    for (let i = 0; i < 10; i++) await call(fine, never);
    await failTimes(8, call);
    expect(guard.state).toBe('closed');
  });

  it('is not opened by failures that are older than its window', async () => {
    const { call, guard } = guarded();
    await failTimes(4, call);
    await clock.advance(60_000);
    await failTimes(4, call);
    expect(guard.state).toBe('closed');
    await clock.advance(30_000);
    await failTimes(1, call);
    expect(guard.state).toBe('open');
  });

  it('forgives one failure after it has recovered as it did at first', async () => {
    const { call, guard } = guarded();
    await failTimes(5, call);
    vi.advanceTimersByTime(10_000);
    await call(fine, never);
    await failTimes(4, call);
    expect(guard.state).toBe('closed');
    await failTimes(1, call);
    expect(guard.state).toBe('open');
  });

  it('lets one call try after the reset time, and closes when that succeeds', async () => {
    const { call, guard } = guarded();
    await failTimes(5, call);
    vi.advanceTimersByTime(9_999);
    expect(guard.state).toBe('open');
    vi.advanceTimersByTime(1);
    expect(guard.state).toBe('half-open');
    const answer = Promise.withResolvers<string>();
    const probe = call(() => answer.promise, never);
    await clock.settle();
    await expect(call(fine, never)).rejects.toMatchObject({
      code: 'breaker_open',
      message: expect.stringContaining('being tried again'),
    });
    answer.resolve('back');
    expect(await probe).toBe('back');
    expect(guard.state).toBe('closed');
    expect(transitions.map(({ to }) => to)).toEqual(['open', 'half-open', 'closed']);
    expect(await call(fine, never)).toBe('fine');
  });

  it('opens again when the call that tries fails', async () => {
    const { call, guard } = guarded();
    await failTimes(5, call);
    vi.advanceTimersByTime(10_000);
    await failTimes(1, call);
    expect(guard.state).toBe('open');
  });

  it('is not wedged half-open by a call that hangs while it tries', async () => {
    const { call, guard } = guarded();
    await failTimes(5, call);
    vi.advanceTimersByTime(10_000);
    const probe = call(hung, never).catch((error: unknown) => error);
    await clock.advance(1_000);
    expect(await probe).toMatchObject({ code: 'engine_timeout' });
    expect(guard.state).toBe('open');
    vi.advanceTimersByTime(10_000);
    expect(await call(fine, never)).toBe('fine');
    expect(guard.state).toBe('closed');
  });

  it('settles a hung call at its deadline and leaves the calls beside it alone', async () => {
    const { call, guard } = guarded();
    const signals: AbortSignal[] = [];
    const answers: PromiseWithResolvers<string>[] = [];
    const slow: Call = (signal) => {
      signals.push(signal);
      const answer = Promise.withResolvers<string>();
      answers.push(answer);
      return answer.promise;
    };
    const first = call(slow, never).catch((error: unknown) => error);
    await clock.advance(600);
    const second = call(slow, never);
    await clock.advance(400);
    expect(await first).toMatchObject({ code: 'engine_timeout', kind: 'deadline', limitMs: 1_000 });
    expect(signals.map((signal) => signal.aborted)).toEqual([true, false]);
    answers[1]?.resolve('in time');
    expect(await second).toBe('in time');
    const third = call(slow, never);
    await clock.settle();
    expect(signals[2]?.aborted).toBe(false);
    answers[2]?.resolve('later too');
    expect(await third).toBe('later too');
    expect(guard.counters).toMatchObject({ failures: 1, timeouts: 1, successes: 2 });
  });

  it('does not count a call that its caller gives up as a failure', async () => {
    const { call, guard } = guarded();
    for (let i = 0; i < 20; i++) {
      const caller = new AbortController();
      const result = call(patient, caller.signal).catch((error: unknown) => error);
      await clock.settle();
      caller.abort();
      expect(isAbort(await result)).toBe(true);
    }
    expect(guard.state).toBe('closed');
    expect(guard.counters).toMatchObject({ failures: 0, cancelled: 20 });
  });

  it('does not close half-open because the caller gave up the call that tries', async () => {
    const { call, guard } = guarded();
    await failTimes(5, call);
    vi.advanceTimersByTime(10_000);
    const caller = new AbortController();
    const probe = call(hung, caller.signal).catch((error: unknown) => error);
    await clock.settle();
    caller.abort();
    expect(isAbort(await probe)).toBe(true);
    expect(guard.state).toBe('open');
    expect(guard.counters.failures).toBe(5);
    vi.advanceTimersByTime(10_000);
    expect(await call(fine, never)).toBe('fine');
    expect(guard.state).toBe('closed');
  });

  it('neither closes nor opens because an old call is given up while another one tries', async () => {
    const { call, guard } = guarded();
    const caller = new AbortController();
    const old = call(hung, caller.signal).catch((error: unknown) => error);
    await clock.settle();
    await failTimes(5, call);
    vi.advanceTimersByTime(10_000);
    const answer = Promise.withResolvers<string>();
    const probe = call(() => answer.promise, never);
    await clock.settle();
    caller.abort();
    expect(isAbort(await old)).toBe(true);
    await clock.settle();
    expect(guard.state).toBe('half-open');
    answer.resolve('back');
    await probe;
    expect(guard.state).toBe('closed');
  });

  it('takes a refused request for an answer: the engine is well', async () => {
    const { call, guard } = guarded();
    const refuses: Call = () => Promise.reject(new VivavoceError('invalid_request', 'too long'));
    for (let i = 0; i < 10; i++) await expect(call(refuses, never)).rejects.toThrow('too long');
    expect(guard.state).toBe('closed');
  });

  it('does not let an engine that broke off pass for a caller that did', async () => {
    const { call, guard } = guarded();
    const breaksOff: Call = () => Promise.reject(new DOMException('gone', 'AbortError'));
    const error = await call(breaksOff, never).catch((reason: unknown) => reason);
    expect(isAbort(error)).toBe(false);
    expect(error).toMatchObject({ code: 'engine_failed', cause: { name: 'AbortError' } });
    expect(guard.counters.failures).toBe(1);
  });

  it('runs so many at once, lets so many wait, and counts who is turned away as no failure', async () => {
    const { call, guard } = guarded({ maxConcurrent: 2, maxWaiting: 1 });
    const answers: PromiseWithResolvers<string>[] = [];
    const slow: Call = () => {
      const answer = Promise.withResolvers<string>();
      answers.push(answer);
      return answer.promise;
    };
    const calls = [call(slow, never), call(slow, never), call(slow, never)];
    await clock.settle();
    expect(answers).toHaveLength(2);
    expect(guard.load).toEqual({ running: 2, waiting: 1 });
    for (let i = 0; i < 10; i++) {
      await expect(call(slow, never)).rejects.toMatchObject({ code: 'engine_unavailable' });
    }
    expect(guard.state).toBe('closed');
    expect(guard.counters).toMatchObject({ rejectedBusy: 10, failures: 0 });
    answers[0]?.resolve('a');
    await clock.settle();
    expect(answers).toHaveLength(3);
    answers[1]?.resolve('b');
    answers[2]?.resolve('c');
    expect(await Promise.all(calls)).toEqual(['a', 'b', 'c']);
    await clock.settle();
    expect(guard.load).toEqual({ running: 0, waiting: 0 });
  });

  it('keeps the slot of a call that timed out until its work ends, but not for ever', async () => {
    const { call, guard } = guarded({ maxConcurrent: 1, graceMs: 500 });
    const stubborn = Promise.withResolvers<string>();
    const first = call(() => stubborn.promise, never).catch((error: unknown) => error);
    await clock.advance(1_000);
    await first;
    expect(guard.load.running).toBe(1);
    stubborn.resolve('at last');
    await clock.settle();
    expect(guard.load.running).toBe(0);

    const second = call(hung, never).catch((error: unknown) => error);
    await clock.advance(1_499);
    await second;
    expect(guard.load.running).toBe(1);
    await clock.advance(1);
    expect(guard.load.running).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('turns calls away after it was disposed, and says why', async () => {
    const { call, guard } = guarded();
    guard[Symbol.dispose]();
    await expect(call(fine, never)).rejects.toMatchObject({
      code: 'engine_unavailable',
      message: 'qdrant is shut down',
    });
    await clock.settle();
    expect(guard.load.running).toBe(0);
  });
});

describe('a call that may be made again', () => {
  const away = new VivavoceError('engine_unavailable', 'the connection was refused');
  let asked: number;

  /** Each call takes `ms` and ends as the next of `outcomes` says. */
  function again(outcomes: readonly ('fine' | VivavoceError)[], ms = 0, options: Partial<GuardOptions> = {}) {
    asked = 0;
    const { guard } = guarded({ retries: new RetryBudget(() => 1), ...options });
    const run = async (_: undefined, signal: AbortSignal) => {
      const outcome = outcomes[Math.min(asked++, outcomes.length - 1)];
      if (ms > 0) await new Promise<void>((resolve) => clock.after(ms, resolve));
      if (signal.aborted || outcome !== 'fine') throw outcome;
      return outcome;
    };
    const call = guardCall(guard, run, { deadlineMs: 1_000, retry: true });
    return { guard, call: (signal = never) => call(undefined, signal) };
  }

  it('is made again once when the connection was refused, and its caller sees the answer only', async () => {
    const { guard, call } = again([away, 'fine']);
    expect(await call()).toBe('fine');
    expect(guard.counters).toMatchObject({ calls: 2, failures: 1, successes: 1, retries: 1 });
    await clock.settle();
    expect(guard.load.running).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('is not made a third time', async () => {
    const { guard, call } = again([away]);
    await expect(call()).rejects.toBe(away);
    expect(asked).toBe(2);
    expect(guard.counters).toMatchObject({ failures: 2, retries: 1 });
  });

  it('is not made again when that would end the same way, or when we have no room ourselves', async () => {
    for (const code of ['engine_failed', 'invalid_request', 'overloaded', 'breaker_open'] as const) {
      const { call } = again([new VivavoceError(code, 'no'), 'fine']);
      await expect(call()).rejects.toMatchObject({ code });
      expect(asked).toBe(1);
    }
  });

  it('is not made again when it took so long that another attempt could not end in time', async () => {
    const early = again([away, 'fine'], 499);
    const inTime = early.call();
    await clock.advance(1_000);
    expect(await inTime).toBe('fine');
    const late = again([away, 'fine'], 501);
    const refused = late.call().catch((error: unknown) => error);
    await clock.advance(501);
    expect(await refused).toBe(away);
    const hung = again(['fine'], 5_000);
    const slow = hung.call().catch((error: unknown) => error);
    await clock.advance(1_000);
    expect(await slow).toMatchObject({ code: 'engine_timeout' });
    expect(hung.guard.counters.retries).toBe(0);
  });

  it('has one deadline for both attempts', async () => {
    const { guard } = guarded({ retries: new RetryBudget(() => 1) });
    const call = guardCall(
      guard,
      async () => {
        if (asked++ > 0) return await new Promise<string>(() => {});
        await new Promise<void>((resolve) => clock.after(400, resolve));
        throw away;
      },
      { deadlineMs: 1_000, retry: true },
    );
    asked = 0;
    const result = call(undefined, never).catch((error: unknown) => error);
    await clock.advance(1_000);
    expect(await result).toMatchObject({ code: 'engine_timeout', limitMs: 600 });
  });

  it('is not made again while another one is: the budget is for all', async () => {
    const { call } = again([away], 100);
    const results = [call(), call()].map((result) => result.catch(({ code }) => code));
    await clock.advance(200);
    expect(await Promise.all(results)).toEqual(['engine_unavailable', 'engine_unavailable']);
    expect(asked).toBe(3);
  });

  it('gives its share of the budget back, whatever comes of it', async () => {
    const { guard, call } = again([away, 'fine', away, away, away, 'fine']);
    expect(await call()).toBe('fine');
    await expect(call()).rejects.toBe(away);
    expect(await call()).toBe('fine');
    expect(guard.counters.retries).toBe(3);
  });

  it('is not made again when its first failure has opened the breaker, nor by the call that tries it', async () => {
    const { guard, call } = again([away]);
    await expect(call()).rejects.toBe(away);
    await expect(call()).rejects.toBe(away);
    await expect(call()).rejects.toBe(away);
    expect([guard.state, asked]).toEqual(['open', 5]);
    vi.advanceTimersByTime(10_000);
    await expect(call()).rejects.toBe(away);
    expect([guard.state, asked]).toEqual(['open', 6]);
  });

  it('is not made again for a caller that is gone, or by a guard without a budget', async () => {
    const caller = new AbortController();
    const { call } = again([away], 100);
    const result = call(caller.signal).catch((error: unknown) => error);
    await clock.advance(50);
    caller.abort();
    await clock.advance(200);
    expect(isAbort(await result)).toBe(true);
    expect(asked).toBe(1);
    const { guard } = guarded();
    const without = guardCall(guard, broken, { deadlineMs: 1_000, retry: true });
    await expect(without(never, never)).rejects.toThrow('no luck');
    expect(guard.counters.calls).toBe(1);
  });
});
