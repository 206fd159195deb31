import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Playhead } from '../../src/session/playhead.ts';
import { ManualClock } from '../support/manual-clock.ts';

function start() {
  const clock = new ManualClock();
  return { clock, playhead: new Playhead(clock) };
}

describe('a client that reports nothing', () => {
  it('plays a burst from the moment of its first delta', async () => {
    const { clock, playhead } = start();
    expect([playhead.isAudible, playhead.itemId, playhead.playedMs('a')]).toEqual([false, null, null]);
    await clock.advance(500);
    expect(playhead.silentAtMs).toBe(500);
    for (let i = 0; i < 25; i++) playhead.sent('a', 40);
    expect([playhead.isAudible, playhead.itemId, playhead.playedMs('a')]).toEqual([true, 'a', 0]);
    expect(playhead.silentAtMs).toBe(1_500);
    await clock.advance(333);
    expect(playhead.playedMs('a')).toBe(333);
    await clock.advance(666);
    expect([playhead.isAudible, playhead.playedMs('a')]).toEqual([true, 999]);
    await clock.advance(1);
    expect([playhead.isAudible, playhead.itemId, playhead.playedMs('a')]).toEqual([false, null, 1_000]);
    await clock.advance(5_000);
    expect([playhead.playedMs('a'), playhead.silentAtMs]).toEqual([1_000, 6_500]);
  });

  it('goes on at the next delta when it has run dry', async () => {
    const { clock, playhead } = start();
    playhead.sent('a', 100);
    await clock.advance(250);
    playhead.sent('a', 100);
    expect([playhead.playedMs('a'), playhead.silentAtMs]).toEqual([100, 350]);
    await clock.advance(30);
    expect(playhead.playedMs('a')).toBe(130);
  });

  it('plays items one after another', async () => {
    const { clock, playhead } = start();
    playhead.sent('a', 300);
    playhead.sent('b', 200);
    await clock.advance(299);
    expect([playhead.itemId, playhead.playedMs('a'), playhead.playedMs('b')]).toEqual(['a', 299, 0]);
    await clock.advance(51);
    expect([playhead.itemId, playhead.playedMs('a'), playhead.playedMs('b')]).toEqual(['b', 300, 50]);
    expect(playhead.silentAtMs).toBe(500);
  });

  it('plays in the order of the deltas when two items come at once', async () => {
    const { clock, playhead } = start();
    for (let i = 0; i < 4; i++) {
      playhead.sent('a', 40);
      playhead.sent('b', 40);
    }
    await clock.advance(100);
    expect([playhead.itemId, playhead.playedMs('a'), playhead.playedMs('b')]).toEqual(['a', 60, 40]);
    await clock.advance(30);
    expect([playhead.itemId, playhead.playedMs('a'), playhead.playedMs('b')]).toEqual(['b', 80, 50]);
  });
});

describe('a client that reports', () => {
  it('is believed instead of the clock, and extrapolated while it plays', async () => {
    const { clock, playhead } = start();
    playhead.sent('a', 1_000);
    await clock.advance(300);
    playhead.reported('a', 120, true);
    expect([playhead.playedMs('a'), playhead.silentAtMs]).toEqual([120, 1_180]);
    await clock.advance(200);
    expect(playhead.playedMs('a')).toBe(320);
    await clock.advance(10_000);
    expect([playhead.playedMs('a'), playhead.isAudible]).toEqual([1_000, false]);
  });

  it('stands still when it says so, and goes on when it says so', async () => {
    const { clock, playhead } = start();
    playhead.sent('a', 1_000);
    await clock.advance(300);
    playhead.reported('a', 250, false);
    await clock.advance(60_000);
    expect([playhead.playedMs('a'), playhead.isAudible, playhead.itemId]).toEqual([250, true, 'a']);
    playhead.sent('a', 500);
    await clock.advance(100);
    expect([playhead.playedMs('a'), playhead.silentAtMs]).toEqual([250, 61_650]);
    playhead.reported('a', 250, true);
    await clock.advance(100);
    expect(playhead.playedMs('a')).toBe(350);
  });

  it('may go back', async () => {
    const { clock, playhead } = start();
    playhead.sent('a', 300);
    playhead.sent('b', 300);
    await clock.advance(450);
    playhead.reported('a', 200, true);
    expect([playhead.itemId, playhead.playedMs('a'), playhead.playedMs('b')]).toEqual(['a', 200, 0]);
    expect(playhead.silentAtMs).toBe(850);
  });

  it('cannot have played more than was sent, nor less than nothing', () => {
    const { playhead } = start();
    playhead.sent('a', 300);
    playhead.sent('b', 300);
    playhead.reported('a', 9_999, false);
    expect([playhead.playedMs('a'), playhead.playedMs('b'), playhead.isAudible]).toEqual([300, 0, true]);
    playhead.reported('a', -5, false);
    expect(playhead.playedMs('a')).toBe(0);
  });

  it('says nothing about an item that it never got', async () => {
    const { clock, playhead } = start();
    playhead.sent('a', 300);
    await clock.advance(100);
    playhead.reported('x', 0, false);
    await clock.advance(100);
    expect([playhead.playedMs('a'), playhead.playedMs('x')]).toEqual([200, null]);
  });

  it('has ended when it stands still within a rounding of the end', async () => {
    const { clock, playhead } = start();
    playhead.sent('a', 1_000);
    playhead.reported('a', 999.6, false);
    expect([playhead.playedMs('a'), playhead.isAudible]).toEqual([1_000, false]);
    await clock.advance(100);
    playhead.sent('b', 200);
    await clock.advance(50);
    expect(playhead.playedMs('b')).toBe(50);
  });
});

