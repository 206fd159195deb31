import { expect, test } from 'vitest';
import { InboundLimits, KeyTraffic } from '../../src/server/inbound-limits.ts';
import { ManualClock } from '../support/manual-clock.ts';

const MIB = 1024 * 1024;

function connection(clock: ManualClock, traffic = new KeyTraffic(clock)) {
  const log: string[] = [];
  const limits = new InboundLimits({
    clock,
    key: traffic.of('alice'),
    pause: () => log.push(`pause ${clock.monotonicMs()}`),
    resume: () => log.push(`resume ${clock.monotonicMs()}`),
    close: (reason) => log.push(`close: ${reason}`),
  });
  return { limits, log };
}

test('audio in frames of 10 ms is never held up', async () => {
  const clock = new ManualClock();
  const { limits, log } = connection(clock);
  for (let frame = 0; frame < 3_000; frame++) {
    limits.took(800, true);
    await clock.advance(10);
  }
  expect(log).toEqual([]);
});

test('a whole recording passes at once; what comes on top of it is read when its time has come', async () => {
  const clock = new ManualClock();
  const { limits, log } = connection(clock);
  for (let part = 0; part < 4; part++) limits.took(15 * MIB, true);
  expect(log).toEqual([]);
  limits.took(15 * MIB, true);
  expect({ log, isPaused: limits.isPaused }).toEqual({ log: ['pause 0'], isPaused: true });
  await clock.advance(10_000);
  expect({ log, isPaused: limits.isPaused }).toEqual({ log: ['pause 0', 'resume 2750'], isPaused: false });
});

test('what was read before the pause took hold makes it longer, not twofold', async () => {
  const clock = new ManualClock();
  const { limits, log } = connection(clock);
  for (let event = 0; event < 11_000; event++) limits.took(10, true);
  await clock.advance(2_000);
  expect(log).toEqual(['pause 0', 'resume 1000']);
  expect(clock.pending).toBe(0);
});

test('connections of one key share what a key may bring', async () => {
  const clock = new ManualClock();
  const traffic = new KeyTraffic(clock, {
    events: { burst: 100, perSecond: 10 },
    bytes: { burst: MIB, perSecond: MIB },
  });
  const [one, other] = [connection(clock, traffic), connection(clock, traffic)];
  for (let event = 0; event < 60; event++) {
    one.limits.took(10, true);
    other.limits.took(10, true);
  }
  expect([one.log.length, other.log.length]).toEqual([1, 1]);
  await clock.advance(2_000);
  expect([one.log[1], other.log[1]]).toEqual(['resume 2000', 'resume 2000']);
  expect(traffic.of('bob').events.waitMs).toBe(0);
});

test('mistakes are forgiven, a stream of garbage is not', async () => {
  const clock = new ManualClock();
  const { limits, log } = connection(clock);
  for (let event = 0; event < 600; event++) {
    limits.took(10, false);
    limits.took(10, true);
    await clock.advance(1_000);
  }
  expect(log).toEqual([]);
  for (let event = 0; event < 200; event++) limits.took(10, false);
  expect(log).toEqual(['close: too many events that are not of this protocol']);
});

test('nothing of it is left behind when the connection ends', () => {
  const clock = new ManualClock();
  const { limits, log } = connection(clock);
  limits.took(80 * MIB, true);
  limits[Symbol.dispose]();
  limits.took(80 * MIB, false);
  expect({ log, timers: clock.pending }).toEqual({ log: ['pause 0'], timers: 0 });
});
