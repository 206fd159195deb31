import { describe, expect, test } from 'vitest';
import type { ChatMessage } from '../../src/llm/chat-model.ts';
import { respond } from '../../src/llm/offline/respond.ts';
import { factsIn } from '../../src/memory/extraction/rules.ts';
import { memoryNote } from '../../src/nodes/memory-note.ts';

const NOW_MS = Date.UTC(2026, 10, 23, 14);
const SAID_MS = Date.UTC(2026, 10, 21, 14);
const DAY_MS = 86_400_000;
const surrounding = { nowMs: NOW_MS, timezone: 'UTC', ollamaUrl: null };
const persona: ChatMessage = { role: 'system', text: 'You are Vivavoce, a warm companion.' };
const user = (text: string): ChatMessage => ({ role: 'user', text });
/** So that it does not introduce itself. */
const met: readonly ChatMessage[] = [
  user('Hello'),
  { role: 'assistant', text: 'Good afternoon. No language model is connected.' },
];

/** What a later conversation is told of what the rules have learned from these messages. */
function notesOf(...messages: readonly string[]): ChatMessage {
  const recalled = messages.flatMap((message, day) =>
    factsIn(message).map(({ kind, text }, index) => ({
      id: `m${day}.${index}`,
      kind,
      text,
      validAtMs: SAID_MS + day * DAY_MS,
      relevance: 1,
    })),
  );
  const profile = recalled.filter(({ kind }) => kind === 'profile');
  const note = memoryNote(profile as never, recalled as never);
  expect(note).not.toBeNull();
  return { role: 'system', text: note ?? '' };
}

function answer(notes: ChatMessage, ...said: readonly string[]): string {
  return respond([persona, ...met, notes, ...said.map(user)], surrounding);
}

