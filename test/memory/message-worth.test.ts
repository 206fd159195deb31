import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { worthOf } from '../../src/memory/extraction/message-worth.ts';
import { JUNK_MESSAGES } from './junk-messages.ts';

describe('a language model is not asked about', () => {
  test.each([
    'Hi!',
    'Hello there, good morning!',
    'hello again',
    'Thank you very much.',
    'okay bye',
    'Yes, exactly.',
    "I'm fine, thanks.",
    'Nice to meet you too.',
    'Great, thanks a lot.',
  ])('a greeting or small talk: %s', (text) => {
    expect(worthOf(text).skip).toBe('greeting');
  });

  test.each(['I am vegan.', 'My name is Alice.', 'Blue, I think.'])('less than five words: %s', (text) => {
    expect(worthOf(text).skip).toBe('short');
  });

  test.each([
    'What do you know about me?',
    'what time is it in tokyo',
    'do you know where my sister lives',
    'could you help me with this problem please',
    'Is Oslo expensive? And how cold does it get?',
    "Hello! Don't I live in Hamburg?",
    'I live in Oslo, right?',
    'and you live where exactly?',
  ])('a question: %s', (text) => {
    expect(worthOf(text).skip).toBe('question');
  });

  test.each([
    'I moved to Oslo, can you believe it?',
    'I moved to Oslo. Do you know it?',
    'My sister came to visit me yesterday.',
    'When I was a child we lived in Cairo.',
    'what i like most is walking by the sea',
    'How nice, I have always wanted one of these.',
    'Hello, I have just been to the dentist.',
    '我的名字叫爱丽丝，我住在柏林',
  ])('but it is about: %s', (text) => {
    expect(worthOf(text).skip).toBeNull();
  });

  test('more than four of ten messages of the two hundred', () => {
    const asked = JUNK_MESSAGES.filter(({ text }) => worthOf(text).skip === null);
    expect(asked.length / JUNK_MESSAGES.length).toBeLessThan(0.6);
    // What only a model can know must reach it.
    const lost = JUNK_MESSAGES.filter(({ learns }) => learns.some(({ by }) => by === 'model')).filter(
      ({ text }) => worthOf(text).skip !== null,
    );
    expect(lost.map(({ text }) => text)).toEqual(['She lives in London.']);
  });
});

describe('the importance', () => {
  test('rises from small talk over statements to what must not be forgotten', () => {
    const ranks = [
      'Good morning!',
      'It is raining here today.',
      'Tell me a joke about cats.',
      'What time is it in Tokyo?',
      'The bus was late and full again.',
      'I went to the cinema last night.',
      'I really love old jazz records.',
      "I'm flying to Rome on Friday.",
      'My sister is called Mona.',
      "I'm allergic to peanuts.",
      'Remember that the key is under the pot.',
    ].map((text) => worthOf(text).importance);
    expect(ranks).toEqual(ranks.toSorted((one, other) => one - other));
    expect(new Set(ranks).size).toBe(ranks.length);
  });

  test('is that of its most important sentence', () => {
    expect(worthOf('Hello! What a day. By the way, my name is Alice. How are you?').importance).toBe(0.9);
  });

  test('lies between 0 and 1 for whatever is said', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        const { importance } = worthOf(text);
        expect(importance).toBeGreaterThanOrEqual(0);
        expect(importance).toBeLessThanOrEqual(1);
      }),
      { numRuns: 300, seed: 4 },
    );
  });
});

test('it takes far less than the 32 ms that a message may take', () => {
  const texts = [
    ...JUNK_MESSAGES.map(({ text }) => text),
    ...['so ', 'yes ', 'i am ', 'my ', '. ', 'good ', ', can you '].map((piece) => piece.repeat(10_000)),
  ];
  const took = texts.map((text) => {
    // The best of three: what else the machine does is not measured.
    const tries = [0, 1, 2].map(() => {
      const beganMs = performance.now();
      worthOf(text);
      return performance.now() - beganMs;
    });
    return { text: text.slice(0, 40), ms: Math.min(...tries) };
  });
  expect(took.filter(({ ms }) => ms > 32)).toEqual([]);
});
