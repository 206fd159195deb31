import { expect, it } from 'vitest';
import { ManualClock } from './manual-clock.ts';

it('runs timers in the order of their times, those of the same time in the order in which they were set', async () => {
  const clock = new ManualClock();
  const log: string[] = [];
  clock.after(20, () => log.push('c'));
  clock.after(10, () => log.push('a'));
  clock.after(10, () => log.push('b'));
  clock.after(21, () => log.push('late'));
  await clock.advance(20);
  expect(log).toEqual(['a', 'b', 'c']);
  expect(clock.pending).toBe(1);
});

it('shows each timer its own time, also to timers that others set on the way', async () => {
  const clock = new ManualClock(1_000);
  const times: number[] = [];
  clock.after(5, async () => {
    times.push(clock.monotonicMs());
    await Promise.resolve().then(() => {});
    clock.after(5, () => times.push(clock.nowMs()));
  });
  await clock.advance(100);
  expect(times).toEqual([5, 1_010]);
  expect(clock.monotonicMs()).toBe(100);
});

it('does not run a timer that was disposed, even by another timer of the same time', async () => {
  const clock = new ManualClock();
  const log: string[] = [];
  const first = clock.after(5, () => second[Symbol.dispose]());
  const second = clock.after(5, () => log.push('second'));
  first satisfies Disposable;
  await clock.advance(10);
  expect(log).toEqual([]);
});
