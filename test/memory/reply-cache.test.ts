import { beforeEach, describe, expect, it } from 'vitest';
import type { Owner } from '../../src/conversation/store.ts';
import { createTurnGraph } from '../../src/graph/graph.ts';
import { noMemory } from '../../src/graph/no-memory.ts';
import type { TurnInput, TurnPart } from '../../src/graph/state.ts';
import { streamTurn } from '../../src/graph/stream-turn.ts';
import type { ChatMessage } from '../../src/llm/chat-model.ts';
import { worthOf } from '../../src/memory/extraction/message-worth.ts';
import { ReplyCache } from '../../src/memory/reply-cache.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { type ModelStep, ScriptedModel } from '../support/scripted-model.ts';
import { ALICE, BOB } from './sample-memories.ts';

const QUESTION = 'Where do I live?';

let clock: ManualClock;
let replies: ReplyCache;

beforeEach(() => {
  clock = new ManualClock();
  replies = new ReplyCache({ ttlMs: 60_000, clock });
});

const user = (text: string): ChatMessage => ({ role: 'user', text });
const agent = (text: string): ChatMessage => ({ role: 'assistant', text });

/** A graph over a model that gives another answer every time: `1`, `2`, … */
function setup(scripts: readonly (readonly ModelStep[])[] = [['1'], ['2'], ['3']]) {
  const model = new ScriptedModel(clock, ...scripts);
  const graph = createTurnGraph({ ...noMemory, worthOf, model, replies, clock, timezone: 'UTC' });
  const begin = (input: Partial<TurnInput>, owner: Owner, confirmed = Promise.resolve()) => {
    const turn = { owner, conversationId: 'conv', confirmed };
    const stop = new AbortController();
    const parts: TurnPart[] = [];
    const run = async () => {
      const whole = { instructions: 'P', history: [user(QUESTION)], turn, ...input };
      for await (const part of streamTurn(graph, whole, stop.signal)) parts.push(part);
      return parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
    };
    return { reply: run(), stop, parts };
  };
  const ask = async (input: Partial<TurnInput> = {}, owner = ALICE) => await begin(input, owner).reply;
  return { model, begin, ask };
}

const asking = (...history: ChatMessage[]) => ({ history });

describe('a question that is asked again', () => {
  it('has the same answer without asking the model, and says where it is from', async () => {
    const { model, ask, begin } = setup();
    expect(await ask()).toBe('1');
    const again = begin(asking(user('Well, where do i live?')), ALICE);
    expect(await again.reply).toBe('1');
    expect(again.parts).toContainEqual({ type: 'answering', engine: 'cache', model: 'repeated question' });
    expect(model.requests).toHaveLength(1);
    expect(replies.counters).toMatchObject({ hits: 1, misses: 1 });
  });

  it('has it also behind other questions and their answers', async () => {
    const { ask } = setup();
    await ask();
    expect(await ask(asking(user('Hello!'), agent('Hi.'), user(QUESTION)))).toBe('1');
  });

  it('is answered anew when its time is over', async () => {
    const { ask } = setup();
    await ask();
    await clock.advance(60_001);
    expect(await ask()).toBe('2');
  });

  it('is answered anew for somebody else', async () => {
    const { ask } = setup();
    await ask();
    expect(await ask({}, BOB)).toBe('2');
  });

  it.each<[string, Partial<TurnInput>]>([
    ['another persona', { instructions: 'Q' }],
    ['another temperature', { temperature: 0.9 }],
    ['a bound', { maxTokens: 7 }],
    ['limits of a spoken reply', { limits: { softTokens: 50, hardTokens: 60 } }],
    ['a system message', asking({ role: 'system', text: 'Speak French.' }, user(QUESTION))],
    ['something that was said before it', asking(user('I moved to Oslo.'), agent('Oh.'), user(QUESTION))],
    ['a summary of what was said before it', { summary: 'The user has moved.' }],
  ])('is answered anew with %s', async (_, input) => {
    const { ask } = setup();
    await ask();
    expect(await ask(input)).toBe('2');
    expect(await ask()).toBe('1');
  });

  it('is answered anew by another model', async () => {
    await setup().ask();
    const other = setup([['other']]);
    Object.defineProperty(other.model, 'model', { value: 'larger' });
    expect(await other.ask()).toBe('other');
  });
});

