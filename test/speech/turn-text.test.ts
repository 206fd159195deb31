import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeText } from '../../src/speech/turn-text.ts';

const COMPLETE = [
  // Short answers, greetings, closers
  ...[
    'yes',
    'uh huh',
    'mhm',
    'no',
    'hello',
    'yeah okay',
    'hi',
    'goodbye',
    'maybe',
    'stop',
    'no thanks',
    'not really',
    'thank you',
  ],
  ...[
    'turn off the light please',
    'that would be great thanks',
    "and that's all",
    'good morning',
    "i don't know",
  ],
  // Questions
  ...[
    'what time is it',
    'how old are you',
    'who wrote hamlet',
    'how many people live in berlin',
    "what's the weather today",
  ],
  ...[
    'where are you from',
    'what are you looking for',
    'who are you talking to',
    'so what is it about',
    'why not tomorrow',
    'where is it',
    'how are you',
    'what was that',
    'what about dinner',
    'how is it going',
  ],
  ...[
    'can you hear me',
    'do you remember my name',
    'are you there',
    'is the shop still open',
    'could you repeat that',
  ],
  ...[
    'hello can you help me with my homework',
    'well do you like music',
    'have you seen my keys',
    "isn't it lovely",
  ],
  // Ellipses
  ...[
    'yes i can',
    'i think it is',
    'i know who you are',
    'do you know what time it is',
    'can you tell me what my name is',
  ],
  ...['tell me who you are', 'no i did'],
  // What recognisers with punctuation write
  ...[
    'My name is Alice.',
    'What is it like in?',
    'I live in Berlin.',
    'Stop!',
    'Where are you from?',
    '今天天气很好。',
    'Да.',
  ],
  ...[
    'This is what I want. What time is it',
    'I told you about it. Thanks',
    'It was 3.14.',
    'Who?',
    '"Really?"',
  ],
  // Others
  ...[
    'ja',
    'nein danke',
    'wie heißt du',
    'kannst du mir bitte helfen',
    'wo ist der bahnhof',
    'das war alles',
  ],
  ...['oui merci', "comment allez vous aujourd'hui", 'un café s’il vous plaît', 'pourquoi tu dis ça'],
  ...['sí', 'dónde está la estación', 'eso es todo', 'un café por favor', 'qué hora es'],
];

const INCOMPLETE = [
  // Conjunctions, articles, prepositions
  ...[
    'i went home and',
    'i would go but',
    'because',
    'i like it because',
    'the',
    'i saw a',
    'i live in the',
    'i come from',
  ],
  ...[
    'it is made of',
    'i want to',
    'the capital of',
    'if',
    'we could go there or',
    'put it into',
    'she gave it to my',
  ],
  // Unfinished clauses
  ...[
    'can you tell me what the',
    'can you',
    'could you tell me',
    'i want',
    "i'd like",
    'i was wondering',
    'my name is',
  ],
  ...[
    "i'm",
    'what is the',
    'do you have',
    'is there',
    'what do you think about',
    'what do you want to',
    'do you know what is',
  ],
  ...[
    'i think',
    'and then',
    'what is the weather like in the',
    'i was',
    'they have been',
    'you said that they',
  ],
  ...[
    'i was born in',
    'tell me how',
    'hello my name is',
    'what is my',
    'can you give me the number of',
    'how about',
  ],
  ...[
    'can you tell me how far it',
    'what should i wear if it',
    'how long does it',
    'is there a good',
    'where is the nearest',
    'is the nearest',
  ],
  ...['is there a restaurant near', 'could you give me a few', 'i told him that you'],
  // Hesitation
  ...[
    'um',
    'uh',
    'i think um',
    'my favourite colour is uh',
    'let me think',
    'hold it well er',
    'hm so let me see',
    'ummm',
  ],
  // Dictation
  ...[
    'my number is four nine one',
    'my pin is 1 2',
    'zero one seven six',
    'it is double four seven',
    '0176 55',
    'one two three',
  ],
  ...['the code is 12 34'],
  // Punctuation
  ...[
    'I think…',
    'Well, I was...',
    'First,',
    'I would like:',
    'You see -',
    'I bought apples, pears and',
    'I want to.',
    'And.',
  ],
  ...['It was fine. But', 'I saw him。 and'],
  // Others
  ...[
    'ich möchte',
    'ich gehe nach hause und',
    'ich habe das nicht gemacht weil',
    'kannst du mir',
    'ich wohne in der',
    'äh',
    'ähm',
  ],
  ...['ich hätte gerne einen', 'meine nummer ist null eins sieben'],
  ...[
    'je voudrais',
    "j'ai acheté du pain et",
    'je pense que',
    'est-ce que',
    'je ne viens pas parce que',
    'euh',
  ],
  ...[
    'yo quiero',
    'me gustaría',
    'voy a la casa de',
    'no puedo porque',
    'está muy bien pero',
    'mi número es cuatro cinco',
  ],
];

const UNSURE = [
  ...[
    '',
    '  ',
    '…?!'.slice(0, 0),
    '🙂',
    'my name is alice',
    'tell me a joke',
    'i live in berlin',
    'i have two',
    'the weather',
  ],
  ...['turn it on', 'i like that', 'when i was young', 'what you said', 'what the weather', 'twenty five'],
  ...[
    'it was in nineteen ninety nine',
    'i saw her',
    'my number is 0176 5512345',
    'i was there in 1999',
    '今天天气',
    'меня зовут анна',
  ],
  ...[
    'ich heiße anna',
    'je m’appelle anna',
    'me llamo ana',
    'come in',
    'please',
    'how much money',
    'could you play',
    'can you tell',
    'how much did i spend on',
    'l',
    "i can't",
  ],
];

describe('the words say', () => {
  test.each(COMPLETE)('complete: %s', (text) => expect(judgeText(text)).toBe('complete'));
  test.each(INCOMPLETE)('incomplete: %s', (text) => expect(judgeText(text)).toBe('incomplete'));
  test.each(UNSURE)('unsure: %s', (text) => expect(judgeText(text)).toBe('unsure'));
});

test.each([...COMPLETE, ...INCOMPLETE])('case and spaces change nothing: %s', (text) => {
  expect(judgeText(`  ${text.toUpperCase().replaceAll(' ', '  ')}\n`)).toBe(judgeText(text));
});

test('no text makes it throw, and none is judged in more than the three words', () => {
  const word = fc.oneof(
    fc.constantFrom(...[...COMPLETE, ...INCOMPLETE].join(' ').split(' ')),
    fc.string({ unit: 'binary' }),
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.array(word, { maxLength: 30 }).map((all) => all.join(' ')),
      ),
      (text) => {
        expect(['complete', 'incomplete', 'unsure']).toContain(judgeText(text));
      },
    ),
    { numRuns: 500 },
  );
});

test('ten thousand words take no longer than ten', () => {
  const nasty = ['and then ', 'a', 'mmmm', '... ', "don't", '1 2 ', ', ,', '- '].map((part) =>
    part.repeat(10_000),
  );
  const startedMs = performance.now();
  for (const text of nasty) judgeText(text);
  // Microseconds each; the room is for a machine that does other things at the same time.
  expect(performance.now() - startedMs).toBeLessThan(100);
});
