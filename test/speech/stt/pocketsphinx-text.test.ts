import { expect, test } from 'vitest';
import { heardWords, plainWords, written, writtenText } from '../../../src/speech/stt/pocketsphinx-text.ts';

test('what is no word is left out, and variants lose their number', () => {
  expect(plainWords("<s> the(2) [NOISE] cat <sil> ++BREATH++ [SPEECH] a(3) don't </s>")).toEqual([
    'the',
    'cat',
    'a',
    "don't",
  ]);
  expect(plainWords('')).toEqual([]);
});

test('words keep their times and are moved to where they were said', () => {
  const decoded = [
    { text: '<s>', startMs: 0, endMs: 100 },
    { text: 'to(3)', startMs: 100, endMs: 250 },
  ];
  expect(heardWords(decoded, 2_000)).toEqual([{ text: 'to', startMs: 2_100, endMs: 2_250 }]);
});

test('the first letter and the word I are capital, and nothing else is', () => {
  expect(writtenText(['what', "i'm", 'i', 'in', 'berlin'])).toBe("What I'm I in berlin");
  expect(written([{ text: 'yes', startMs: 0, endMs: 1 }])).toEqual([{ text: 'Yes', startMs: 0, endMs: 1 }]);
});
