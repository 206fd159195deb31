import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isAbort, VivavoceError } from '../../src/errors.ts';
import { Guard } from '../../src/resilience/guard.ts';
import type { GuardOptions } from '../../src/resilience/guard-options.ts';
import { guardStream } from '../../src/resilience/guard-stream.ts';
import { RetryBudget } from '../../src/resilience/retry-budget.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { ScriptedEngine, type Step } from '../support/scripted-engine.ts';

const never = new AbortController().signal;
let clock: ManualClock;
const guards: Guard[] = [];

beforeEach(() => {
  // The breaker's own timer (open → half-open) is not ours to inject.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  clock = new ManualClock();
});

afterEach(() => {
  for (const guard of guards.splice(0)) guard[Symbol.dispose]();
  vi.useRealTimers();
});

function guarded(scripts: Step[][], options: Partial<GuardOptions> = {}) {
  const guard = new Guard({ name: 'ollama', clock, maxConcurrent: 10, resetMs: 10_000, ...options });
  guards.push(guard);
  const engine = new ScriptedEngine(clock, ...scripts);
  const stream = guardStream(guard, engine.stream, {
    firstMs: 1_000,
    stallMs: 300,
    totalMs: 2_000,
    isContent: (part: string) => part !== 'header',
  });
  return { guard, engine, stream };
}

/** Reads a stream to its end: what came, and the error that ended it (null for none). */
async function read(stream: AsyncIterable<string>): Promise<{ parts: string[]; error: unknown }> {
  const parts: string[] = [];
  try {
    for await (const part of stream) parts.push(part);
    return { parts, error: null };
  } catch (error) {
    return { parts, error };
  }
}

async function failTimes(
  times: number,
  stream: (request: string, signal: AbortSignal) => AsyncIterable<string>,
) {
  for (let i = 0; i < times; i++) expect((await read(stream('q', never))).error).toBeInstanceOf(Error);
}

