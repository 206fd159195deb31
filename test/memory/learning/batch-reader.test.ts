import { beforeEach, describe, expect, it } from 'vitest';
import { VivavoceError } from '../../../src/errors.ts';
import {
  type BatchMessage,
  BatchReader,
  type Extraction,
  type MessageExtractor,
} from '../../../src/memory/learning/batch-reader.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { ALICE, BOB } from '../sample-memories.ts';
import { OutboxInArrays } from './outbox-in-arrays.ts';

const WORTHY = 'I have a sister in Oslo.';
const LEARNED: Extraction = { type: 'learned', changes: [{ type: 'end', id: 'm', atMs: 0 }] };
const A = { owner: ALICE, conversationId: 'a' };

/** A language model that reads batches: by a script, or when the test says so. */
class ScriptedExtractor implements MessageExtractor {
  isAvailable = true;
  readonly batches: (readonly BatchMessage[])[] = [];
  readonly conversations: string[] = [];
  readonly signals: AbortSignal[] = [];
  /** Answers of the next calls; after them everything is learned from. */
  readonly script: (Extraction | Error | Promise<Extraction>)[] = [];
  running = 0;
  most = 0;

  async extract(
    _owner: unknown,
    { conversationId, messages }: { conversationId: string; messages: readonly BatchMessage[] },
    signal: AbortSignal,
  ): Promise<Extraction> {
    this.batches.push(messages);
    this.conversations.push(conversationId);
    this.signals.push(signal);
    this.most = Math.max(this.most, ++this.running);
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    signal.addEventListener('abort', () => reject(new VivavoceError('cancelled', 'enough')), { once: true });
    try {
      const next = this.script.shift() ?? LEARNED;
      if (next instanceof Error) throw next;
      return await Promise.race([next, aborted]);
    } finally {
      this.running--;
    }
  }

  /** What was learned from, batch by batch. */
  get learned(): string[][] {
    return this.batches.map((batch) => batch.filter(({ learn }) => learn).map(({ text }) => text));
  }
}

let clock: ManualClock;
let outbox: OutboxInArrays;
let extractor: ScriptedExtractor;
let events: string[];
let settled: string[];
let reader: BatchReader;

function start(): BatchReader {
  return new BatchReader({
    outbox,
    transcripts: outbox,
    extractor,
    worthOf: (text) => ({ importance: 0.5, skip: text.length < 10 ? 'short' : null }),
    clock,
    onSettled: ({ user }, ids) => settled.push(`${user}: ${ids.join(' ')}`),
    onBatch: ({ messages, changes }) => events.push(`${messages} messages, ${changes} changes`),
    onQuarantined: (id, messages, reason) => events.push(`${id}: ${messages} quarantined, ${reason}`),
    onFailed: (error) => events.push(`failed: ${error}`),
  });
}

beforeEach(() => {
  clock = new ManualClock();
  outbox = new OutboxInArrays();
  extractor = new ScriptedExtractor();
  events = [];
  settled = [];
  reader = start();
});

/** The rules have read it, and the reader knows. */
function say(text: string, { owner, conversationId } = A) {
  const item = outbox.say(owner, conversationId, text, 'noted');
  if (text.length >= 10) reader.said({ owner, conversationId }, 0.5);
  return item;
}

async function idle(): Promise<void> {
  await clock.advance(60_000);
}