describe('what rules have learned answers in another conversation', () => {
  test.each([
    ['My name is Alice.', 'What is my name?', 'Your name is Alice.'],
    ['Call me Lissy.', "what's my name", 'Your name is Lissy.'],
    ['I live in Berlin.', 'Where do I live?', 'You live in Berlin.'],
    ['i moved to oslo', 'where do i live', 'You live in Oslo.'],
    ['I live in Berlin.', 'Do I live in Berlin?', 'Yes. You live in Berlin.'],
    ["I'm from Seville.", 'Where am I from?', 'You are from Seville.'],
    ["I'm from Seville.", 'Where do I come from?', 'You are from Seville.'],
    ["I'm a nurse.", 'What do I work as?', 'You work as a nurse.'],
    ["I'm a nurse.", 'What is my job?', 'You work as a nurse.'],
    ["I'm a nurse.", 'What do I do for a living?', 'You work as a nurse.'],
    ['I work at Siemens.', 'Where do I work?', 'You work at Siemens.'],
    ['I work for Siemens.', 'Who do I work for?', 'You work for Siemens.'],
    ['I am 34 years old.', 'How old am I?', 'You are 34 years old.'],
    ['My birthday is on 3 March.', 'When is my birthday?', 'Your birthday is 3 March.'],
    ['I was born on March 3rd.', 'When was I born?', 'Your birthday is 3 March.'],
    ['My pronouns are she/her.', 'What are my pronouns?', 'Your pronouns are she/her.'],
    ['My time zone is Europe/Oslo.', 'What is my time zone?', 'Your time zone is Europe/Oslo.'],
    ['I speak German.', 'What languages do I speak?', 'You speak German.'],
    ['I speak German and Spanish.', 'Do I speak Spanish?', 'Yes. You speak Spanish.'],
    ["I'm vegan.", 'Am I vegan?', 'Yes. You are vegan.'],
    ["I'm allergic to peanuts.", 'What am I allergic to?', 'You are allergic to peanuts.'],
    ['I have diabetes.', 'Do I have diabetes?', 'Yes. You have diabetes.'],
    ['I like hiking.', 'What do I like?', 'You like hiking.'],
    ["I don't like mushrooms.", 'Do I like mushrooms?', 'No. You do not like mushrooms.'],
    ['I hate mushrooms.', 'What do I hate?', 'You hate mushrooms.'],
    ['I prefer tea to coffee.', 'Do I prefer tea or coffee?', 'Yes. You prefer tea to coffee.'],
    ["I've stopped drinking coffee.", 'Do I drink coffee?', 'No. You do not drink coffee.'],
    ['My favorite color is blue.', "what's my favorite color", 'Your favourite colour is blue.'],
    ["I'm afraid of spiders.", 'What am I afraid of?', 'You are afraid of spiders.'],
    ['I play the piano.', 'What do I play?', 'You play the piano.'],
    ['My sister is called Mona.', "What is my sister's name?", 'Your sister is called Mona.'],
    ['my mum is called anna', "what's my mum called", 'Your mother is called Anna.'],
    ['My sister lives in Rome.', 'Where does my sister live?', 'Your sister lives in Rome.'],
    ['My brother is a carpenter.', "What is my brother's job?", 'Your brother works as a carpenter.'],
    ['My brother is 29.', 'How old is my brother?', 'Your brother is 29 years old.'],
    ['I have a dog called Bruno.', "What's my dog's name?", 'Your dog is called Bruno.'],
    ['I have a dog called Bruno.', 'Do I have a dog?', 'Yes. Your dog is called Bruno.'],
    ['I have a dog called Bruno.', 'Who is Bruno?', 'Your dog is called Bruno.'],
    ['We have three kids.', 'How many children do I have?', 'You have three children.'],
    ["I'm married.", 'Am I married?', 'Yes. You are married.'],
    ["I'm flying to Rome on Friday.", 'When am I flying to Rome?', 'You are flying to Rome on Friday.'],
    ['I have an exam tomorrow.', 'When is my exam?', 'You have an exam tomorrow.'],
    ['My wedding is on 12 June.', 'When is my wedding?', 'Your wedding is on 12 June.'],
    [
      'My sister is visiting me next week.',
      'When is my sister visiting me?',
      'Your sister is visiting you next week.',
    ],
    [
      'Remember that the spare key is under the pot.',
      'Where is the spare key?',
      'The spare key is under the pot.',
    ],
    ['Remember that I parked on level three.', 'Where did I park?', 'You parked on level three.'],
  ])('%s — %s', (said, asked, expected) => {
    expect(answer(notesOf(said), asked)).toBe(expected);
  });

  test('and all of it is told to the one who asks what it knows', () => {
    const notes = notesOf(
      'My name is Alice and I live in Berlin.',
      "I'm a nurse.",
      'My sister is called Mona and she lives in Rome.',
      'I love jazz.',
    );
    expect(answer(notes, 'What do you know about me?')).toBe(
      'Your name is Alice. You live in Berlin. You work as a nurse. Your sister is called Mona. ' +
        'Your sister lives in Rome. You love jazz.',
    );
    expect(answer(notes, 'what do you know about my sister')).toBe(
      'Your sister is called Mona. Your sister lives in Rome.',
    );
  });
});

describe('what is said now', () => {
  const notes = notesOf('My name is Alice and I live in Berlin.');

  test('is newer than the notes', () => {
    expect(answer(notes, 'I live in Bergen now.', 'Where do I live?')).toBe('You live in Bergen now.');
    expect(answer(notes, 'Call me Lissy.', 'What is my name?')).toBe('Your name is Lissy.');
  });

  test('counts also when it was only that they moved', () => {
    expect(answer(notes, 'Actually I moved to Oslo.', 'Where do I live?')).toBe('You live in Oslo.');
    expect(answer(notes, "I've moved from Berlin to Oslo last week.", 'where do i live')).toBe(
      'You live in Oslo.',
    );
    const told = answer(notes, 'Actually I moved to Oslo.', 'What do you know about me?');
    expect(told).toBe('Your name is Alice. You live in Oslo.');
  });

  test('sets right what the notes and the conversation say', () => {
    expect(answer(notes, "It's Alicia, not Alice.", 'What is my name?')).toBe('Your name is Alicia.');
    expect(answer(notes, 'My dog is called Bruno.', "it's brutus not bruno", "What's my dog's name?")).toBe(
      'Your dog is called Brutus.',
    );
  });

  test('takes back what the notes say', () => {
    expect(answer(notes, "I don't live in Berlin any more.", 'Where do I live?')).toBe(
      "You don't live in Berlin any more.",
    );
    expect(answer(notes, 'I moved to Oslo.', 'I no longer live in Berlin.', 'Where do I live?')).toBe(
      'You live in Oslo.',
    );
    expect(answer(notesOf("I'm vegan."), "I'm not vegan any more.", 'Am I vegan?')).toMatch(/^No\./);
  });
});

