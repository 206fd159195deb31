import { describe, expect, it } from 'vitest';
import { queryKey } from '../../../src/memory/recall/query-key.ts';

describe('two questions are the same', () => {
  it.each([
    ['in another case and with other stops', 'Where do I live?', 'where do i live'],
    ['with fillers', 'Where do I live?', 'Um, well, so where do I actually live, please?'],
    ['with a greeting before it', 'Where do I live?', 'Oh, hello. Where do I live?'],
    ['asked politely', 'Where do I live?', 'Could you please tell me where I live?'],
    [
      'asked of what one remembers',
      'Where does my sister live?',
      'Do you still remember where my sister lives?',
    ],
    ['in another form of a word', 'What are my hobbies?', 'What is my hobby?'],
    ['with a contraction', "What's my name?", 'What is my name'],
    [
      'with the apostrophe of a keyboard and of a book',
      "What's my sister's name?",
      'What’s my sister’s name?',
    ],
    ['with a negation, short and long', "What can't I eat?", 'What cannot I eat?'],
    ['in full width', 'Ｗhere do I live？', 'where do I live'],
  ])('%s', (_, one, other) => {
    expect(queryKey(one)).toBe(queryKey(other));
    expect(queryKey(one)).not.toBe('');
  });
});

describe('two questions are different', () => {
  it.each([
    ['about another person', 'What does my sister like?', 'What does my brother like?'],
    ['when one denies', 'I like olives', "I don't like olives"],
    ['when one denies what can be', 'I can swim', "I can't swim"],
    ['when one never does', 'Do I drink coffee?', 'Do I never drink coffee?'],
    ['about a place and a time', 'Where was I born?', 'When was I born?'],
    ['about me and you', 'What is my name?', 'What is your name?'],
    ['about what is liked and what is done', 'What do I like?', 'What do I do?'],
    ['about what is had and what is', 'What do I have?', 'What am I?'],
    ['about what was and what will be', 'Where did I work?', 'Where will I work?'],
    ['about names that are also verbs', 'Who is Will?', 'Who is May?'],
    ['about one word in another order', 'Does Anna love Ben?', 'Does Ben love Anna?'],
    ['about other numbers', 'What is in room 10?', 'What is in room 12?'],
    ['about directions', 'When is my flight from Oslo?', 'When is my flight to Oslo?'],
    ['in Hindi, by a vowel sign', 'मेरा दिन', 'मेरा दान'],
    ['in Thai, by a tone mark', 'ใกล้', 'ใกล'],
    ['in Japanese', '私の姉の名前は？', '私の兄の名前は？'],
    ['in Russian', 'Где я живу?', 'Где я работаю?'],
    ['in Arabic', 'أين أعيش؟', 'متى ولدت؟'],
  ])('%s', (_, one, other) => expect(queryKey(one)).not.toBe(queryKey(other)));
});

it.each([
  '',
  '   ',
  '?!…',
  '🙂🙂',
  'Um, well, okay.',
  'Hello, please!',
])('nothing is asked with %j', (text) => {
  expect(queryKey(text)).toBe('');
});
