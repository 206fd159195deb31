import { expect, test } from 'vitest';
import { alignWords, parsePhoneGroups, parseTimedPhones } from '../../../src/speech/tts/flite-phones.ts';

/** A sentence whose sounds last 100 ms each. */
const said = (phones: string) =>
  parseTimedPhones(
    phones
      .split(' ')
      .map((name, i) => `${name}:${((i + 1) / 10).toFixed(3)}`)
      .join(' '),
  );
const words = (...phones: string[]) => phones.map((word) => word.split(' ').filter(Boolean));
const spansOf = (alone: string[][], sentence: string) =>
  alignWords(alone, said(sentence)).map((span) => span && [Math.round(span.startMs), Math.round(span.endMs)]);

test('the printed end times become starts and ends', () => {
  expect(parseTimedPhones('pau:0.164 hh:0.255 ax:0.304 \n')).toEqual([
    { name: 'pau', startMs: 0, endMs: 164 },
    { name: 'hh', startMs: 164, endMs: 255 },
    { name: 'ax', startMs: 255, endMs: 304 },
  ]);
  expect(parseTimedPhones('')).toEqual([]);
});

test('pauses divide the printed sounds', () => {
  expect(parsePhoneGroups('pau hh ax pau pau dh eh r pau \n')).toEqual([
    ['hh', 'ax'],
    ['dh', 'eh', 'r'],
  ]);
});

test('words are found between pauses', () => {
  expect(spansOf(words('hh ax l ow', 'dh eh r'), 'pau hh ax l ow pau dh eh r pau')).toEqual([
    [100, 500],
    [600, 900],
  ]);
});

test('a word that sounds different in the sentence keeps its place', () => {
  expect(spansOf(words('dh ax', 'ae p ax l'), 'pau dh iy ae p ax l pau')).toEqual([
    [100, 300],
    [300, 700],
  ]);
});

test('a word that is read out in another way takes what is between its neighbours', () => {
  const [before, changed, after] = spansOf(
    words('m ay', 'd r ay v', 'n ow'),
    'pau m ay d aa k t er n ow pau',
  );
  expect(before).toEqual([100, 300]);
  expect(changed?.[0]).toBe(300);
  expect(after).toEqual([800, 1000]);
});

test('a word of which nothing is heard has no time', () => {
  expect(spansOf(words('m ay', '', 'n ow'), 'pau m ay n ow pau')).toEqual([[100, 300], null, [300, 500]]);
  expect(spansOf(words('m ay'), 'pau')).toEqual([null]);
});
