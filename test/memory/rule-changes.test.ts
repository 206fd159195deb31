import { describe, expect, test } from 'vitest';
import { type HeldMemory, heldAfter, ruleChanges } from '../../src/memory/extraction/rule-changes.ts';
import type { MemoryChange } from '../../src/memory/memory.ts';
import { memoryId } from '../../src/memory/memory-id.ts';

const owner = { key: 'k', user: 'u' };
const saidAtMs = 1_000;
const nowMs = 5_000;

/** Reads messages of one conversation as a batch. */
function read(texts: readonly string[], begin: readonly HeldMemory[] = []) {
  let held = begin;
  const changes: MemoryChange[][] = [];
  for (const [index, text] of texts.entries()) {
    const source = { conversationId: 'c', itemId: `i${index}` };
    const previousText = texts[index - 1] ?? null;
    const made = ruleChanges({ owner, message: { source, text, saidAtMs }, previousText, held, nowMs });
    held = heldAfter(held, made);
    changes.push(made);
  }
  return { changes, held: held.map(({ text }) => text) };
}

const memory = (id: string, text: string, attribute: string | null, value: string | null): HeldMemory => ({
  id,
  text,
  subject: 'user',
  attribute,
  value,
});

describe('what the rules find', () => {
  test('becomes a memory that remembers where and when it was said', () => {
    const [changes] = read(['Well, I live in Berlin.']).changes;
    const source = { conversationId: 'c', itemId: 'i0' };
    expect(changes).toEqual([
      {
        type: 'add',
        memory: {
          id: memoryId(owner, source, 'The user lives in Berlin.'),
          kind: 'profile',
          text: 'The user lives in Berlin.',
          subject: 'user',
          attribute: 'home',
          value: 'Berlin',
          importance: 0.9,
          validAtMs: saidAtMs,
          source,
          createdAtMs: nowMs,
          context: 'Well, I live in Berlin.',
        },
        supersedes: [],
      },
    ]);
  });

  test('ends what no longer holds, and only that', () => {
    const begin = [
      memory('m1', 'The user lives in Berlin.', 'home', 'Berlin'),
      memory('m2', 'The user works as a nurse.', 'job', 'nurse'),
    ];
    const end = (id: string) => ({ type: 'end', id, atMs: saidAtMs });
    expect(read(["I don't live in Berlin any more."], begin).changes).toEqual([[end('m1')]]);
    expect(read(["I don't live in Munich."], begin).changes).toEqual([[]]);
    expect(read(["I've quit my job."], begin).changes).toEqual([[end('m2')]]);
  });

  test('ends what an earlier message of the same batch taught', () => {
    expect(read(["I'm vegan.", "I'm not vegan any more."]).held).toEqual([]);
  });
});

describe('what is set right', () => {
  test('is what was said before', () => {
    expect(read(['My name is Alice.', "It's Alicia, not Alice."]).held).toEqual([
      "The user's name is Alicia.",
    ]);
    expect(read(['i live in berlin', 'no i meant bergen']).held).toEqual(['The user lives in Bergen.']);
    expect(read(["I'm 34.", 'I meant 35.']).held).toEqual(['The user is 35 years old.']);
    expect(read(['My birthday is on 3 March', 'I meant the fourth of March.']).held).toEqual([
      "The user's birthday is 4 March.",
    ]);
  });

  test('or what is remembered with the wrong value', () => {
    const begin = [memory('m1', "The user's name is Alice.", 'name', 'Alice')];
    const [, changes] = read(['How are you?', "It's Alicia, not Alice."], begin).changes;
    expect(changes).toMatchObject([
      { type: 'add', memory: { text: "The user's name is Alicia.", value: 'Alicia' }, supersedes: ['m1'] },
    ]);
  });

  test.each([
    ['My name is Alice.', "It's Tuesday, not Monday."],
    ['My name is Alice.', 'I meant it.'],
    ['I am 34 years old.', 'I meant Bergen.'],
    ['I live in Berlin.', "No, it's cold."],
    ['The weather is nice.', 'I meant Bergen.'],
  ])('%s — %s: changes nothing', (before, after) => {
    expect(read([before, after]).changes[1]).toEqual([]);
  });
});

test('the same message makes the same changes', () => {
  const texts = ['My name is Alice and I live in Berlin.', 'I love jazz.', 'Actually I moved to Oslo.'];
  expect(read(texts).changes).toEqual(read(texts).changes);
});
