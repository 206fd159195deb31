import { expect, test } from 'vitest';
import { chooseCut } from '../../../src/speech/stt/pocketsphinx-cut.ts';

const words = (...times: [number, number][]) =>
  times.map(([startMs, endMs], i) => ({ text: `w${i}`, startMs, endMs }));

test('speech is parted in the longest pause of its last seconds', () => {
  const said = words([0, 1_000], [3_000, 5_000], [5_010, 6_000], [6_200, 7_000], [7_050, 8_000]);
  expect(chooseCut(said, 8_000)).toEqual({ words: 3, atMs: 6_100 });
});

test('a word that may go on is left for the next part', () => {
  expect(chooseCut(words([0, 5_000], [5_000, 7_950]), 8_000)).toEqual({ words: 1, atMs: 5_000 });
  expect(chooseCut(words([0, 5_000], [5_000, 7_800]), 8_000)).toEqual({ words: 2, atMs: 7_900 });
});

test('a sound without an end and a stretch without a word are over where they are', () => {
  expect(chooseCut(words([0, 16_000]), 16_000)).toEqual({ words: 1, atMs: 16_000 });
  expect(chooseCut([], 16_000)).toEqual({ words: 0, atMs: 16_000 });
});
