import { describe, expect, it } from 'vitest';
import { type Load, LoadMonitor, type Overload, SAMPLE_MS } from '../../src/resilience/load-monitor.ts';
import { ProcessLoad } from '../../src/resilience/process-load.ts';
import { ManualClock } from '../support/manual-clock.ts';

const QUIET: Load = { utilisation: 0.05, delayMs: 1, heap: 0.1, waiting: 0 };

function watched() {
  const clock = new ManualClock();
  const now = { load: QUIET };
  const changes: (Overload['signal'] | null)[] = [];
  const monitor = new LoadMonitor({
    clock,
    probe: { read: () => now.load },
    onChange: (overload) => changes.push(overload?.signal ?? null),
  });
  const samples = async (count: number, load: Partial<Load>) => {
    now.load = { ...QUIET, ...load };
    await clock.advance(count * SAMPLE_MS);
  };
  monitor.start();
  return { monitor, samples, changes, clock };
}

describe('LoadMonitor', () => {
  it.each([
    [{ utilisation: 0.97, delayMs: 60 }, 'event_loop_utilisation', 'its event loop works 97 % of the time'],
    [{ delayMs: 310.4 }, 'event_loop_delay', 'its event loop is 310 ms late'],
    [{ heap: 0.93 }, 'heap', '93 % of its memory is used'],
    [{ waiting: 140 }, 'engine_queues', '140 calls wait for the engines'],
  ] as const)('finds %o too much after two seconds of it', async (load, signal, text) => {
    const { monitor, samples } = watched();
    await samples(3, load);
    expect(monitor.overload).toBeNull();
    await samples(1, load);
    expect(monitor.overload).toEqual({ signal, text });
  });

  it('does not mind a loop that always works and is on time', async () => {
    const { samples, changes } = watched();
    await samples(20, { utilisation: 1, delayMs: 20 });
    expect(changes).toEqual([]);
  });

  it('does not mind a stall, a collection of garbage, or a busy second', async () => {
    const { samples, changes } = watched();
    for (let time = 0; time < 20; time++) {
      await samples(1, { utilisation: 0.8, delayMs: 300 });
      await samples(2, { heap: 0.95, utilisation: 1 });
      await samples(1, {});
    }
    expect(changes).toEqual([]);
  });

  it('does not go to and fro at the limit', async () => {
    const { monitor, samples, changes } = watched();
    await samples(4, { delayMs: 250 });
    for (let time = 0; time < 10; time++) {
      await samples(2, { delayMs: 150 });
      await samples(3, { delayMs: 90 });
      await samples(1, { delayMs: 210 });
    }
    expect(monitor.overload?.signal).toBe('event_loop_delay');
    await samples(3, {});
    expect(monitor.overload).not.toBeNull();
    await samples(1, {});
    expect(monitor.overload).toBeNull();
    expect(changes).toEqual(['event_loop_delay', null]);
  });

  it('is over when the last of several signals is', async () => {
    const { monitor, samples, changes } = watched();
    await samples(4, { utilisation: 1, delayMs: 60, heap: 0.95 });
    await samples(4, { heap: 0.95 });
    expect(monitor.overload?.signal).toBe('heap');
    await samples(4, {});
    expect(changes).toEqual(['event_loop_utilisation', null]);
  });

  it('does not count what it took to start', async () => {
    const clock = new ManualClock();
    const reads: number[] = [];
    const probe = {
      read: () => {
        reads.push(clock.monotonicMs());
        return QUIET;
      },
    };
    using monitor = new LoadMonitor({ clock, probe, onChange: () => undefined });
    await clock.advance(30_000);
    monitor.start();
    await clock.advance(SAMPLE_MS);
    expect(reads).toEqual([30_000, 30_000 + SAMPLE_MS]);
    expect(monitor.load.delayMs).toBe(QUIET.delayMs);
  });

  it('sees by its own timer how late the loop is', async () => {
    // A clock whose timers all come 400 ms late.
    const clock = new ManualClock();
    const late = {
      nowMs: () => clock.nowMs(),
      monotonicMs: () => clock.monotonicMs(),
      after: (ms: number, run: () => void) => clock.after(ms + 400, run),
    };
    using monitor = new LoadMonitor({ clock: late, probe: { read: () => QUIET }, onChange: () => undefined });
    monitor.start();
    await clock.advance(4 * (SAMPLE_MS + 400));
    expect(monitor.overload).toMatchObject({
      signal: 'event_loop_delay',
      text: 'its event loop is 400 ms late',
    });
  });

  it('leaves no timer behind', async () => {
    const { monitor, samples, clock } = watched();
    await samples(3, {});
    monitor[Symbol.dispose]();
    expect(clock.pending).toBe(0);
  });
});

describe('ProcessLoad', () => {
  it('says nothing of a moment: a test on virtual time takes seconds in one', () => {
    using probe = new ProcessLoad(() => 0);
    const readings = Array.from({ length: 20 }, () => probe.read());
    expect(new Set(readings.map(({ utilisation }) => utilisation)).size).toBeLessThanOrEqual(2);
  });

  it('reads shares of the event loop and the heap, and what waits', () => {
    using probe = new ProcessLoad(() => 7);
    probe.read();
    const busyUntilMs = performance.now() + 150;
    while (performance.now() < busyUntilMs);
    const { utilisation, delayMs, heap, waiting } = probe.read();
    expect(waiting).toBe(7);
    expect(utilisation).toBeGreaterThan(0.5);
    expect(utilisation).toBeLessThanOrEqual(1);
    expect(heap).toBeGreaterThan(0);
    expect(heap).toBeLessThan(1);
    expect(delayMs).toBeGreaterThanOrEqual(0);
  });
});
