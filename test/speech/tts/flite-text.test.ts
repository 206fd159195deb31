import fc from 'fast-check';
import { expect, test } from 'vitest';
import { whyFliteCannotSpeak } from '../../../src/speech/tts/flite-language.ts';
import { flitePieces, fliteWords } from '../../../src/speech/tts/flite-text.ts';

const spokenOf = (text: string) => fliteWords(text).map(({ spoken }) => spoken);

test('words keep their place in the text and become what flite can read', () => {
  const text = 'Café — “naïve” don’t…  œuvre';
  expect(fliteWords(text).map(({ start, end, spoken }) => [text.slice(start, end), spoken])).toEqual([
    ['Café', 'Cafe,'],
    ['“naïve”', '"naive"'],
    ['don’t…', "don't..."],
    ['œuvre', 'oeuvre'],
  ]);
});

test('dashes are heard as a pause, between numbers as "to"', () => {
  expect(spokenOf('yes—no')).toEqual(['yes,', 'no']);
  expect(spokenOf('yes – no')).toEqual(['yes,', 'no']);
  expect(spokenOf('in 1990–2000')).toEqual(['in', '1990 to 2000']);
});

test('money, degrees and fractions are put into words', () => {
  expect(spokenOf('€5.20 £3 20° 1½')).toEqual(['5.20 euros', '3 pounds', '20 degrees', '1 and 1/2']);
});

test('what looks like an option or a file stays text, and control characters do not get through', () => {
  expect(spokenOf('-o /out/x')).toEqual(['-o', '/out/x']);
  expect(spokenOf('a\u0000b\u001bc')).toEqual(['a b c']);
});

test('whatever the text is, only printable ASCII comes out, in order and within the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      let end = 0;
      const wrong = fliteWords(text).filter((word) => {
        const isPlain = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(word.spoken);
        const isAhead = word.start >= end && word.end > word.start;
        end = word.end;
        return !isPlain || !isAhead;
      });
      expect(wrong).toEqual([]);
      expect(end).toBeLessThanOrEqual(text.length);
    }),
  );
});

test('a word without end is cut', () => {
  const words = fliteWords('a'.repeat(1_000));
  expect(words.every(({ start, end }) => end - start <= 60)).toBe(true);
  expect(words.at(-1)?.end).toBe(1_000);
});

test('a long text is cut into pieces at its pauses, and no word is lost', () => {
  const words = fliteWords('The quick brown fox jumps over the lazy dog, again and again. '.repeat(50));
  const pieces = flitePieces(words);
  expect(pieces.flat()).toEqual(words);
  for (const piece of pieces) {
    expect(piece.map(({ spoken }) => spoken).join(' ').length).toBeLessThanOrEqual(401);
  }
  expect(pieces.slice(0, -1).every((piece) => /[.,]$/.test(piece.at(-1)?.spoken ?? ''))).toBe(true);
});

test('one sentence is one piece', () => {
  expect(flitePieces(fliteWords('Hello there, my name is Alice and I live in Berlin.'))).toHaveLength(1);
  expect(flitePieces([])).toEqual([]);
});

test.each([
  ['Привет, как дела?', 'Cyrillic'],
  ['你好,世界', 'Chinese'],
  ['漢字とかな交じりの文章です', 'Japanese'],
  ['안녕하세요', 'Korean'],
  ['Καλημέρα', 'Greek'],
  ['مرحبا', 'Arabic'],
  ['שלום', 'Hebrew'],
  ['नमस्ते', 'Devanagari'],
  ['สวัสดี', 'Thai'],
  ['ᚠᚢᚦ', 'a script that it does not know'],
])('%s is refused by the name of its script', (text, script) => {
  expect(whyFliteCannotSpeak(text)).toBe(`flite speaks English only; this is ${script}`);
});

test.each([
  'Hello.',
  'Café Zoë, naïve!',
  'He said "да" and left.',
  '42',
  '10:30',
  'ＦＵＬＬ',
  'łódź',
  '50%',
])('%s can be spoken', (text) => {
  expect(whyFliteCannotSpeak(text)).toBeNull();
});

test.each(['', '   ', '🎉🎉', '…', '?!', '—', '\u0000'])('%j has nothing to pronounce', (text) => {
  expect(whyFliteCannotSpeak(text)).toBe('there is nothing to pronounce in it');
});
