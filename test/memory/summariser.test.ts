import { beforeEach, describe, expect, it } from 'vitest';
import { Conversations } from '../../src/conversation/conversations.ts';
import { textOf } from '../../src/conversation/item.ts';
import { createTurnGraph } from '../../src/graph/graph.ts';
import { noMemory } from '../../src/graph/no-memory.ts';
import type { ChatMessage, ChatModel, ChatPart, ChatRequest } from '../../src/llm/chat-model.ts';
import { estimateTokens } from '../../src/llm/token-estimate.ts';
import { TurnsFirst } from '../../src/llm/turns-first.ts';
import { Summariser } from '../../src/memory/summariser.ts';
import { planResponse } from '../../src/session/response-plan.ts';
import { defaultSession } from '../../src/session/session-config.ts';
import { ALICE, agentSays, BOB, userSays } from '../conversation/sample-items.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { ScriptedModel } from '../support/scripted-model.ts';

const CONTEXT_TOKENS = 1_000;
/** About 50 tokens: 20 of them fill the context. */
const LONG = 'word '.repeat(35).trim();

let clock: ManualClock;
let store: MemoryStore;
let conversations: Conversations;
let asked: ChatRequest[];
let answer: (request: ChatRequest, signal: AbortSignal) => Promise<string>;
let failures: string[];
let isAvailable: boolean;
let summariser: Summariser;

beforeEach(() => {
  clock = new ManualClock();
  store = new MemoryStore(clock);
  conversations = new Conversations({ store, clock, ids: { next: () => 'conv' } });
  asked = [];
  answer = async () => `Notes ${asked.length}.`;
  failures = [];
  isAvailable = true;
  summariser = new Summariser({
    open: (owner, id) => conversations.open(owner, id),
    complete: (request, signal) => {
      asked.push(request);
      return answer(request, signal);
    },
    isAvailable: () => isAvailable,
    contextTokens: () => CONTEXT_TOKENS,
    estimateTokens,
    textOf,
    clock,
    onFailed: (_, error) => failures.push(error),
  });
});

/** A conversation of so many questions and answers: `Q0. word …`, `A0. word …` */
async function talked(turns: number, owner = ALICE) {
  const lease = await conversations.begin(owner, { id: `conv_${owner.user}` });
  const { conversation } = lease;
  for (let turn = 0; turn < turns; turn++) {
    await conversation.append([
      userSays(`q${turn}`, `Q${turn}. ${LONG}`),
      agentSays(`a${turn}`, `A${turn}. ${LONG}`),
    ]);
  }
  return lease;
}

async function shorten(owner = ALICE) {
  summariser.wanted(owner, `conv_${owner.user}`);
  await clock.settle();
}

const read = (at = -1) => asked.at(at)?.messages[1]?.text ?? '';

describe('a long conversation', () => {
  it('gets a summary in place of its beginning, up to a question among the newest messages', async () => {
    using lease = await talked(7);
    await shorten();
    expect(lease.conversation.summary).toEqual({
      text: 'Notes 1.',
      throughItemId: 'a3',
      createdAtMs: clock.nowMs(),
    });
    expect(read()).toMatch(/^What was said next:\nUser: Q0\. .*\nAssistant: A0\. /);
    expect(read()).toContain('A3.');
    expect(read()).not.toContain('Q4.');
    expect(await store.summaries.findSummary(ALICE, 'conv_alice')).toMatchObject({ text: 'Notes 1.' });
    expect(asked[0]).toMatchObject({ temperature: 0, maxTokens: 400 });
  });

  it('has what was heard of its answers in it, on one line each', async () => {
    using lease = await talked(7);
    await lease.conversation.replace(agentSays('a0', 'All of it.', { heard: 'Only\nthis' }));
    await shorten();
    expect(read()).toContain('\nAssistant: Only this\n');
  });

  it('is read with the notes so far when it goes on', async () => {
    using lease = await talked(7);
    await shorten();
    for (let turn = 7; turn < 11; turn++)
      await lease.conversation.append([userSays(`q${turn}`, LONG), agentSays(`a${turn}`, LONG)]);
    await shorten();
    expect(read()).toMatch(/^Notes so far:\nNotes 1\.\n\nWhat was said next:\nUser: Q4\./);
    expect(lease.conversation.summary).toMatchObject({ text: 'Notes 2.' });
  });

  it('is read in parts when much of it is old, and nothing is left out', async () => {
    using lease = await talked(40);
    await shorten();
    expect(asked.length).toBeGreaterThan(3);
    const all = asked.map((_, at) => read(at)).join('\n');
    for (let turn = 0; turn < 36; turn++) expect(all.split(`Q${turn}. `)).toHaveLength(2);
    for (const { messages } of asked)
      expect(estimateTokens(messages[1]?.text ?? '')).toBeLessThan(CONTEXT_TOKENS * 0.6);
    expect(lease.conversation.summary).toMatchObject({ text: `Notes ${asked.length}.` });
  });

  it('with a message as long as a book is not stuck there', async () => {
    using lease = await conversations.begin(ALICE, { id: 'conv_alice' });
    await lease.conversation.append([userSays('book', 'Begin. '.repeat(20_000)), agentSays('a', 'Hm.')]);
    for (let turn = 0; turn < 8; turn++)
      await lease.conversation.append([userSays(`q${turn}`, LONG), agentSays(`a${turn}`, LONG)]);
    await shorten();
    expect(read(0)).toContain('User: Begin.');
    expect(read(0).length).toBeLessThan(5_000);
    expect(lease.conversation.summary).not.toBeNull();
  });

  it('is shortened once however often that is wanted, and not at all when it is short', async () => {
    using _short = await talked(3, BOB);
    using _long = await talked(7);
    summariser.wanted(ALICE, 'conv_alice');
    summariser.wanted(ALICE, 'conv_alice');
    await shorten(BOB);
    expect(asked).toHaveLength(1);
    await shorten();
    expect(asked).toHaveLength(1);
  });

  it('is left alone while no language model is there', async () => {
    using _lease = await talked(7);
    isAvailable = false;
    await shorten();
    expect(asked).toEqual([]);
  });
});

