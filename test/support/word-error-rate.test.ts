import { expect, test } from 'vitest';
import { SPOKEN_SENTENCES } from './spoken-sentences.ts';
import { alignSet, alignWords, mistakes, normalisedWords, wordErrorRate } from './word-error-rate.ts';

test('case, punctuation and the way a number is written are no errors', () => {
  expect(wordErrorRate("I've 21 cats — don't ask!", "i've twenty one cats don’t ask")).toBe(0);
  expect(normalisedWords('1,205 at 10:30')).toEqual('one thousand two hundred five at ten thirty'.split(' '));
});

test('what is replaced, left out and invented is counted for each word that was said', () => {
  expect(alignWords('a b c d', 'a x c d e')).toMatchObject({ substitutions: 1, insertions: 1, rate: 0.5 });
  expect(alignWords('a b c d', 'b d')).toMatchObject({ deletions: 2, substitutions: 0, rate: 0.5 });
  expect(wordErrorRate('one two', '')).toBe(1);
  expect(wordErrorRate('', 'one two')).toBe(2);
  expect(wordErrorRate('', '')).toBe(0);
});

test('a set counts words, not sentences', () => {
  const errors = alignSet([
    ['one', 'two'],
    ['a b c d e f g', 'a b c d e f g'],
  ]);
  expect(errors.rate).toBe(1 / 8);
  expect(mistakes(errors)).toEqual(['one→two']);
});

test('the sentences are many, different, and of the length of speech', () => {
  expect(new Set(SPOKEN_SENTENCES).size).toBeGreaterThanOrEqual(20);
  for (const sentence of SPOKEN_SENTENCES) {
    expect(normalisedWords(sentence).length).toBeGreaterThanOrEqual(6);
    expect(normalisedWords(sentence).length).toBeLessThanOrEqual(14);
  }
});
