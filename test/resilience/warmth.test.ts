import { expect, it } from 'vitest';
import { Warmth } from '../../src/resilience/warmth.ts';
import { ManualClock } from '../support/manual-clock.ts';

function warmth(subject?: () => string) {
  const clock = new ManualClock();
  const options = { clock, coldMs: 60_000, warmMs: 10_000, ...(subject && { subject }) };
  return { clock, warmth: new Warmth(options) };
}

it('waits as long as loading may take for what has never answered', () => {
  expect(warmth().warmth.limitMs()).toBe(60_000);
});

it('waits ten seconds for what has answered quickly and lately', async () => {
  const { clock, warmth: at } = warmth();
  at.answered(300);
  expect(at.limitMs()).toBe(10_000);
  await clock.advance(5 * 60_000);
  expect(at.limitMs()).toBe(10_000);
  await clock.advance(1);
  expect(at.limitMs()).toBe(60_000);
});

it('waits four times what nearly all answers took, and never longer than for loading', () => {
  const { warmth: at } = warmth();
  for (let n = 0; n < 40; n++) at.answered(4_000);
  expect(at.limitMs()).toBe(16_000);
  // One in forty is not usual; three are.
  at.answered(12_000);
  expect(at.limitMs()).toBe(16_000);
  for (let n = 0; n < 10; n++) at.answered(12_000);
  expect(at.limitMs()).toBe(48_000);
  for (let n = 0; n < 64; n++) at.answered(30_000);
  expect(at.limitMs()).toBe(60_000);
});

it('forgets what was loaded: an answer that took a minute does not count for ever', () => {
  const { warmth: at } = warmth();
  at.answered(40_000);
  expect(at.limitMs()).toBe(60_000);
  for (let n = 0; n < 64; n++) at.answered(200);
  expect(at.limitMs()).toBe(10_000);
});

it('waits twice as long after each wait in vain, so that what was pushed out of memory can come back', () => {
  const { warmth: at } = warmth();
  at.answered(300);
  const limits = Array.from({ length: 4 }, () => {
    at.waitedInVain();
    return at.limitMs();
  });
  expect(limits).toEqual([20_000, 40_000, 60_000, 60_000]);
  at.answered(35_000);
  for (let n = 0; n < 64; n++) at.answered(300);
  expect(at.limitMs()).toBe(10_000);
});

it('takes another model for a cold one', () => {
  let model = 'llama';
  const { warmth: at } = warmth(() => model);
  expect(at.limitMs()).toBe(60_000);
  at.answered(300);
  expect(at.limitMs()).toBe(10_000);
  model = 'qwen';
  expect(at.limitMs()).toBe(60_000);
});