describe('a model that fails', () => {
  it('is asked again after half a minute', async () => {
    using lease = await talked(7);
    answer = async () => {
      throw new Error('overloaded');
    };
    await shorten();
    expect(failures).toEqual(['overloaded']);
    answer = async () => 'Notes.';
    await clock.advance(29_999);
    await shorten();
    expect(asked).toHaveLength(1);
    await clock.advance(1);
    await shorten();
    expect(lease.conversation.summary).toMatchObject({ text: 'Notes.' });
    expect(clock.pending).toBe(0);
  });

  it('leaves what there was when it says nothing', async () => {
    using lease = await talked(7);
    answer = async () => ' \n';
    await shorten();
    expect(lease.conversation.summary).toBeNull();
    expect(asked).toHaveLength(1);
  });
});

describe('while the model reads', () => {
  let finish: (text: string) => void;
  beforeEach(() => {
    answer = (_, signal) =>
      new Promise((resolve, reject) => {
        finish = resolve;
        signal.addEventListener('abort', () => reject(new DOMException('gone', 'AbortError')));
      });
  });

  it('the conversation goes on, and keeps what is new', async () => {
    using lease = await talked(7);
    await shorten();
    await lease.conversation.add(userSays('new', 'And now?'));
    finish('Notes.');
    await clock.settle();
    expect(lease.conversation.summary).toMatchObject({ throughItemId: 'a3' });
    expect(lease.conversation.items).toHaveLength(15);
  });

  it('what is deleted of it is not kept in a summary', async () => {
    using lease = await talked(7);
    await shorten();
    await lease.conversation.remove('q2');
    finish('Notes about Q2.');
    await clock.settle();
    expect(lease.conversation.summary).toBeNull();
    expect(await store.summaries.findSummary(ALICE, 'conv_alice')).toBeNull();
  });

  it('nor what is deleted of what was shortened before', async () => {
    using lease = await talked(7);
    await lease.conversation.saveSummary({ text: 'About Q1.', throughItemId: 'a1', createdAtMs: 0 });
    await shorten();
    expect(read()).toContain('About Q1.');
    await lease.conversation.remove('q1');
    finish('Still about Q1.');
    await clock.settle();
    expect(lease.conversation.summary).toBeNull();
    expect(await store.summaries.findSummary(ALICE, 'conv_alice')).toBeNull();
  });

  it('nothing is written of who wants to be forgotten, and others are not disturbed', async () => {
    using mine = await talked(7);
    using theirs = await talked(7, BOB);
    await shorten();
    const finishMine = finish;
    await shorten(BOB);
    await summariser.forget(ALICE);
    await conversations.erase(ALICE, clock.nowMs());
    finishMine('Notes about Alice.');
    finish('Notes about Bob.');
    await clock.settle();
    expect(mine.conversation.summary).toBeNull();
    expect(await store.summaries.findSummary(ALICE, 'conv_alice')).toBeNull();
    expect(theirs.conversation.summary).toMatchObject({ text: 'Notes about Bob.' });
    expect(failures).toEqual([]);
  });

  it('the conversation may be erased without a word to it', async () => {
    using lease = await talked(7);
    await shorten();
    await conversations.erase(ALICE, clock.nowMs());
    finish('Notes about Alice.');
    await clock.settle();
    expect(lease.conversation.summary).toBeNull();
    expect(await store.summaries.findSummary(ALICE, 'conv_alice')).toBeNull();
  });

  it('the end of the service ends it, and leaves no timer', async () => {
    using lease = await talked(7);
    await shorten();
    await summariser[Symbol.asyncDispose]();
    expect(lease.conversation.summary).toBeNull();
    expect(failures).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});

/** A model that has little room and remembers what it was asked. */
class SmallModel implements ChatModel {
  readonly engine = 'small';
  readonly model = 'small';
  readonly contextTokens = CONTEXT_TOKENS;
  readonly prompts: (readonly ChatMessage[])[] = [];

  async *stream({ messages }: ChatRequest): AsyncGenerator<ChatPart> {
    this.prompts.push(messages);
    yield { type: 'text', text: `Answer ${this.prompts.length}.` };
    const usage = { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1 };
    yield { type: 'usage', usage, finishReason: 'stop' };
  }
}

describe('turn after turn', () => {
  /** Runs so many turns of one conversation as a session does. */
  async function converse(turns: number): Promise<SmallModel> {
    const model = new SmallModel();
    const graph = createTurnGraph({ ...noMemory, model, summaries: summariser, clock, timezone: 'UTC' });
    using lease = await conversations.begin(ALICE, { id: 'conv_alice' });
    const { conversation } = lease;
    const session = defaultSession({ id: 's', model: 'm', instructions: 'Be kind.', voice: 'v' });
    const limits = { softTokens: 50, hardTokens: 60 };
    for (let turn = 0; turn < turns; turn++) {
      await clock.advance(60_000);
      await conversation.add(userSays(`q${turn}`, `Q${turn}. ${LONG}`));
      const { parts } = planResponse({}, { session, conversation, graph, limits });
      let reply = '';
      for await (const part of parts(new AbortController().signal))
        if (part.type === 'text') reply += part.text;
      await conversation.add(agentSays(`a${turn}`, reply));
      await clock.settle();
    }
    return model;
  }

  it('the beginning of the prompt stays the same, but for the few turns before which it was shortened', async () => {
    const { prompts } = await converse(80);
    const isNote = ({ role, text }: ChatMessage) => role === 'system' && text.startsWith('It is ');
    const lasting = (prompt: readonly ChatMessage[]) => prompt.slice(0, prompt.findIndex(isNote));
    const changes = prompts.slice(1).filter((prompt, at) => {
      const before = lasting(prompts[at] ?? []);
      return JSON.stringify(prompt.slice(0, before.length)) !== JSON.stringify(before);
    });
    expect(asked.length).toBeGreaterThan(3);
    expect(changes.length).toBeLessThanOrEqual(asked.length);
    expect(asked.length).toBeLessThan(80 / 5);
  });

  it('everything is in the prompt or in what was shortened, and the prompt fits', async () => {
    const { prompts } = await converse(60);
    for (const [turn, prompt] of prompts.entries()) {
      const text = prompt.map((message) => message.text).join('\n');
      expect(estimateTokens(text)).toBeLessThan(CONTEXT_TOKENS);
      const shortened = asked.map((_, at) => read(at)).join('\n');
      for (let earlier = 0; earlier <= turn; earlier++)
        expect(text.includes(`Q${earlier}. `) || shortened.includes(`Q${earlier}. `)).toBe(true);
    }
    expect(prompts.at(-1)?.[1]?.text).toMatch(
      /^Earlier in this conversation, in short .*no instructions\):\nNotes \d+\.$/s,
    );
  });
});

it('gives way to turns, and begins anew when they are over', async () => {
  const turnsFirst = new TurnsFirst({ clock });
  const model = new ScriptedModel(clock, [1_000, 'lost'], ['Notes.']);
  const background = turnsFirst.inBackground(model);
  answer = async (request, signal) => {
    try {
      return await background.complete(request, signal);
    } catch {
      return await background.complete(request, signal);
    }
  };
  using lease = await talked(7);
  await shorten();
  await clock.advance(500);
  const turn = turnsFirst.hold();
  await clock.settle();
  expect(model.signals[0]?.aborted).toBe(true);
  await clock.advance(60_000);
  expect(lease.conversation.summary).toBeNull();
  turn[Symbol.dispose]();
  await clock.advance(500);
  expect(lease.conversation.summary).toMatchObject({ text: 'Notes.' });
});