describe('a batch', () => {
  it('is read when the conversation has been idle, and its messages leave the outbox with what was decided', async () => {
    const item = say(WORTHY);
    reader.noticed(A);
    await clock.advance(59_999);
    expect(extractor.batches).toEqual([]);
    await clock.advance(1);
    expect(extractor.learned).toEqual([[WORTHY]]);
    expect(outbox.settlements).toEqual([
      {
        conversationId: 'a',
        items: [{ id: item.id, to: 'done' }],
        changes: JSON.stringify(LEARNED.type === 'learned' && LEARNED.changes),
      },
    ]);
    expect(settled).toEqual([`alice: ${item.id}`]);
    expect(events).toEqual(['1 messages, 1 changes']);
  });

  it('is read within two seconds after everybody has left', async () => {
    say(WORTHY);
    reader.released(A);
    await clock.advance(2_000);
    expect(extractor.learned).toEqual([[WORTHY]]);
  });

  it('is ten messages with one call', async () => {
    for (let i = 0; i < 10; i++) {
      say(`${WORTHY} ${i}`);
      outbox.answer(ALICE, 'a', 'I see.');
      reader.noticed(A);
    }
    await clock.settle();
    expect(extractor.learned).toHaveLength(1);
    expect(extractor.learned[0]).toHaveLength(10);
  });

  it('has what was answered, what was said before, and short messages, to understand the others with', async () => {
    for (let i = 0; i < 6; i++) {
      outbox.say(ALICE, 'a', `Read before ${i}.`, 'quarantined');
    }
    say('I have a sister.');
    outbox.answer(ALICE, 'a', 'Does she live in Oslo?');
    say('Yes.');
    say('She is a teacher.');
    outbox.answer(ALICE, 'a', 'How nice.');
    await idle();
    expect(extractor.batches[0]?.map(({ role, text, learn }) => [role, text, learn])).toEqual([
      ...[2, 3, 4, 5].map((i) => ['user', `Read before ${i}.`, false]),
      ['user', 'I have a sister.', true],
      ['assistant', 'Does she live in Oslo?', false],
      ['user', 'Yes.', false],
      ['user', 'She is a teacher.', true],
    ]);
    expect(outbox.count('noted')).toBe(0);
    expect(outbox.count('quarantined')).toBe(6);
  });

  it('that learns nothing leaves the outbox too', async () => {
    extractor.script.push({ type: 'learned', changes: [] });
    say(WORTHY);
    await idle();
    expect(outbox.settlements).toMatchObject([{ changes: null }]);
    expect(outbox.count('noted')).toBe(0);
  });

  it('with nothing but what is not worth a call makes none, and leaves the outbox', async () => {
    for (let i = 0; i < 95; i++) say('Hi.');
    reader.released(A);
    await clock.advance(2_000);
    expect(extractor.batches).toEqual([]);
    expect(outbox.count('noted')).toBe(0);
    expect(events).toEqual([]);
  });

  it('leaves what the call had no room for to the next one', async () => {
    const second = say(`${WORTHY} 1`) && say(`${WORTHY} 2`);
    extractor.script.push({ ...LEARNED, unread: [second.id] });
    await idle();
    expect(extractor.learned).toEqual([[`${WORTHY} 1`, `${WORTHY} 2`], [`${WORTHY} 2`]]);
    expect(events).toEqual(['1 messages, 1 changes', '1 messages, 1 changes']);
  });

  it('does not take what the rules have not read, and comes back for it', async () => {
    say(WORTHY);
    const late = outbox.say(ALICE, 'a', 'I have a brother too.', 'new');
    await idle();
    expect(extractor.learned).toEqual([[WORTHY]]);
    await outbox.settle(ALICE, 'a', { items: [{ id: late.id, to: 'noted' }], changes: null });
    await idle();
    expect(extractor.learned).toEqual([[WORTHY], ['I have a brother too.']]);
  });

  it('waits for the rules where they could not read at the start', async () => {
    const item = outbox.say(ALICE, 'a', WORTHY, 'new');
    await reader.catchUp();
    await idle();
    expect(extractor.batches).toEqual([]);
    await outbox.settle(ALICE, 'a', { items: [{ id: item.id, to: 'noted' }], changes: null });
    await idle();
    expect(extractor.learned).toEqual([[WORTHY]]);
  });
});

