import { expect, test } from 'vitest';
import { estimatePromptTokens, estimateTokens } from '../../src/llm/token-estimate.ts';

test('counts prose by its letters and dense scripts by their characters', () => {
  expect(estimateTokens('')).toBe(0);
  expect(estimateTokens('abcdefgh')).toBe(2);
  expect(estimateTokens('日本語')).toBe(3);
  expect(estimateTokens('日本 and')).toBe(3);
});

test('counts the calls of a message and what a template puts around it', () => {
  const call = { callId: 'c', name: 'four', arguments: '{"a":1}.' };
  const bare = estimatePromptTokens([{ role: 'assistant', text: 'four' }]);
  expect(bare).toBeGreaterThan(estimateTokens('four'));
  expect(estimatePromptTokens([{ role: 'assistant', text: 'four', toolCalls: [call] }])).toBe(bare + 3);
});