describe('notes', () => {
  const line = (text: string, heading = 'What you know about the user:'): ChatMessage => ({
    role: 'system',
    text: `${heading}\n- ${text}`,
  });

  test.each([
    'The user lives in Oslo. (since 21 November 2026)',
    'The user lives in Oslo. (November 21, 2026)',
    'The user lives in Oslo. [21.11.2026]',
    'The user lives in Oslo (since 2024).',
  ])('may bear a date: %s', (text) => {
    expect(answer(line(text), 'Where do I live?')).toBe('You live in Oslo.');
  });

  test('count by their dates, whatever their order', () => {
    const text = [
      'What you know about the user:',
      '- The user lives in Oslo. (November 21, 2026)',
      '- The user lives in Berlin. (March 2, 2025)',
    ].join('\n');
    expect(answer({ role: 'system', text }, 'Where do I live?')).toBe('You live in Oslo.');
  });

  test('may quote what was said elsewhere, in the words of the person', () => {
    const text = [
      'What you know about the user, oldest first:',
      '- The user lives in Berlin. (November 20, 2026)',
      '- The user said: "Where do I live?" (November 21, 2026)',
      '- The user said: "Well, I moved to Oslo. My cat is called Minka." (November 21, 2026)',
    ].join('\n');
    expect(answer({ role: 'system', text }, 'Where do I live?')).toBe('You live in Oslo.');
    expect(answer({ role: 'system', text }, "What is my cat's name?")).toBe('Your cat is called Minka.');
  });
});

describe('what is to be forgotten', () => {
  const told = (...said: readonly string[]) => answer({ role: 'system', text: 'Be kind.' }, ...said);

  test.each([
    ['My name is Ola and I live in Oslo.', 'Forget that I live in Oslo.', 'Where do I live?', 'Oslo'],
    ['My name is Ola and I live in Oslo.', 'Please forget my name.', 'What is my name?', 'Ola'],
    ['I live in Oslo.', 'Can you forget where I live?', 'Where do I live?', 'Oslo'],
    ["I'm 34 years old.", 'forget how old I am', 'How old am I?', '34'],
  ])('is not told again: %s %s', (said, request, question, word) => {
    expect(told(said, request)).toMatch(/forget it|bring it up/);
    expect(told(said, request, question)).not.toContain(word);
    expect(told(said, request, 'What do you know about me?')).not.toMatch(/forget/i);
  });

  test('is what was asked for, and nothing else', () => {
    const said = ['My name is Ola and I live in Oslo.', 'Forget my name.'];
    expect(told(...said, 'Where do I live?')).toBe('You live in Oslo.');
    expect(told('I live in Oslo.', 'Forget it.', 'Where do I live?')).toBe('You live in Oslo.');
    expect(told('My dog is called Rex.', 'Forget my name.', "What is my dog's name?")).toContain('Rex');
    expect(told('I live in Oslo.', "Don't forget my name.", 'Where do I live?')).toBe('You live in Oslo.');
    expect(told(...said, 'My name is Olav.', 'What is my name?')).toBe('Your name is Olav.');
  });
});

test('somebody who has moved twice lives where they moved last', () => {
  const notes = notesOf('I live in Berlin.');
  const said = ['I moved to Oslo.', 'I have moved again, to Bergen.'];
  expect(answer(notes, ...said, 'Where do I live now?')).toBe('You live in Bergen.');
});

test('what somebody does is their work, not whatever is known of them', () => {
  expect(answer(notesOf('My sister is called Meera.'), 'What does my sister do?')).not.toContain('Meera');
  expect(answer(notesOf('My sister is a baker.'), 'What does my sister do?')).toContain('baker');
});

test('what was said and what is known is told once', () => {
  const notes = notesOf("I'm Priya.", 'I work as a nurse at the city hospital.');
  expect(
    answer(notes, "I'm Priya. I work as a nurse at the city hospital.", 'What do you know about me?'),
  ).toBe('Your name is Priya. You work as a nurse at the city hospital.');
});

test.each(['My name is not important.', "I'm Hungry.", "I'm Tired."])('is no name: %s', (text) => {
  expect(respond([persona, ...met, user(text)], surrounding)).not.toContain('meet you');
});
