import { beforeEach, describe, expect, it } from 'vitest';
import type { Owner } from '../../../src/conversation/store.ts';
import { BatchReader, type Extraction } from '../../../src/memory/learning/batch-reader.ts';
import { ChangeApplier } from '../../../src/memory/learning/change-applier.ts';
import { Learning } from '../../../src/memory/learning/learning.ts';
import { RuleReader } from '../../../src/memory/learning/rule-reader.ts';
import { memoryId } from '../../../src/memory/memory-id.ts';
import { RecentlySaid, wordsOf } from '../../../src/memory/recall/recently-said.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { MemoryInArrays } from '../../support/memory-in-arrays.ts';
import { ALICE, add, BOB, HOLDING, memory, texts } from '../sample-memories.ts';
import { OutboxInArrays } from './outbox-in-arrays.ts';

let clock: ManualClock;
let outbox: OutboxInArrays;
let store: MemoryInArrays;
let isModelThere: boolean;
let extract: () => Promise<void>;
let skipped: string[];
let calls: number;
let recentlySaid: RecentlySaid;
let learning: Learning;

const at = (owner: Owner, itemId: string, text: string) =>
  add(memory(0, text, { id: memoryId(owner, { conversationId: 'a', itemId }, text) }));

/** A process: all that is left of an earlier one is in the outbox and the memory. */
function start(): Learning {
  recentlySaid = new RecentlySaid(outbox);
  const applier = new ChangeApplier({
    outbox,
    apply: (owner, changes) => store.apply(owner, changes),
    clock,
    onFailed: () => undefined,
  });
  const rules = new RuleReader({
    outbox,
    read: async (owner, _id, item) =>
      wordsOf(item).startsWith('My name') ? [at(owner, item.id, `By rule: ${wordsOf(item)}`)] : [],
    clock,
    onDecided: () => applier.wake(),
    onFailed: () => undefined,
  });
  const worthOf = (text: string) => ({
    importance: 0.5,
    skip: text.length < 12 ? ('short' as const) : null,
  });
  const batches = new BatchReader({
    ...{ outbox, transcripts: outbox, worthOf, clock },
    extractor: {
      get isAvailable() {
        return isModelThere;
      },
      async extract(owner, { messages }, signal): Promise<Extraction> {
        calls++;
        const { promise: aborted, reject } = Promise.withResolvers<never>();
        signal.addEventListener('abort', () => reject(new Error('given up')), { once: true });
        await Promise.race([extract(), aborted]);
        const learn = messages.filter(({ learn }) => learn);
        return {
          type: 'learned',
          changes: learn.map(({ itemId, text }) => at(owner, itemId, `By model: ${text}`)),
        };
      },
    },
    onSettled: (owner, ids) => {
      void recentlySaid.settled(owner, ids);
      applier.wake();
    },
    onBatch: () => undefined,
    onQuarantined: () => undefined,
    onFailed: () => undefined,
  });
  return new Learning({
    ...{ outbox, rules, batches, applier, recentlySaid, worthOf },
    onSkipped: (reason) => skipped.push(reason),
  });
}

beforeEach(() => {
  clock = new ManualClock();
  outbox = new OutboxInArrays();
  store = new MemoryInArrays();
  isModelThere = true;
  extract = async () => undefined;
  skipped = [];
  calls = 0;
  learning = start();
});

function say(text: string, owner = ALICE): void {
  learning.said(owner, 'a', outbox.say(owner, 'a', text));
}

const held = async (owner = ALICE) => texts((await store.list(owner, HOLDING)).data);

it('what is said is learned by rules at once, and with a model when the conversation is over', async () => {
  say('My name is Alice.');
  learning.noticed(ALICE, 'a');
  await clock.settle();
  expect(await held()).toEqual(['By rule: My name is Alice.']);
  learning.released(ALICE, 'a');
  await clock.advance(2_000);
  expect(await held()).toEqual(['By rule: My name is Alice.', 'By model: My name is Alice.']);
  expect(outbox.count('new', 'noted', 'quarantined')).toBe(0);
});

it('what is not worth a call is counted, and no model is asked about it', async () => {
  say('Hello.');
  say('Thanks.');
  learning.released(ALICE, 'a');
  await clock.advance(60_000);
  expect(skipped).toEqual(['short', 'short']);
  expect(calls).toBe(0);
  expect(outbox.count('new', 'noted')).toBe(0);
});

it('until a model has read it, what was said is found among what was said lately', async () => {
  await recentlySaid.search(ALICE, 'boat');
  say('I bought a red boat.');
  await clock.settle();
  expect(await recentlySaid.search(ALICE, 'boat')).toHaveLength(1);
  learning.released(ALICE, 'a');
  await clock.advance(2_000);
  expect(await recentlySaid.search(ALICE, 'boat')).toEqual([]);
});

