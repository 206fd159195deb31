import { expect, test } from 'vitest';
import { costOf } from '../../src/llm/prices.ts';

const usage = { inputTokens: 1_000_000, cachedInputTokens: 400_000, outputTokens: 100_000 };

test('cached input is paid at its own price and the rest at the full one', () => {
  expect(costOf(usage, { input: 2, cachedInput: 0.5, output: 10 })).toBeCloseTo(
    0.6 * 2 + 0.4 * 0.5 + 0.1 * 10,
  );
});

test('without a price for cached input it costs what input costs', () => {
  expect(costOf(usage, { input: 2, output: 10 })).toBeCloseTo(3);
});

test('without prices the cost is unknown and not zero', () => {
  expect(costOf(usage, null)).toBeNull();
  expect(costOf(usage, { input: 0, output: 0 })).toBe(0);
});

test('a server that reports more cached than input tokens is not paid a negative amount', () => {
  const odd = { inputTokens: 10, cachedInputTokens: 50, outputTokens: 0 };
  expect(costOf(odd, { input: 1_000_000, cachedInput: 0, output: 0 })).toBe(0);
});