describe('never from the cache', () => {
  it.each([
    'What time is it?',
    'What day is it today?',
    'How is the weather in Oslo?',
    'What did I say before?',
    'And where is it?',
    'Which of the two options is better for me?',
    'Can you tell me a joke?',
    'Why?',
    'Tell me about Oslo.',
    `Where do I live? ${'word '.repeat(200)}?`,
  ])('is %j', async (question) => {
    const { ask } = setup();
    await ask(asking(user(question)));
    expect(await ask(asking(user(question)))).toBe('2');
  });

  it('is a turn with tools, or one that goes on behind the output of one', async () => {
    const { ask } = setup();
    const tools = [{ name: 'f', parameters: {} }];
    await ask({ tools });
    expect(await ask({ tools })).toBe('2');
    const output: ChatMessage = { role: 'tool', callId: '1', name: 'f', text: '4' };
    await ask(asking(user(QUESTION), agent(''), output));
    expect(await ask()).toBe('3');
  });

  it('is a nudge: it follows an order of ours', async () => {
    const { ask } = setup();
    const nudge = asking(user(QUESTION), { role: 'system', text: 'Say something.' });
    await ask(nudge);
    expect(await ask(nudge)).toBe('2');
  });

  it('is a turn of nobody', async () => {
    const { ask } = setup();
    await ask({ turn: undefined });
    expect(await ask({ turn: undefined })).toBe('2');
  });
});

describe('what was answered', () => {
  it('no longer holds after a write, nor after something was said', async () => {
    const { ask } = setup();
    await ask();
    replies.changed(ALICE);
    expect(await ask()).toBe('2');
    replies.said(ALICE, 'I moved to Oslo.');
    expect(await ask()).toBe('3');
  });

  it('holds after a question, a greeting, and what others say', async () => {
    const { ask } = setup();
    await ask();
    replies.said(ALICE, QUESTION);
    replies.said(ALICE, 'Hello!');
    replies.said(BOB, 'I moved to Oslo.');
    replies.changed(BOB);
    expect(await ask()).toBe('1');
  });

  it('is not kept when something was said or learned while it was made', async () => {
    const { begin, ask } = setup([[100, 'old'], ['new']]);
    const { reply } = begin({}, ALICE);
    await clock.settle();
    replies.said(ALICE, 'I moved to Oslo.');
    await clock.advance(100);
    expect(await reply).toBe('old');
    expect(await ask()).toBe('new');
  });

  it('is not kept of a reply that was interrupted, cut off by its length, or broke', async () => {
    const { model, begin, ask } = setup([
      ['half', 100, 'whole'],
      ['long'],
      ['broken', new Error('down')],
      ['good'],
    ]);
    const { reply, stop } = begin({}, ALICE);
    await clock.settle();
    stop.abort();
    await expect(reply).rejects.toThrow();
    model.finishReason = 'length';
    await ask();
    model.finishReason = 'stop';
    await expect(ask()).rejects.toThrow('down');
    expect(await ask()).toBe('good');
  });

  it('is kept of a rehearsal when it counts, and not before', async () => {
    const { begin, ask } = setup();
    const { promise, resolve } = Promise.withResolvers<void>();
    await begin({}, ALICE, promise).reply;
    expect(await ask()).toBe('2');
    replies.changed(ALICE);
    const performed = Promise.withResolvers<void>();
    await begin({}, ALICE, performed.promise).reply;
    performed.resolve();
    await clock.settle();
    expect(await ask()).toBe('3');
    expect(replies.counters.hits).toBe(1);
    // The one that was begun before the change counts too late.
    resolve();
    await clock.settle();
    expect(await ask()).toBe('3');
  });

  it('is kept once when the same is asked twice at the same time, whichever is given up', async () => {
    const { begin, ask } = setup([[100, '1'], [100, '2'], ['3']]);
    const first = begin({}, ALICE);
    await clock.settle();
    const second = begin({}, ALICE);
    await clock.settle();
    second.stop.abort();
    await expect(second.reply).rejects.toThrow();
    await clock.advance(100);
    expect(await first.reply).toBe('1');
    expect(await ask()).toBe('1');
  });

  it('is forgotten with its owner', async () => {
    const { ask } = setup();
    await ask();
    replies.forget(ALICE);
    expect(replies.counters).toMatchObject({ entries: 0, bytes: 0 });
    expect(await ask()).toBe('2');
  });
});

it('is off by default', async () => {
  const model = new ScriptedModel(clock, ['1'], ['2']);
  const graph = createTurnGraph({ ...noMemory, model, clock, timezone: 'UTC' });
  const turn = { owner: ALICE, conversationId: 'conv', confirmed: Promise.resolve() };
  const input = { instructions: 'P', history: [user(QUESTION)], turn };
  for (let asked = 0; asked < 2; asked++) {
    for await (const part of streamTurn(graph, input, new AbortController().signal)) void part;
  }
  expect(model.requests).toHaveLength(2);
});
