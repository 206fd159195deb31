import { beforeAll, describe, expect, test } from 'vitest';
import { type HeldMemory, heldAfter, ruleChanges } from '../../src/memory/extraction/rule-changes.ts';
import type { Memory } from '../../src/memory/memory.ts';
import { MemoryInArrays } from '../support/memory-in-arrays.ts';
import { JUNK_MEMORIES, JUNK_MESSAGES, type JunkLesson } from './junk-messages.ts';

const owner = { key: 'k', user: 'alice' };
const BEGIN_MS = Date.UTC(2026, 10, 21, 18);
const MINUTE_MS = 60_000;
const byRules = (lessons: readonly JunkLesson[]) =>
  lessons.filter(({ by }) => by === 'rules').map(({ text }) => text);

interface Step {
  readonly id: string;
  readonly text: string;
  readonly learned: readonly string[];
  readonly ended: readonly string[];
}

/** Reads all messages one after the other, as the outbox gives them. */
async function readAll(store: MemoryInArrays): Promise<Step[]> {
  const steps: Step[] = [];
  let held: readonly HeldMemory[] = [];
  for (const [index, { id, conversation, text }] of JUNK_MESSAGES.entries()) {
    const before = JUNK_MESSAGES[index - 1];
    const changes = ruleChanges({
      owner,
      message: {
        source: { conversationId: conversation, itemId: id },
        text,
        saidAtMs: BEGIN_MS + index * MINUTE_MS,
      },
      previousText: before?.conversation === conversation ? before.text : null,
      held,
      nowMs: BEGIN_MS + index * MINUTE_MS,
    });
    const holding = await texts(store);
    await store.apply(owner, changes);
    const after = await texts(store);
    held = heldAfter(held, changes);
    steps.push({
      id,
      text,
      learned: after.filter((each) => !holding.includes(each)),
      ended: holding.filter((each) => !after.includes(each)),
    });
  }
  expect(held.map((memory) => memory.text).toSorted()).toEqual((await texts(store)).toSorted());
  return steps;
}

async function memories(store: MemoryInArrays, withHistory: boolean): Promise<readonly Memory[]> {
  return (await store.list(owner, { limit: 1000, order: 'asc', withHistory })).data;
}

async function texts(store: MemoryInArrays): Promise<string[]> {
  return (await memories(store, false)).map(({ text }) => text);
}

describe('two hundred messages, read with rules alone', () => {
  const store = new MemoryInArrays();
  let steps: Step[];
  beforeAll(async () => {
    steps = await readAll(store);
  });

  test('are two hundred', () => {
    expect(JUNK_MESSAGES).toHaveLength(200);
    expect(new Set(JUNK_MESSAGES.map(({ id }) => id)).size).toBe(200);
  });

  test('teach what each of them may, at once, and nothing else', () => {
    const expected = JUNK_MESSAGES.map(({ id, text, learns, ends }) => ({
      id,
      text,
      learned: byRules(learns),
      ended: ends,
    }));
    expect(steps).toEqual(expected);
  });

  test('leave exactly the expected memories', async () => {
    expect(await texts(store)).toEqual(byRules(JUNK_MEMORIES));
  });

  test('keep what no longer holds as history', async () => {
    const past = (await memories(store, true)).filter(({ invalidAtMs }) => invalidAtMs !== null);
    expect(past.map(({ text }) => text).toSorted()).toEqual(
      JUNK_MESSAGES.flatMap(({ ends }) => ends).toSorted(),
    );
    const home = past.find(({ attribute, subject }) => attribute === 'home' && subject === 'user');
    const now = (await memories(store, false)).find(({ text }) => text === 'The user lives in Oslo.');
    expect(home?.supersededBy).toBe(now?.id);
  });

  test('read again, change nothing', async () => {
    const before = await memories(store, true);
    const again = new MemoryInArrays();
    await readAll(again);
    expect(await memories(again, true)).toEqual(before);
  });

  test('belong to their expected set: it follows from what each message teaches and ends', () => {
    const held: JunkLesson[] = [];
    for (const { learns, ends } of JUNK_MESSAGES) {
      for (const text of ends)
        held.splice(
          held.findIndex((lesson) => lesson.text === text),
          1,
        );
      held.push(...learns);
    }
    expect(held).toEqual(JUNK_MEMORIES);
  });
});