it('what was deleted is not found any more', async () => {
  say('I bought a red boat.');
  expect(await recentlySaid.search(ALICE, 'boat')).toHaveLength(1);
  outbox.erase(ALICE);
  learning.deleted(ALICE);
  expect(await recentlySaid.search(ALICE, 'boat')).toEqual([]);
});

describe('what was deleted or rewritten by hand', () => {
  const takeBack = async (itemId: string) => {
    await learning.takenBack(ALICE, [{ conversationId: 'a', itemId }]);
  };

  it('is neither told from the words that it came from, nor learned from them again', async () => {
    await recentlySaid.search(ALICE, 'boat');
    const boat = outbox.say(ALICE, 'a', 'My name is on a red boat.');
    learning.said(ALICE, 'a', boat);
    say('I sail it to Norway in May.');
    await clock.settle();
    await takeBack(boat.id);
    expect(await recentlySaid.search(ALICE, 'boat')).toEqual([]);
    learning.released(ALICE, 'a');
    await clock.advance(2_000);
    expect(await held()).toEqual([
      'By rule: My name is on a red boat.',
      'By model: I sail it to Norway in May.',
    ]);
  });

  it('is not learned by a model that is just reading it: the rest is read again', async () => {
    const boat = outbox.say(ALICE, 'a', 'I bought a red boat.');
    learning.said(ALICE, 'a', boat);
    say('I sail it to Norway in May.');
    await clock.settle();
    const reading = Promise.withResolvers<void>();
    extract = () => reading.promise;
    learning.released(ALICE, 'a');
    await clock.advance(2_000);
    expect(calls).toBe(1);
    extract = async () => undefined;
    await takeBack(boat.id);
    reading.resolve();
    await clock.settle();
    expect(calls).toBe(2);
    expect(await held()).toEqual(['By model: I sail it to Norway in May.']);
  });
});

it('a failing search among what was said lately is no failure of learning', async () => {
  outbox.failures.newestOf = new Error('locked');
  const failing = recentlySaid.search(ALICE, 'boat').catch((error: unknown) => error);
  say('My name is Alice.');
  expect(await failing).toBeInstanceOf(Error);
  await clock.settle();
  expect(await held()).toEqual(['By rule: My name is Alice.']);
});

it('a model that appears takes up what has waited for it', async () => {
  isModelThere = false;
  say('I bought a red boat.');
  learning.noticed(ALICE, 'a');
  await clock.advance(120_000);
  expect(calls).toBe(0);
  isModelThere = true;
  await learning.modelChanged();
  await clock.settle();
  expect(await held()).toEqual(['By model: I bought a red boat.']);
});

describe('a process that ends at any moment', () => {
  it.each([
    ['before the rules have read it', 0],
    ['while the model reads it', 60_000],
  ])('%s, loses nothing and learns nothing twice', async (_, afterMs) => {
    extract = () => new Promise(() => undefined);
    say('My name is Alice.');
    learning.noticed(ALICE, 'a');
    if (afterMs > 0) await clock.advance(afterMs);
    await learning[Symbol.asyncDispose]();
    extract = async () => undefined;
    for (let restart = 0; restart < 3; restart++) {
      learning = start();
      await learning.start();
      await clock.advance(60_000);
      await learning[Symbol.asyncDispose]();
    }
    expect(await held()).toEqual(['By rule: My name is Alice.', 'By model: My name is Alice.']);
    expect(outbox.count('new', 'noted')).toBe(0);
  });

  it('between deciding and applying, applies it at the next start', async () => {
    outbox.failures.decided = new Error('gone');
    say('My name is Alice.');
    await clock.settle();
    await learning[Symbol.asyncDispose]();
    delete outbox.failures.decided;
    learning = start();
    await learning.start();
    await clock.settle();
    expect(await held()).toContain('By rule: My name is Alice.');
  });
});

describe('a person who is paused', () => {
  it('is not learned about, in any way, and nobody else waits for that', async () => {
    const paused = await learning.pause(ALICE);
    outbox.decide(ALICE, JSON.stringify([at(ALICE, 'x', 'Decided before.')]));
    say('My name is Alice.');
    say('My name is Bob.', BOB);
    learning.released(ALICE, 'a');
    learning.released(BOB, 'a');
    await learning.modelChanged();
    await clock.advance(60_000);
    expect(await held()).toEqual([]);
    expect(await held(BOB)).toEqual(['By rule: My name is Bob.', 'By model: My name is Bob.']);
    paused[Symbol.dispose]();
    await clock.advance(60_000);
    expect(await held()).toEqual([
      'Decided before.',
      'By rule: My name is Alice.',
      'By model: My name is Alice.',
    ]);
  });
});
