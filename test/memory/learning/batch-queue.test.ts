import { beforeEach, describe, expect, it } from 'vitest';
import { BatchQueue } from '../../../src/memory/learning/batch-queue.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { ALICE, BOB } from '../sample-memories.ts';

const A = { owner: ALICE, conversationId: 'a' };
const B = { owner: ALICE, conversationId: 'b' };
const OF_BOB = { owner: BOB, conversationId: 'a' };

let clock: ManualClock;
let queue: BatchQueue;
let dueAtMs: number[];
let forgotten: number;

beforeEach(() => {
  clock = new ManualClock();
  dueAtMs = [];
  forgotten = 0;
  queue = new BatchQueue(clock, {
    onDue: () => dueAtMs.push(clock.monotonicMs()),
    onFull: () => forgotten++,
  });
});

const next = () => queue.next(() => true);

function say(conversation: typeof A, times = 1, importance = 0.5): void {
  for (let i = 0; i < times; i++) queue.said(conversation, importance);
}

describe('a conversation is due', () => {
  it('with the answer to its tenth message', () => {
    for (let i = 0; i < 10; i++) {
      expect(next()).toBeNull();
      say(A);
      queue.noticed(A);
    }
    expect(next()).toEqual(A);
    expect(next()).toBeNull();
  });

  it('when nothing has been added for a minute', async () => {
    say(A);
    queue.noticed(A);
    await clock.advance(59_999);
    say(A);
    await clock.advance(50_000);
    queue.noticed(A);
    await clock.advance(59_999);
    expect(dueAtMs).toEqual([]);
    await clock.advance(1);
    expect(next()).toEqual(A);
  });

  it('though nobody ever answers it', async () => {
    say(A, 12);
    await clock.advance(60_000);
    expect(next()).toEqual(A);
  });

  it('at most two seconds after its last connection was closed', async () => {
    say(A);
    queue.noticed(A);
    queue.released(A);
    await clock.advance(2_000);
    expect(next()).toEqual(A);
  });

  it('no later because something was said in the moment in which it was closed', async () => {
    queue.released(A);
    await clock.advance(1_000);
    say(A);
    await clock.advance(1_000);
    expect(next()).toEqual(A);
  });

  it('no later because it was closed after nearly a minute', async () => {
    say(A);
    await clock.advance(59_000);
    queue.released(A);
    await clock.advance(1_000);
    expect(dueAtMs).toEqual([60_000]);
  });

  it('a minute after the next message when somebody has come back', async () => {
    say(A);
    queue.released(A);
    queue.noticed(A);
    await clock.advance(59_999);
    expect(next()).toBeNull();
    await clock.advance(1);
    expect(next()).toEqual(A);
  });

  it('at once when it has waited for long enough', () => {
    queue.overdue(A);
    expect(dueAtMs).toEqual([0]);
    expect(next()).toEqual(A);
  });
});

describe('of those that are due', () => {
  it('the one with the most important message comes first, then the one that has waited longest', async () => {
    queue.overdue(OF_BOB);
    await clock.advance(1);
    say(A, 1, 0.3);
    say(A, 1, 0.9);
    say(A, 1, 0.1);
    queue.overdue(A);
    say(B, 1, 0.5);
    queue.overdue(B);
    queue.overdue({ ...OF_BOB, conversationId: 'c' });
    expect([next(), next(), next(), next(), next()].map((each) => each?.conversationId)).toEqual([
      'a',
      'b',
      'a',
      'c',
      undefined,
    ]);
  });

  it('those that may not be read now stay', () => {
    queue.overdue(A);
    queue.overdue(OF_BOB);
    const notAlice = ({ user }: typeof ALICE) => user !== 'alice';
    expect(queue.next(notAlice)).toEqual(OF_BOB);
    expect(queue.next(notAlice)).toBeNull();
    expect(next()).toEqual(A);
  });
});

it('the same id of two owners is two conversations', () => {
  say(A, 9);
  say(OF_BOB, 1);
  queue.noticed(OF_BOB);
  queue.noticed(A);
  expect(next()).toBeNull();
});

it('messages are counted anew once a conversation is taken out', () => {
  say(A, 10);
  queue.noticed(A);
  expect(next()).toEqual(A);
  say(A);
  queue.noticed(A);
  expect(next()).toBeNull();
});

it('a thousand may be due; what is due after them is forgotten, and it says so', () => {
  const conversation = (index: number) => ({ owner: ALICE, conversationId: String(index) });
  for (let index = 0; index < 1_000; index++) queue.overdue(conversation(index));
  expect(forgotten).toBe(0);
  queue.overdue(conversation(1_000));
  queue.overdue(conversation(0));
  expect(forgotten).toBe(1);

  expect(next()).toEqual(conversation(0));
  queue.overdue(conversation(1_001));
  expect(forgotten).toBe(1);
  const rest = Array.from({ length: 1_000 }, () => next()?.conversationId);
  expect(rest).not.toContain('1000');
  expect(rest.at(-1)).toBe('1001');
  expect(next()).toBeNull();
});

it('whether one may be read is asked about few of a thousand: all of this is on the event loop', () => {
  for (let index = 0; index < 1_000; index++) queue.overdue({ owner: ALICE, conversationId: String(index) });
  let asked = 0;
  queue.next(() => ++asked > 0);
  expect(asked).toBe(1);
});

it('no timer is left when it is disposed', () => {
  say(A);
  queue.released(B);
  queue[Symbol.dispose]();
  expect(clock.pending).toBe(0);
});