describe('after a stop', () => {
  it('nothing more is played, and what was heard stays what it was', async () => {
    const { clock, playhead } = start();
    playhead.sent('a', 300);
    playhead.sent('b', 300);
    playhead.sent('c', 300);
    await clock.advance(400);
    playhead.stop();
    const heard = ['a', 'b', 'c'].map((id) => playhead.playedMs(id));
    expect(heard).toEqual([300, 100, 0]);
    expect([playhead.isAudible, playhead.itemId, playhead.silentAtMs]).toEqual([false, null, 400]);
    await clock.advance(1_000);
    playhead.reported('b', 250, true);
    playhead.reported('a', 10, true);
    expect(['a', 'b', 'c'].map((id) => playhead.playedMs(id))).toEqual(heard);
    expect(playhead.isAudible).toBe(false);
  });

  it('the next item begins when it is sent', async () => {
    const { clock, playhead } = start();
    playhead.sent('a', 300);
    playhead.reported('a', 50, false);
    playhead.stop();
    await clock.advance(500);
    playhead.sent('b', 300);
    await clock.advance(100);
    expect([playhead.itemId, playhead.playedMs('a'), playhead.playedMs('b')]).toEqual(['b', 50, 100]);
  });

  it('audio of a stopped item that comes too late counts behind what was sent of it', async () => {
    const { clock, playhead } = start();
    playhead.sent('a', 300);
    await clock.advance(100);
    playhead.stop();
    playhead.sent('a', 40);
    expect(playhead.playedMs('a')).toBe(100);
    await clock.advance(10);
    expect(playhead.playedMs('a')).toBe(310);
  });
});

