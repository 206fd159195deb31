import { beforeEach, describe, expect, it } from 'vitest';
import type { MessageItem } from '../../../src/conversation/item.ts';
import type { Owner } from '../../../src/conversation/store.ts';
import { RuleReader } from '../../../src/memory/learning/rule-reader.ts';
import type { MemoryChange } from '../../../src/memory/memory.ts';
import { wordsOf } from '../../../src/memory/recall/recently-said.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { ALICE, BOB } from '../sample-memories.ts';
import { OutboxInArrays } from './outbox-in-arrays.ts';

const CHANGES: readonly MemoryChange[] = [{ type: 'end', id: 'm', atMs: 0 }];

let clock: ManualClock;
let outbox: OutboxInArrays;
let read: (owner: Owner, text: string) => Promise<readonly MemoryChange[]>;
let texts: string[];
let decided: number;
let failed: string[];
let reader: RuleReader;

beforeEach(() => {
  clock = new ManualClock();
  outbox = new OutboxInArrays();
  read = async () => CHANGES;
  texts = [];
  decided = 0;
  failed = [];
  reader = new RuleReader({
    outbox,
    read: async (owner, _id, item) => {
      texts.push(wordsOf(item));
      return await read(owner, wordsOf(item));
    },
    clock,
    onDecided: () => decided++,
    onFailed: (error) => failed.push(error),
  });
});

function say(text: string, owner = ALICE, conversationId = 'a'): MessageItem {
  const item = outbox.say(owner, conversationId, text);
  reader.said(owner, conversationId, item);
  return item;
}

/** Reads nothing until it is let go on. */
function hold(): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  read = async () => {
    await promise;
    return CHANGES;
  };
  return resolve;
}

describe('a message', () => {
  it('is read as soon as it is durable, and then waits for a language model with what was decided', async () => {
    const item = say('I live in Berlin.');
    await clock.settle();
    expect(outbox.stageOf(item)).toBe('noted');
    expect(await outbox.decided(10)).toMatchObject([{ owner: ALICE, changes: JSON.stringify(CHANGES) }]);
    expect(decided).toBe(1);
  });

  it('from which nothing is learned moves on too, and tells nobody', async () => {
    read = async () => [];
    const item = say('Hello.');
    await clock.settle();
    expect(outbox.stageOf(item)).toBe('noted');
    expect(await outbox.decided(10)).toEqual([]);
    expect(decided).toBe(0);
  });
});

describe('messages of one person', () => {
  it('are read one after the other as they were said, over all conversations', async () => {
    const letGo = hold();
    say('I live in Berlin.', ALICE, 'a');
    say('I moved to Oslo.', ALICE, 'b');
    say('I live in Rome.', BOB, 'c');
    await clock.settle();
    expect(texts).toEqual(['I live in Berlin.', 'I live in Rome.']);
    letGo();
    await clock.settle();
    expect(texts).toEqual(['I live in Berlin.', 'I live in Rome.', 'I moved to Oslo.']);
  });

  it('wait for one that failed, so that a later one cannot come first', async () => {
    read = async () => {
      throw new Error('locked');
    };
    say('I live in Berlin.');
    await clock.settle();
    read = async () => CHANGES;
    say('I moved to Oslo.');
    await clock.settle();
    expect(texts).toEqual(['I live in Berlin.']);
    await clock.advance(500);
    expect(texts).toEqual(['I live in Berlin.', 'I live in Berlin.', 'I moved to Oslo.']);
    expect(outbox.count('new')).toBe(0);
    expect(failed).toEqual(['locked']);
  });
});

