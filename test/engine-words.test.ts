import { expect, test } from 'vitest';
import { engineWords, textsIn } from '../src/engine-words.ts';

const ASKED = 'I had gooseberries for breakfast, and my number is 5550199. Ja, wirklich: Grüße an José!';

test.each([
  'out of memory',
  "model 'qwen3:8b' not found, try pulling it first",
  'context length exceeded: 9041 tokens, maximum is 8192',
  'CUDA error 700: an illegal memory access was encountered',
])('what an engine says of itself is told: %s', (said) => expect(engineWords(said, ASKED)).toBe(said));

test.each([
  ['invalid message "I had gooseberries for breakfast"', 'invalid message …'],
  ['cannot tokenize gooseberries', 'cannot tokenize …'],
  ['Bad input: GOOSEBERR', 'Bad input: …'],
  ['bad input near 5550199 of grüße josé', 'bad input near … of …'],
  ['unexpected text `for breakfast, and', 'unexpected text …'],
])('what it was asked is not: %s', (said, told) => expect(engineWords(said, ASKED)).toBe(told));

test.each([
  'Incorrect API key provided: sk-abcd****wxyz.',
  'no such token: Bearer abc.def-ghi',
])('nor is a key: %s', (said) => expect(engineWords(said, null)).toMatch(/^[^:]*: …\.?$/));

test('without the request at hand, what is quoted is left out', () => {
  expect(engineWords("could not hear 'I had goose' in `file.wav`", null)).toBe(
    'could not hear … in `file.wav`',
  );
});

test('a page of any length is its beginning', () => {
  expect(engineWords(`<html>\n\n  ${'x'.repeat(10_000)}`, null)).toHaveLength(300);
});

test('of a request only what people wrote counts', () => {
  const body = JSON.stringify({
    model: 'qwen3:8b',
    messages: [
      { role: 'user', content: 'gooseberries' },
      { role: 'user', content: [{ type: 'text', text: 'breakfast' }] },
    ],
    input: ['a passage'],
  });
  expect(textsIn(body)?.split('\n')).toEqual(['gooseberries', 'breakfast', 'a passage']);
  expect([textsIn(undefined), textsIn('no JSON')]).toEqual([null, null]);
});