describe('guardStream', () => {
  it('passes every part through in order and counts the stream as a success when it has ended', async () => {
    const { stream, guard, engine } = guarded([['a', 10, 'b', 10, 'c']]);
    const reading = read(stream('q', never));
    await clock.advance(15);
    expect(guard.counters).toMatchObject({ calls: 1, successes: 0 });
    await clock.advance(5);
    expect(await reading).toEqual({ parts: ['a', 'b', 'c'], error: null });
    expect(guard.counters).toMatchObject({ calls: 1, successes: 1, failures: 0 });
    expect(engine.runs[0]?.signal.aborted).toBe(false);
    await clock.settle();
    expect(guard.load.running).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('does nothing before the first part is asked for', async () => {
    const { stream, engine, guard } = guarded([['a']]);
    stream('q', never);
    await clock.advance(10_000);
    expect(engine.runs).toHaveLength(0);
    expect(guard.counters.calls).toBe(0);
  });

  it('counts a stream that fails half-way as a failure', async () => {
    const { stream, guard } = guarded([['a', 'b', new VivavoceError('engine_failed', 'reset')]]);
    const { parts, error } = await read(stream('q', never));
    expect(parts).toEqual(['a', 'b']);
    expect(error).toMatchObject({ code: 'engine_failed', message: 'reset' });
    expect(guard.counters).toMatchObject({ successes: 0, failures: 1 });
  });

  it('opens after five failed streams and then does not ask the engine', async () => {
    const { stream, guard, engine } = guarded([['a', new Error('reset')]]);
    await failTimes(5, stream);
    expect(guard.state).toBe('open');
    const { error } = await read(stream('q', never));
    expect(error).toMatchObject({
      code: 'breaker_open',
      message: expect.stringContaining('Last failure: reset'),
    });
    expect(engine.runs).toHaveLength(5);
  });

  it('fails when no content comes in time, although the engine has sent something', async () => {
    const { stream, engine, guard } = guarded([[100, 'header', 'HANG']]);
    const reading = read(stream('q', never));
    await clock.advance(999);
    expect(engine.runs[0]?.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(await reading).toMatchObject({
      parts: ['header'],
      error: {
        code: 'engine_timeout',
        kind: 'first-content',
        limitMs: 1_000,
        message: 'ollama did not begin to answer within 1000 ms',
      },
    });
    expect(engine.runs[0]).toMatchObject({ isFinished: true, signal: { aborted: true } });
    expect(guard.counters).toMatchObject({ failures: 1, timeouts: 1 });
  });

  it('fails when the engine stalls between two parts', async () => {
    const { stream } = guarded([[900, 'a', 299, 'b', 'HANG']]);
    const reading = read(stream('q', never));
    await clock.advance(900 + 299 + 299);
    await clock.advance(1);
    expect(await reading).toMatchObject({ parts: ['a', 'b'], error: { kind: 'stall', limitMs: 300 } });
    expect(clock.pending).toBe(0);
  });

  it('fails when the whole takes too long, however steadily it comes', async () => {
    const { stream } = guarded([Array.from({ length: 100 }, () => [250, 'x'] as Step[]).flat()]);
    const reading = read(stream('q', never));
    await clock.advance(1_999);
    await clock.advance(1);
    const { parts, error } = await reading;
    expect(error).toMatchObject({ kind: 'total', limitMs: 2_000 });
    expect(parts.length).toBeLessThanOrEqual(8);
  });

  it('settles although the engine hangs and ignores its signal', async () => {
    const { guard } = guarded([]);
    const deaf = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) };
    const stream = guardStream(guard, () => deaf as AsyncIterable<string>, {
      firstMs: 1_000,
      stallMs: 300,
      totalMs: 2_000,
      isContent: () => true,
    });
    const reading = read(stream('q', never));
    await clock.advance(1_000);
    expect((await reading).error).toMatchObject({ kind: 'first-content' });
    await clock.advance(1_000);
    expect(guard.load.running).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('does not punish a consumer that takes its time', async () => {
    const { stream, guard } = guarded([['a', 'b', 'c', 100, 'd']]);
    const parts: string[] = [];
    const reading = (async () => {
      for await (const part of stream('q', never)) {
        parts.push(part);
        await new Promise<void>((resolve) => clock.after(5_000, resolve));
      }
    })();
    await clock.advance(25_000);
    await reading;
    expect(parts).toEqual(['a', 'b', 'c', 'd']);
    expect(guard.counters).toMatchObject({ successes: 1, failures: 0 });
  });

  it('aborts the engine at once when the consumer breaks off, which is no failure', async () => {
    const { stream, engine, guard } = guarded([['a', 'b', 'HANG']]);
    for (let i = 0; i < 20; i++) {
      for await (const part of stream('q', never)) if (part === 'b') break;
      expect(engine.runs[i]?.signal.aborted).toBe(true);
    }
    expect(guard.counters).toMatchObject({ failures: 0, cancelled: 20 });
    expect(guard.state).toBe('closed');
    await clock.settle();
    expect(engine.runs.every((run) => run.isFinished)).toBe(true);
    expect(guard.load.running).toBe(0);
  });

  it('lets return() through while a part is still awaited', async () => {
    const { stream, engine } = guarded([['a', 'HANG']]);
    const parts = stream('q', never);
    await parts.next();
    const pending = parts.next();
    await clock.settle();
    expect(await parts.return?.()).toEqual({ done: true, value: undefined });
    expect(await pending).toEqual({ done: true, value: undefined });
    expect(engine.runs[0]?.signal.aborted).toBe(true);
    expect(await parts.next()).toEqual({ done: true, value: undefined });
  });

  it('ends at once with an abort when the caller aborts, which is no failure', async () => {
    const { stream, engine, guard } = guarded([['a', 'HANG']]);
    const caller = new AbortController();
    const reading = read(stream('q', caller.signal));
    await clock.settle();
    caller.abort();
    const { parts, error } = await reading;
    expect(parts).toEqual(['a']);
    expect(isAbort(error)).toBe(true);
    expect(engine.runs[0]).toMatchObject({ isFinished: true, signal: { aborted: true } });
    expect(guard.counters).toMatchObject({ failures: 0, cancelled: 1 });
  });

  it('aborts the engine while the consumer holds a part, and does not let the consumer think it was complete', async () => {
    const { stream, engine, guard } = guarded([['a', 'b']]);
    const caller = new AbortController();
    const parts = stream('q', caller.signal);
    expect(await parts.next()).toEqual({ done: false, value: 'a' });
    caller.abort();
    expect(engine.runs[0]?.signal.aborted).toBe(true);
    await clock.settle();
    expect(guard.load.running).toBe(0);
    await expect(parts.next()).rejects.toMatchObject({ code: 'cancelled' });
    expect(await parts.next()).toEqual({ done: true, value: undefined });
  });

  it('does not ask the engine for a caller that is gone already', async () => {
    const { stream, engine } = guarded([['a']]);
    expect(isAbort((await read(stream('q', AbortSignal.abort()))).error)).toBe(true);
    expect(engine.runs).toHaveLength(0);
  });

  it('leaves the streams beside it alone when one times out', async () => {
    const { stream, engine } = guarded([['HANG'], ['a', 290, 'b', 290, 'c', 290, 'd', 290, 'e']]);
    const hung = read(stream('q', never));
    const well = read(stream('q', never));
    await clock.advance(1_160);
    expect((await hung).error).toMatchObject({ kind: 'first-content' });
    expect(await well).toEqual({ parts: ['a', 'b', 'c', 'd', 'e'], error: null });
    expect(engine.runs.map((run) => run.signal.aborted)).toEqual([true, false]);
  });

  it('closes half-open when the stream that tries has ended well, not when it began', async () => {
    const broken: Step[] = [new Error('reset')];
    const { stream, guard } = guarded([broken, broken, broken, broken, broken, ['a', 100, 'b']]);
    await failTimes(5, stream);
    vi.advanceTimersByTime(10_000);
    expect(guard.state).toBe('half-open');
    const probe = read(stream('q', never));
    await clock.advance(50);
    expect(guard.state).toBe('half-open');
    expect((await read(stream('q', never))).error).toMatchObject({ code: 'breaker_open' });
    await clock.advance(50);
    expect(await probe).toEqual({ parts: ['a', 'b'], error: null });
    expect(guard.state).toBe('closed');
  });

  it('does not close half-open because of a barge-in', async () => {
    const broken: Step[] = [new Error('reset')];
    const { stream, guard } = guarded([broken, broken, broken, broken, broken, ['a', 'HANG'], ['a']]);
    await failTimes(5, stream);
    vi.advanceTimersByTime(10_000);
    const caller = new AbortController();
    const probe = read(stream('q', caller.signal));
    await clock.settle();
    caller.abort();
    await probe;
    expect(guard.state).toBe('open');
    vi.advanceTimersByTime(10_000);
    expect((await read(stream('q', never))).error).toBeNull();
    expect(guard.state).toBe('closed');
  });

  it('is not wedged half-open by a stream that hangs while it tries', async () => {
    const broken: Step[] = [new Error('reset')];
    const { stream, guard } = guarded([broken, broken, broken, broken, broken, ['HANG'], ['a']]);
    await failTimes(5, stream);
    vi.advanceTimersByTime(10_000);
    const probe = read(stream('q', never));
    await clock.advance(1_000);
    await probe;
    expect(guard.state).toBe('open');
    vi.advanceTimersByTime(10_000);
    expect((await read(stream('q', never))).error).toBeNull();
  });

  it('starts a stream that waited when the one before it has ended, and its clocks only then', async () => {
    const { stream, engine } = guarded(
      [
        ['a', 250, 'b', 250, 'c', 250, 'd'],
        [990, 'x'],
      ],
      { maxConcurrent: 1 },
    );
    const first = read(stream('q', never));
    const second = read(stream('q', never));
    await clock.advance(749);
    expect(engine.runs).toHaveLength(1);
    await clock.advance(1);
    expect(engine.runs).toHaveLength(2);
    await clock.advance(990);
    expect((await first).error).toBeNull();
    expect(await second).toEqual({ parts: ['x'], error: null });
  });

  it('does not begin a stream whose caller left while it waited', async () => {
    const { stream, engine, guard } = guarded([['a', 250, 'b']], {
      maxConcurrent: 1,
      maxWaiting: 2,
    });
    const first = read(stream('q', never));
    await clock.settle();
    const caller = new AbortController();
    const aborted = read(stream('q', caller.signal));
    const left = stream('q', never);
    const pending = left.next();
    await clock.settle();
    caller.abort();
    await left.return?.();
    expect(isAbort((await aborted).error)).toBe(true);
    expect(await pending).toEqual({ done: true, value: undefined });
    await clock.advance(250);
    await first;
    await clock.settle();
    expect(engine.runs).toHaveLength(1);
    expect(guard.load).toEqual({ running: 0, waiting: 0 });
  });

  it('answers requests that overlap in their order', async () => {
    const { stream } = guarded([['a', 10, 'b']]);
    const parts = stream('q', never);
    const all = Promise.all([parts.next(), parts.next(), parts.next(), parts.next()]);
    await clock.advance(10);
    expect((await all).map(({ value }) => value)).toEqual(['a', 'b', undefined, undefined]);
  });

  it('reports an engine that throws before it streams', async () => {
    const { guard } = guarded([]);
    const stream = guardStream<string, string>(
      guard,
      () => {
        throw new VivavoceError('engine_unavailable', 'nobody home');
      },
      { firstMs: 1_000, stallMs: 300, totalMs: 2_000, isContent: () => true },
    );
    expect((await read(stream('q', never))).error).toMatchObject({ code: 'engine_unavailable' });
    expect(guard.counters.failures).toBe(1);
    await clock.settle();
    expect(guard.load.running).toBe(0);
  });
});

describe('a stream that may be opened again', () => {
  const away = new VivavoceError('engine_unavailable', 'the connection was refused');

  function again(...scripts: Step[][]) {
    const guard = new Guard({
      ...{ name: 'vllm', clock, maxConcurrent: 10 },
      retries: new RetryBudget(() => 1),
    });
    guards.push(guard);
    const engine = new ScriptedEngine(clock, ...scripts);
    const limits = { firstMs: 1_000, stallMs: 300, totalMs: 2_000, isContent: () => true };
    return { guard, engine, stream: guardStream(guard, engine.stream, { ...limits, retry: true }) };
  }

  it('is opened again once when it failed before its first part, and its reader sees one stream', async () => {
    const { stream, guard, engine } = again([100, away], [100, 'a', 'b']);
    const reading = read(stream('q', never));
    await clock.advance(200);
    expect(await reading).toEqual({ parts: ['a', 'b'], error: null });
    expect(guard.counters).toMatchObject({ calls: 2, failures: 1, successes: 1, retries: 1 });
    expect(engine.runs.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    await clock.settle();
    expect(guard.load.running).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('is not opened again after its first part, nor a third time', async () => {
    const begun = again(['a', away], ['a', 'b']);
    expect(await read(begun.stream('q', never))).toEqual({ parts: ['a'], error: away });
    expect(begun.engine.runs).toHaveLength(1);
    const broken = again([away]);
    expect(await read(broken.stream('q', never))).toEqual({ parts: [], error: away });
    expect(broken.engine.runs).toHaveLength(2);
  });

  it('is not opened again when it hung, or when most of its time is gone', async () => {
    const hung = again(['HANG']);
    const reading = read(hung.stream('q', never));
    await clock.advance(1_000);
    expect((await reading).error).toMatchObject({ kind: 'first-content' });
    const late = again([501, away], ['a']);
    const other = read(late.stream('q', never));
    await clock.advance(501);
    expect((await other).error).toBe(away);
    expect([hung, late].map(({ engine }) => engine.runs.length)).toEqual([1, 1]);
  });

  it('gives its share of the budget back as soon as it answers', async () => {
    const { stream, engine } = again([away], ['a', 'HANG'], [away], ['b']);
    const caller = new AbortController();
    const first = read(stream('q', caller.signal));
    await clock.settle();
    expect(await read(stream('q', never))).toEqual({ parts: ['b'], error: null });
    expect(engine.runs).toHaveLength(4);
    caller.abort();
    expect((await first).parts).toEqual(['a']);
  });

  it('is not opened again for a reader that leaves between the two attempts', async () => {
    const { guard } = again();
    let opened = 0;
    const engine = async function* (): AsyncGenerator<string> {
      opened++;
      // After the failure was told, before the breaker has taken note of it.
      queueMicrotask(() => queueMicrotask(() => void parts.return?.()));
      throw away;
    };
    const limits = { firstMs: 1_000, stallMs: 300, totalMs: 2_000, isContent: () => true };
    const parts = guardStream(guard, engine, { ...limits, retry: true })('q', never);
    expect(await parts.next()).toEqual({ done: true, value: undefined });
    await clock.settle();
    expect([opened, guard.counters.failures, guard.load.running]).toEqual([1, 1, 0]);
    expect(guard.options.retries?.take()).not.toBeNull();
    expect(clock.pending).toBe(0);
  });
});

describe('an engine that has answered lately', () => {
  const warm = { firstMs: 60_000, warmFirstMs: 10_000, stallMs: 5_000, totalMs: 90_000 };

  function warming(...scripts: Step[][]) {
    const { guard, engine } = guarded(scripts);
    return guardStream(guard, engine.stream, { ...warm, isContent: (part: string) => part !== 'header' });
  }

  it('is given up after ten seconds when it usually answers at once', async () => {
    const stream = warming([500, 'a'], ['header', 'HANG']);
    const first = read(stream('q', never));
    await clock.advance(500);
    await first;
    const hung = read(stream('q', never));
    await clock.advance(9_999);
    await clock.advance(1);
    expect((await hung).error).toMatchObject({ kind: 'first-content', limitMs: 10_000 });
  });
});