describe('what fails', () => {
  it('is tried again and again until it succeeds', async () => {
    read = async () => {
      throw new Error('locked');
    };
    say('I live in Berlin.');
    await clock.advance(500 + 1_000 + 2_000);
    expect(texts).toHaveLength(4);
    read = async () => CHANGES;
    await clock.advance(4_000);
    expect(outbox.count('new')).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('holds up nobody else, however long', async () => {
    read = async (_owner, text) => {
      if (text === 'poison') throw new Error('bug');
      return CHANGES;
    };
    say('poison');
    await clock.advance(10_000);
    const item = say('I live in Rome.', BOB, 'b');
    await clock.settle();
    expect(outbox.stageOf(item)).toBe('noted');
  });

  it('in the outbox is tried again too', async () => {
    outbox.failures.settle = new Error('disk full');
    say('I live in Berlin.');
    await clock.settle();
    outbox.failures.waiting = new Error('disk full');
    delete outbox.failures.settle;
    await clock.advance(500);
    delete outbox.failures.waiting;
    await clock.advance(1_000);
    expect(failed).toEqual(['disk full', 'disk full']);
    expect(outbox.count('new')).toBe(0);
    expect(await outbox.decided(10)).toHaveLength(1);
  });

  it('in a large backlog is not tried without a pause', async () => {
    for (let i = 0; i < 60; i++) outbox.say(ALICE, `c${i}`, `Message ${i}`);
    read = async () => {
      throw new Error('locked');
    };
    await reader.catchUp();
    await clock.settle();
    expect(texts.length).toBeLessThanOrEqual(60);
    read = async () => CHANGES;
    await clock.advance(500);
    expect(outbox.count('new')).toBe(0);
  });
});

describe('what an earlier process has left', () => {
  it('is read at the start, all of it, once, and that of one conversation in order', async () => {
    for (let i = 0; i < 120; i++) outbox.say(ALICE, 'long', `Message ${i}`);
    for (let i = 0; i < 130; i++) outbox.say(BOB, `c${i}`, `Other ${i}`);
    await reader.catchUp();
    expect(outbox.count('new')).toBe(0);
    expect(texts).toHaveLength(250);
    expect(texts.filter((text) => text.startsWith('Message'))).toEqual(
      Array.from({ length: 120 }, (_, i) => `Message ${i}`),
    );
    await reader.catchUp();
    expect(texts).toHaveLength(250);
  });

  it('is found behind everything that waits for a language model', async () => {
    for (let i = 0; i < 200; i++) outbox.say(ALICE, `c${i}`, 'Read already.', 'noted');
    const item = outbox.say(BOB, 'b', 'I live in Rome.');
    await reader.catchUp();
    expect(outbox.stageOf(item)).toBe('noted');
    expect(texts).toEqual(['I live in Rome.']);
  });
});

describe('a person who is paused', () => {
  it('is not read; what they say meanwhile is read afterwards', async () => {
    const paused = await reader.pause(ALICE);
    const item = say('I live in Berlin.');
    say('I live in Rome.', BOB, 'b');
    await reader.catchUp();
    expect(texts).toEqual(['I live in Rome.']);
    expect(outbox.stageOf(item)).toBe('new');
    paused[Symbol.dispose]();
    await clock.settle();
    expect(outbox.stageOf(item)).toBe('noted');
  });

  it('has nothing under way when the pause begins', async () => {
    const letGo = hold();
    say('I live in Berlin.');
    await clock.settle();
    let isPaused = false;
    const pausing = reader.pause(ALICE).then(() => {
      isPaused = true;
    });
    await clock.settle();
    expect(isPaused).toBe(false);
    letGo();
    await pausing;
    expect(outbox.count('new')).toBe(0);
  });
});

it('a reader that is disposed ends what it does, begins nothing more, and leaves no timer', async () => {
  const letGo = hold();
  const first = say('I live in Berlin.');
  await clock.settle();
  const disposing = reader[Symbol.asyncDispose]();
  say('I moved to Oslo.');
  letGo();
  await disposing;
  await reader.catchUp();
  expect(texts).toEqual(['I live in Berlin.']);
  expect(outbox.stageOf(first)).toBe('noted');
  expect(clock.pending).toBe(0);
});