describe('long conversations', () => {
  it('are read forty messages at a time, each once and in order', async () => {
    const all = Array.from({ length: 95 }, (_, i) => `${WORTHY} ${i}`);
    for (const text of all) say(text);
    await idle();
    expect(extractor.learned.map((batch) => batch.length)).toEqual([40, 40, 15]);
    expect(extractor.learned.flat()).toEqual(all);
    expect(outbox.count('noted')).toBe(0);
  });

  it('lose nothing that stands between many other items', async () => {
    const all: string[] = [];
    for (let i = 0; i < 300; i++) {
      if (i % 37 === 0) {
        all.push(`${WORTHY} ${i}`);
        say(`${WORTHY} ${i}`);
      } else outbox.answer(ALICE, 'a', 'Mm.');
    }
    await idle();
    expect(extractor.learned.flat()).toEqual(all);
    expect(Math.max(...extractor.batches.map((batch) => batch.length))).toBeLessThanOrEqual(105);
    expect(outbox.count('noted')).toBe(0);
  });
});

describe('batches of several conversations', () => {
  it('are read one at a time, the most important first', async () => {
    const first = Promise.withResolvers<Extraction>();
    extractor.script.push(first.promise);
    say(WORTHY, { owner: ALICE, conversationId: 'first' });
    reader.released({ owner: ALICE, conversationId: 'first' });
    await clock.advance(2_000);
    for (const [conversationId, importance] of [
      ['dull', 0.3],
      ['vital', 0.9],
    ] as const) {
      outbox.say(BOB, conversationId, WORTHY, 'noted');
      reader.said({ owner: BOB, conversationId }, importance);
      reader.released({ owner: BOB, conversationId });
    }
    await clock.advance(2_000);
    expect(extractor.conversations).toEqual(['first']);
    first.resolve(LEARNED);
    await clock.settle();
    expect(extractor.conversations).toEqual(['first', 'vital', 'dull']);
    expect(extractor.most).toBe(1);
  });
});

describe('answers that cannot be used', () => {
  it('put the messages away where everybody sees it, and hold up nothing', async () => {
    extractor.script.push({ type: 'unusable', reason: 'no JSON' });
    const bad = say(WORTHY);
    const short = say('Yes.');
    await idle();
    expect(events).toEqual(['a: 1 quarantined, no JSON']);
    expect([outbox.stageOf(bad), outbox.stageOf(short)]).toEqual(['quarantined', null]);
    expect(await outbox.decided(10)).toEqual([]);
    say('My brother lives in Rome.');
    await idle();
    expect(extractor.learned).toEqual([[WORTHY], ['My brother lives in Rome.']]);
  });
});

describe('an engine that fails', () => {
  it('is asked again, later and later, and nothing is lost', async () => {
    const down = new VivavoceError('engine_failed', 'out of memory');
    extractor.script.push(down, down, down);
    say(WORTHY);
    await idle();
    expect(extractor.batches).toHaveLength(1);
    await clock.advance(500);
    expect(extractor.batches).toHaveLength(2);
    await clock.advance(999);
    expect(extractor.batches).toHaveLength(2);
    await clock.advance(1);
    expect(extractor.batches).toHaveLength(3);
    await clock.advance(2_000);
    expect(events).toEqual([...Array(3).fill('failed: out of memory'), '1 messages, 1 changes']);
    expect(outbox.count('noted')).toBe(0);
  });

  it('is not asked about other conversations meanwhile', async () => {
    extractor.script.push(new VivavoceError('engine_failed', 'down'));
    say(WORTHY);
    await idle();
    reader.released({ owner: BOB, conversationId: 'b' });
    outbox.say(BOB, 'b', WORTHY, 'noted');
    await clock.advance(499);
    expect(extractor.batches).toHaveLength(1);
    await clock.advance(2_000);
    expect(extractor.conversations.toSorted()).toEqual(['a', 'a', 'b']);
  });

  it('for a turn that came first is asked again just the same', async () => {
    extractor.script.push(new VivavoceError('engine_unavailable', 'a turn began'));
    say(WORTHY);
    await idle();
    await clock.advance(500);
    expect(outbox.count('noted')).toBe(0);
    expect(await outbox.decided(10)).toHaveLength(1);
  });
});

