import { beforeEach, describe, expect, it } from 'vitest';
import { VivavoceError } from '../../src/errors.ts';
import type { NodeOutput, TurnContext, TurnState } from '../../src/graph/state.ts';
import type { ChatMessage } from '../../src/llm/chat-model.ts';
import type { Question, Recollection } from '../../src/memory/recall/recollection.ts';
import { node, type TurnNode } from '../../src/nodes/node.ts';
import { profile, profileBound } from '../../src/nodes/profile.ts';
import { recall, recallBound } from '../../src/nodes/recall.ts';
import { remember } from '../../src/nodes/remember.ts';
import { ALICE } from '../memory/sample-memories.ts';
import { ManualClock } from '../support/manual-clock.ts';

const OSLO = { id: 'm', kind: 'fact', text: 'Lives in Oslo.', validAtMs: 0, score: 1 } as const;
const FOUND: Recollection = { memories: [OSLO], source: 'search' };
const STALE: Recollection = { memories: [{ ...OSLO, id: 's' }], source: 'stale' };

const user = (text: string): ChatMessage => ({ role: 'user', text });
const agent = (text: string): ChatMessage => ({ role: 'assistant', text });

let clock: ManualClock;
let questions: Question[];
let answer: () => Promise<Recollection>;
let used: Recollection[];
let noticed: string[];
let confirm: () => void;
let turn: TurnContext;
let parts: NodeOutput[];

const memory = {
  recall: (_owner: unknown, question: Question) => {
    questions.push(question);
    return answer();
  },
  stale: () => STALE,
  used: (_owner: unknown, recollection: Recollection) => used.push(recollection),
  profile: async () => (await answer()).memories,
  staleProfile: () => STALE.memories,
};
const learner = {
  noticed: ({ user }: { user: string }, id: string) => {
    noticed.push(`${user}: ${id}`);
  },
};

beforeEach(() => {
  clock = new ManualClock();
  questions = [];
  answer = async () => FOUND;
  used = [];
  noticed = [];
  parts = [];
  const confirmed = Promise.withResolvers<void>();
  confirm = confirmed.resolve;
  turn = { owner: ALICE, conversationId: 'conv', confirmed: confirmed.promise };
});

function run(
  body: TurnNode,
  bound: Parameters<typeof node>[0]['bound'],
  history: readonly ChatMessage[] | undefined,
  signal = new AbortController().signal,
): Promise<Partial<TurnState>> {
  const wired = node({ name: 'n', clock, run: body, ...(bound && { bound }) });
  const config = { signal, writer: (part: NodeOutput) => parts.push(part) };
  const state = { turn, history } as unknown as TurnState;
  return wired(state, config as unknown as Parameters<typeof wired>[1]);
}

const recallIn = (...history: ChatMessage[]) =>
  run(recall({ memory, clock }), recallBound({ memory }), history);
const recalledParts = () => parts.filter(({ type }) => type === 'recalled');

