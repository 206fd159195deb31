import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isBackchannel, sameWords } from '../../src/speech/backchannel.ts';

describe('listening noise', () => {
  test.each([
    ...[
      'mhm',
      'Mhm.',
      'uh huh',
      'uh-huh',
      'mm-hmm',
      'yeah',
      'yeah yeah',
      'yeah, yeah, yeah',
      'Okay.',
      'right',
      'I see.',
    ],
    ...[
      'oh',
      'oh wow',
      'hm',
      'Hmmmm',
      'really?',
      'oh really',
      'ah I see',
      'got it',
      'that’s right',
      'okay sure',
      'oh my god',
    ],
    // As PocketSphinx writes them; the letters are Flite's "mhm" and "hmm"
    ...['hum', 'uh', 'a', 'm', 'huh', 'ah', 'YEAH', 'um hum', 'm h m', 'h m m'],
    ...['ja', 'ach so', 'genau', 'Äh', 'ja ja', 'natürlich', 'naturlich'],
    ...[
      'oui',
      'd’accord',
      'ah bon',
      "c'est vrai",
      'sí',
      'si claro',
      'ya veo',
      'capisco',
      'ага',
      '嗯嗯',
      'はい、はい',
    ],
  ])('%s', (text) => expect(isBackchannel(text)).toBe(true));

  test.each([
    ...[
      '',
      ' ',
      '?!',
      '🙂',
      'yeah but',
      'no',
      'stop',
      'wait',
      'okay stop',
      'what',
      'a dog',
      'i',
      'right there',
      'no yeah',
    ],
    ...[
      'hello',
      'oh i have a question',
      'sure thing is',
      'nein',
      'stopp',
      'non',
      'attends',
      'no sí',
      'e poi',
      '不',
      '等一下',
    ],
    'yeah '.repeat(40),
  ])('but not: %j', (text) => expect(isBackchannel(text)).toBe(false));

  test('is never found in a text with a word that takes the floor, wherever it stands', () => {
    const noise = fc.array(fc.constantFrom('yeah', 'mhm', 'oh', 'okay', 'I see', 'right'), { maxLength: 4 });
    const floor = fc.constantFrom('but', 'no', 'stop', 'wait', 'actually', 'what', 'Berlin', 'sorry');
    fc.assert(
      fc.property(noise, floor, noise, (before, word, after) => {
        expect(isBackchannel([...before, word, ...after].join(' '))).toBe(false);
      }),
    );
  });

  test('of any length is told quickly, and no text makes it throw', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void isBackchannel(text)));
    const startedMs = performance.now();
    for (const part of ['m', 'h', 'mh', 'そう', 'yeah ', "'", '. ', '-1']) isBackchannel(part.repeat(50_000));
    expect(performance.now() - startedMs).toBeLessThan(500);
  });
});

describe('the same words', () => {
  test.each([
    ['Hello there.', 'hello there'],
    ['What time is it?', 'what  time is it'],
    ['Don’t!', 'dont'],
    ['twenty-five', 'Twenty five'],
    ['Café', 'Cafe\u0301'],
    ['', ' … '],
  ])('%j and %j', (a, b) => {
    expect(sameWords(a, b)).toBe(true);
    expect(sameWords(b, a)).toBe(true);
  });

  test.each([
    ['hello there', 'hello'],
    ['hello', 'hello there'],
    ['', 'a'],
    ['it is 3.5', 'it is 35'],
    ['it is 1 2', 'it is 12'],
    ['it is -5', 'it is 5'],
    ['5%', '5'],
    ['C++', 'C'],
    ['Maße', 'Masse'],
  ])('but not %j and %j', (a, b) => {
    expect(sameWords(a, b)).toBe(false);
    expect(sameWords(b, a)).toBe(false);
  });
});