describe('without a language model', () => {
  it('messages wait in the outbox until there is one', async () => {
    extractor.isAvailable = false;
    for (let i = 0; i < 10; i++) say(`${WORTHY} ${i}`);
    reader.noticed(A);
    await idle();
    expect(outbox.count('noted')).toBe(10);
    expect(events).toEqual([]);
    extractor.isAvailable = true;
    await reader.catchUp();
    await clock.settle();
    expect(extractor.learned).toHaveLength(1);
    expect(outbox.count('noted')).toBe(0);
  });

  it('however many conversations there are by then', async () => {
    for (let i = 0; i < 130; i++) outbox.say(ALICE, `c${i}`, WORTHY, 'noted');
    await reader.catchUp();
    await clock.settle();
    expect(extractor.batches).toHaveLength(130);
    expect(outbox.count('noted')).toBe(0);
    expect(clock.pending).toBe(0);
  });
});

describe('an outbox that cannot be read', () => {
  it('is read again later, also at the start', async () => {
    outbox.say(ALICE, 'a', WORTHY, 'noted');
    outbox.failures.waiting = new Error('locked');
    await reader.catchUp();
    expect(events).toEqual(['failed: locked']);
    delete outbox.failures.waiting;
    await clock.advance(500);
    expect(extractor.learned).toEqual([[WORTHY]]);
  });

  it('is asked once more for the same batch when it could not be written', async () => {
    outbox.failures.settle = new Error('disk full');
    say(WORTHY);
    await idle();
    delete outbox.failures.settle;
    await clock.advance(500);
    expect(extractor.batches).toHaveLength(2);
    expect(await outbox.decided(10)).toHaveLength(1);
    expect(outbox.count('noted')).toBe(0);
  });
});

describe('after a crash', () => {
  it('in the middle of a call the batch is read again, and its changes are decided once', async () => {
    extractor.script.push(new Promise(() => undefined));
    say(WORTHY);
    await idle();
    // The process is gone; nothing but the outbox is left.
    reader = start();
    await reader.catchUp();
    await clock.settle();
    expect(extractor.learned).toEqual([[WORTHY], [WORTHY]]);
    expect(await outbox.decided(10)).toHaveLength(1);
    reader = start();
    await reader.catchUp();
    await clock.settle();
    expect(extractor.batches).toHaveLength(2);
  });
});

describe('somebody who is being erased', () => {
  it('is read no further: a call about them is given up, and nothing is decided', async () => {
    extractor.script.push(new Promise(() => undefined));
    say(WORTHY);
    await idle();
    using _paused = await reader.pause(ALICE);
    expect(extractor.signals[0]?.aborted).toBe(true);
    say('My brother lives in Rome.');
    reader.released(A);
    await reader.catchUp();
    await idle();
    expect(extractor.batches).toHaveLength(1);
    expect(outbox.settlements).toEqual([]);
    expect(events).toEqual([]);
  });

  it('holds up nobody else', async () => {
    using _paused = await reader.pause(ALICE);
    say(WORTHY);
    say(WORTHY, { owner: BOB, conversationId: 'b' });
    await idle();
    expect(extractor.conversations).toEqual(['b']);
  });

  it('is read again afterwards: what survives is learned from', async () => {
    extractor.script.push(new Promise(() => undefined));
    say(WORTHY);
    await idle();
    const paused = await reader.pause(ALICE);
    outbox.erase(ALICE);
    say('I am back again.', { owner: ALICE, conversationId: 'later' });
    await idle();
    paused[Symbol.dispose]();
    await clock.settle();
    expect(extractor.learned).toEqual([[WORTHY], ['I am back again.']]);
  });
});

it('a reader that is disposed gives up its call and leaves no timer', async () => {
  extractor.script.push(new Promise(() => undefined));
  say(WORTHY);
  await idle();
  say(`${WORTHY} Still.`);
  await reader[Symbol.asyncDispose]();
  expect(extractor.signals[0]?.aborted).toBe(true);
  expect(outbox.count('noted')).toBe(2);
  expect(clock.pending).toBe(0);
  expect(events).toEqual([]);
});