describe('recall', () => {
  it('asks for what is said, with where, and tells what was found', async () => {
    expect(await recallIn(user('Where do I live now?'))).toEqual({ recalled: FOUND.memories });
    expect(questions).toEqual([{ text: 'Where do I live now?', conversationId: 'conv' }]);
    expect(recalledParts()).toEqual([{ type: 'recalled', ...FOUND, waitedMs: 0 }]);
  });

  it('asks with what was said before when there are few words', async () => {
    await recallIn(user('Where does my sister live?'), agent('In Oslo.'), user(' And her   husband? '));
    await recallIn(user('Where does my sister live?'), agent('In Oslo.'), user('And what does she do?'));
    expect(questions.map(({ text }) => text)).toEqual([
      'Where does my sister live?\nAnd her   husband?',
      'And what does she do?',
    ]);
  });

  it('asks the same again when a tool has answered', async () => {
    const call: ChatMessage = { role: 'tool', callId: '1', name: 'f', text: '4' };
    await recallIn(user('Where do I live now?'), agent(''), call);
    expect(questions).toMatchObject([{ text: 'Where do I live now?' }]);
  });

  it('does not keep everybody waiting with a message as long as a book', async () => {
    await recallIn(user(`${'word '.repeat(50_000)} 🙂 So where do I live?`));
    expect(questions[0]?.text).toHaveLength(1_000);
    expect(questions[0]?.text).toMatch(/So where do I live\?$/);
  });

  it.each([
    ['nobody speaks', undefined],
    ['nothing was said', []],
    ['only the agent has spoken', [agent('Hello.')]],
    ['there are no words', [user('  ')]],
  ])('asks nobody when %s', async (_, history) => {
    expect(await run(recall({ memory, clock }), recallBound({ memory }), history)).toEqual({ recalled: [] });
    expect(questions).toEqual([]);
    expect(recalledParts()).toEqual([]);
  });

  it('goes on with the stale answer at 200 ms, and says so once, also when the other comes later', async () => {
    const { promise, resolve } = Promise.withResolvers<Recollection>();
    answer = () => promise;
    const recalling = recallIn(user('Where do I live now?'));
    await clock.advance(199);
    expect(recalledParts()).toEqual([]);
    await clock.advance(1);
    expect(await recalling).toEqual({ recalled: STALE.memories });
    resolve(FOUND);
    confirm();
    await clock.settle();
    expect(recalledParts()).toEqual([{ type: 'recalled', ...STALE, waitedMs: 200 }]);
    expect(parts.at(-1)).toMatchObject({ type: 'node', degraded: 'gave up after 200 ms' });
    expect(used).toEqual([]);
  });

  it('goes on with the stale answer at once when the memory fails', async () => {
    answer = async () => {
      throw new Error('the index is broken');
    };
    expect(await recallIn(user('Where do I live now?'))).toEqual({ recalled: STALE.memories });
    expect(recalledParts()).toEqual([{ type: 'recalled', ...STALE, waitedMs: 0 }]);
    expect(parts.at(-1)).toMatchObject({ degraded: 'the index is broken' });
  });

  it('goes on too when the search was given up that it has shared with another turn', async () => {
    answer = async () => {
      throw new VivavoceError('cancelled', 'the search was cancelled');
    };
    expect(await recallIn(user('Where do I live now?'))).toEqual({ recalled: STALE.memories });
    expect(parts.at(-1)).toMatchObject({ degraded: 'the search was cancelled' });
  });

  it('notes the use of what it found only when the turn counts', async () => {
    await recallIn(user('Where do I live now?'));
    await clock.advance(60_000);
    expect(used).toEqual([]);
    confirm();
    await clock.settle();
    expect(used).toEqual([FOUND]);
  });
});

describe('profile', () => {
  const lookUp = () => run(profile({ memory }), profileBound({ memory }), []);

  it('is who the person is', async () => {
    expect(await lookUp()).toEqual({ person: FOUND.memories });
  });

  it('is what was known before at 200 ms, or when it fails', async () => {
    answer = () => new Promise(() => undefined);
    const looking = lookUp();
    await clock.advance(200);
    expect(await looking).toEqual({ person: STALE.memories });
    answer = async () => {
      throw new Error('down');
    };
    expect(await lookUp()).toEqual({ person: STALE.memories });
    expect(parts).toMatchObject([{ degraded: 'gave up after 200 ms' }, { degraded: 'down' }]);
  });
});

describe('remember', () => {
  const mark = (signal?: AbortSignal) => run(remember({ learner }), undefined, [], signal);

  it('marks the conversation when the turn counts, not before', async () => {
    const marking = mark();
    await clock.advance(60_000);
    expect(noticed).toEqual([]);
    confirm();
    expect(await marking).toEqual({});
    expect(noticed).toEqual(['alice: conv']);
  });

  it('marks nothing of a turn that is dropped, and ends', async () => {
    const stop = new AbortController();
    const marking = mark(stop.signal);
    stop.abort();
    expect(await marking).toEqual({});
    expect(await mark(stop.signal)).toEqual({});
    confirm();
    await clock.settle();
    expect(noticed).toEqual([]);
  });

  it('marks nothing outside of a conversation', async () => {
    turn = { ...turn, conversationId: null };
    confirm();
    expect(await mark()).toEqual({});
    expect(noticed).toEqual([]);
  });
});