describe('who waits for silence', () => {
  it('is told once, when it comes', async () => {
    const { clock, playhead } = start();
    const told: number[] = [];
    playhead.sent('a', 300);
    playhead.onSilent(() => told.push(clock.monotonicMs()));
    await clock.advance(299);
    expect(told).toEqual([]);
    await clock.advance(1);
    expect(told).toEqual([300]);
    playhead.sent('a', 300);
    await clock.advance(1_000);
    expect([told, clock.pending]).toEqual([[300], 0]);
  });

  it('waits longer when more is sent, and less when less is left', async () => {
    const { clock, playhead } = start();
    const told: number[] = [];
    playhead.sent('a', 300);
    playhead.onSilent(() => told.push(clock.monotonicMs()));
    await clock.advance(200);
    playhead.sent('b', 300);
    await clock.advance(300);
    expect(told).toEqual([]);
    playhead.reported('b', 280, true);
    await clock.advance(20);
    expect(told).toEqual([520]);
  });

  it('waits while the client stands still, without a timer', async () => {
    const { clock, playhead } = start();
    const told: number[] = [];
    playhead.sent('a', 300);
    playhead.reported('a', 100, false);
    playhead.onSilent(() => told.push(clock.monotonicMs()));
    expect(clock.pending).toBe(0);
    await clock.advance(5_000);
    playhead.reported('a', 100, true);
    expect(clock.pending).toBe(1);
    await clock.advance(200);
    expect(told).toEqual([5_200]);
  });

  it('is told of a stop, and of a silence that is there already, but never inside the call', async () => {
    const { clock, playhead } = start();
    const told: string[] = [];
    playhead.sent('a', 300);
    playhead.onSilent(() => told.push('stopped'));
    playhead.stop();
    expect(told).toEqual([]);
    await clock.advance(0);
    playhead.onSilent(() => told.push('silent'));
    expect(told).toEqual(['stopped']);
    await clock.advance(0);
    expect([told, clock.pending]).toEqual([['stopped', 'silent'], 0]);
  });

  it('is not told when something is sent in the same moment', async () => {
    const { clock, playhead } = start();
    const told: number[] = [];
    playhead.sent('a', 300);
    playhead.onSilent(() => told.push(clock.monotonicMs()));
    playhead.stop();
    playhead.sent('b', 100);
    await clock.advance(99);
    expect(told).toEqual([]);
    await clock.advance(1);
    expect(told).toEqual([100]);
  });

  it('shares one timer, which goes with the last one', async () => {
    const { clock, playhead } = start();
    playhead.sent('a', 300);
    expect(clock.pending).toBe(0);
    const told: string[] = [];
    const first = playhead.onSilent(() => told.push('first'));
    const second = playhead.onSilent(() => told.push('second'));
    expect(clock.pending).toBe(1);
    first[Symbol.dispose]();
    expect(clock.pending).toBe(1);
    second[Symbol.dispose]();
    expect(clock.pending).toBe(0);
    playhead.onSilent(() => told.push('third'));
    await clock.advance(300);
    expect(told).toEqual(['third']);
  });
});

it('remembers the last 16 items and all that were not played', async () => {
  const { clock, playhead } = start();
  for (let i = 0; i < 20; i++) {
    playhead.sent(`item ${i}`, 100);
    await clock.advance(100);
  }
  expect([playhead.playedMs('item 3'), playhead.playedMs('item 4')]).toEqual([null, 100]);
  for (let i = 20; i < 60; i++) playhead.sent(`item ${i}`, 100);
  await clock.advance(50);
  expect([playhead.itemId, playhead.playedMs('item 59'), playhead.silentAtMs]).toEqual(['item 20', 0, 6_000]);
});

it('never plays what was not sent, nor back and forth by itself, whatever happens', async () => {
  const step = fc.oneof(
    fc.record({
      type: fc.constant('sent' as const),
      item: fc.integer({ min: 0, max: 3 }),
      ms: fc.double({ min: 0.1, max: 200, noNaN: true }),
    }),
    fc.record({
      type: fc.constant('reported' as const),
      item: fc.integer({ min: 0, max: 3 }),
      ms: fc.double({ min: 0, max: 400, noNaN: true }),
      isPlaying: fc.boolean(),
    }),
    fc.record({ type: fc.constant('time' as const), ms: fc.double({ min: 0, max: 300, noNaN: true }) }),
    fc.record({ type: fc.constant('stop' as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const { clock, playhead } = start();
      const sent = [0, 0, 0, 0];
      let told = 0;
      playhead.onSilent(() => told++);
      const played = () => sent.map((_, item) => playhead.playedMs(`${item}`) ?? 0);
      for (const now of steps) {
        const before = played();
        if (now.type === 'sent') {
          playhead.sent(`${now.item}`, now.ms);
          sent[now.item] = (sent[now.item] ?? 0) + now.ms;
        } else if (now.type === 'reported') playhead.reported(`${now.item}`, now.ms, now.isPlaying);
        else if (now.type === 'stop') playhead.stop();
        else await clock.advance(now.ms);
        for (const [item, ms] of played().entries()) {
          expect(ms).toBeLessThanOrEqual((sent[item] ?? 0) + 1e-6);
          if (now.type === 'time') expect(ms).toBeGreaterThanOrEqual((before[item] ?? 0) - 1e-6);
        }
        expect(playhead.isAudible).toBe(playhead.itemId !== null);
        expect(clock.pending).toBeLessThanOrEqual(1);
      }
      playhead.stop();
      await clock.advance(0);
      expect([told, clock.pending]).toEqual([1, 0]);
    }),
    { numRuns: 300 },
  );
});
