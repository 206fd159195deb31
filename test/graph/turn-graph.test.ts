import { beforeEach, describe, expect, it } from 'vitest';
import { VivavoceError } from '../../src/errors.ts';
import { createTurnGraph, type GraphDeps } from '../../src/graph/graph.ts';
import { noMemory } from '../../src/graph/no-memory.ts';
import type { Worth } from '../../src/graph/routes.ts';
import type { NodeTrace, TurnContext, TurnInput, TurnPart } from '../../src/graph/state.ts';
import { streamTurn } from '../../src/graph/stream-turn.ts';
import type { ChatMessage } from '../../src/llm/chat-model.ts';
import type { Recalled } from '../../src/memory/recall/recollection.ts';
import { TurnTrace } from '../../src/telemetry/turn-trace.ts';
import { ALICE } from '../memory/sample-memories.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { ScriptedModel } from '../support/scripted-model.ts';

const NAME: Recalled = { id: 'p', kind: 'profile', text: 'Her name is Alice.', validAtMs: 0, score: 1 };
const OSLO: Recalled = { id: 'm', kind: 'fact', text: 'Lives in Oslo.', validAtMs: 0, score: 1 };
const BERLIN: Recalled = { id: 's', kind: 'fact', text: 'Lives in Berlin.', validAtMs: 0, score: 1 };

let clock: ManualClock;
let model: ScriptedModel;
/** How long they take; null: for ever. Or how they fail. */
let recallTakes: number | null | Error;
let profileTakes: number | null | Error;
let wrote: string[];
let confirm: () => void;
let turn: TurnContext;

beforeEach(() => {
  clock = new ManualClock();
  model = new ScriptedModel(clock, ['You live', ' in Oslo.']);
  recallTakes = 0;
  profileTakes = 0;
  wrote = [];
  const confirmed = Promise.withResolvers<void>();
  confirm = confirmed.resolve;
  turn = { owner: ALICE, conversationId: 'conv', confirmed: confirmed.promise };
});

async function after<T>(takes: number | null | Error, answer: T): Promise<T> {
  if (takes instanceof Error) throw takes;
  const { promise, resolve } = Promise.withResolvers<T>();
  if (takes === 0) return answer;
  if (takes !== null) clock.after(takes, () => resolve(answer));
  return await promise;
}

const memory: GraphDeps['memory'] = {
  recall: () => after(recallTakes, { memories: [OSLO], source: 'search' as const }),
  stale: () => ({ memories: [BERLIN], source: 'stale' }),
  used: (_owner, { memories }) => wrote.push(`used ${memories.map(({ id }) => id).join(' ')}`),
  profile: () => after(profileTakes, [NAME]),
  staleProfile: () => [],
};
const learner = { noticed: (_owner: unknown, id: string) => wrote.push(`noticed ${id}`) };
const judge = (text: string): Worth => ({
  importance: /allergic/.test(text) ? 0.9 : 0.3,
  skip: /^hello/i.test(text) ? 'greeting' : null,
});
const summaries = { wanted: (_owner: unknown, id: string) => wrote.push(`shorten ${id}`) };

/** A turn that runs while the test moves the clock. */
function start(text: string, input: Partial<TurnInput> = {}, deps: Partial<GraphDeps> = {}) {
  const stop = new AbortController();
  const graph = createTurnGraph({
    ...{ memory, learner, summaries, worthOf: judge, model, clock, timezone: 'UTC' },
    ...deps,
  });
  const history: ChatMessage[] = [{ role: 'user', text }];
  const parts: TurnPart[] = [];
  const stream = streamTurn(graph, { instructions: 'P', history, turn, ...input }, stop.signal);
  const ended = (async () => {
    for await (const part of stream) parts.push(part);
  })();
  ended.catch(() => undefined);
  return { parts, stop, ended };
}

async function run(...args: Parameters<typeof start>): Promise<TurnPart[]> {
  confirm();
  const { parts, ended } = start(...args);
  await pass(1_000);
  await ended;
  return parts;
}

/** LangGraph takes a few rounds of the event loop from one step to the next. */
async function pass(ms: number): Promise<void> {
  await rounds();
  const step = Math.ceil(ms / 10);
  for (let left = ms; left > 0; left -= step) {
    await clock.advance(Math.min(step, left));
    await rounds();
  }
}

async function rounds(): Promise<void> {
  for (let round = 0; round < 10; round++) await clock.settle();
}

const tracesOf = (parts: readonly TurnPart[]) =>
  Object.fromEntries(
    parts.filter((part): part is NodeTrace => part.type === 'node').map((part) => [part.node, part]),
  );
const promptOf = () => model.requests[0]?.messages.map(({ text }) => text).join('\n') ?? '';
const recalledIn = (parts: readonly TurnPart[]) => parts.filter(({ type }) => type === 'recalled');

describe('a turn that remembers', () => {
  it('gives the model who the person is and what was recalled, just before the newest words', async () => {
    const parts = await run('Where do I live?');
    expect(model.requests).toHaveLength(1);
    expect(promptOf()).toMatch(
      /^P\nIt is .*<memory>.*Her name is Alice\..*Lives in Oslo\..*<\/memory>\nWhere do I live\?$/s,
    );
    expect(recalledIn(parts)).toEqual([
      { type: 'recalled', memories: [OSLO], source: 'search', waitedMs: 0 },
    ]);
  });

  it('waits for the slowest of its lookups and not for their sum', async () => {
    recallTakes = 100;
    profileTakes = 150;
    const traces = tracesOf(await run('Where do I live?'));
    expect(traces).toMatchObject({
      recall: { startedMs: 0, endedMs: 100 },
      profile: { startedMs: 0, endedMs: 150 },
      context: { startedMs: 0, endedMs: 0 },
      respond: { startedMs: 150 },
    });
    const trace = new TurnTrace(clock);
    for (const { node, startedMs, endedMs, degraded } of Object.values(traces))
      trace.span(node, startedMs, endedMs, degraded);
    expect(trace.waitedFor).toBe('profile');
  });

  it('asks the model once, whatever ends first', async () => {
    recallTakes = 10;
    profileTakes = null;
    await run('Where do I live?');
    expect(model.requests).toHaveLength(1);
  });
});

describe('a turn whose memory', () => {
  it('hangs goes on at 200 ms with the stale answer, and says so once', async () => {
    recallTakes = null;
    const { parts } = start('Where do I live?');
    await pass(199);
    expect(model.requests).toEqual([]);
    await pass(1);
    expect(promptOf()).toContain('Lives in Berlin.');
    expect(recalledIn(parts)).toEqual([
      { type: 'recalled', memories: [BERLIN], source: 'stale', waitedMs: 200 },
    ]);
    expect(tracesOf(parts)).toMatchObject({
      recall: { endedMs: 200, degraded: 'gave up after 200 ms' },
      profile: { degraded: null },
    });
  });

  it('answers too late says nothing of it', async () => {
    recallTakes = 300;
    const parts = await run('Where do I live?');
    expect(recalledIn(parts)).toMatchObject([{ source: 'stale' }]);
    expect(wrote).toEqual(['noticed conv']);
  });

  it('fails goes on at once, and so does one that does not know who it is', async () => {
    recallTakes = new Error('the index is broken');
    profileTakes = new VivavoceError('breaker_open', 'not asked');
    const traces = tracesOf(await run('Where do I live?'));
    expect(traces).toMatchObject({
      recall: { degraded: 'the index is broken' },
      profile: { degraded: 'not asked' },
      respond: { startedMs: 0, degraded: null },
    });
    expect(promptOf()).toContain('Lives in Berlin.');
    expect(promptOf()).not.toContain('Alice');
  });

  it('is not there has a prompt without it', async () => {
    await run('Where do I live?', {}, noMemory);
    expect(promptOf()).not.toContain('<memory>');
  });
});

describe('what a turn writes', () => {
  it('waits until the turn counts, and holds up no word of the answer', async () => {
    const { parts, ended } = start('I live in Oslo now.');
    await pass(1_000);
    expect(parts.filter(({ type }) => type === 'text')).toHaveLength(2);
    expect(parts.some(({ type }) => type === 'usage')).toBe(true);
    expect(wrote).toEqual([]);
    confirm();
    await rounds();
    await ended;
    expect(wrote.toSorted()).toEqual(['noticed conv', 'used m']);
  });

  it('is also the wish for a shorter history, when that has become long', async () => {
    const history: ChatMessage[] = Array.from({ length: 400 }, (_, i) => ({
      role: 'user',
      text:
        i === 3
          ? 'I am allergic\nto </memory> nuts.'
          : `This is message ${i} of a long talk about nothing. Yes.`,
    }));
    const { ended } = start('', { history });
    await pass(1_000);
    expect(wrote).toEqual([]);
    confirm();
    await pass(1_000);
    await ended;
    expect(wrote).toContain('shorten conv');
    // What matters most of what was dropped stays, and is one line.
    expect(promptOf()).toContain('the user said:\n- I am allergic to /memory nuts.\n');
    expect(promptOf()).not.toContain('This is message 4 ');
  });

  it('is nothing when it is dropped', async () => {
    const { stop, ended } = start('I live in Oslo now.');
    await pass(1_000);
    stop.abort(new VivavoceError('cancelled', 'dropped'));
    await expect(ended).rejects.toThrow();
    await pass(60_000);
    expect(wrote).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('is nothing when it is dropped while it still looks things up', async () => {
    recallTakes = 100;
    const { stop, ended } = start('I live in Oslo now.');
    await pass(50);
    stop.abort(new VivavoceError('cancelled', 'dropped'));
    confirm();
    await expect(ended).rejects.toThrow();
    await pass(1_000);
    expect(model.requests).toEqual([]);
    expect(wrote).toEqual([]);
  });
});

describe('a turn is marked for learning', () => {
  const noticedIn = async (...args: Parameters<typeof start>) => {
    const traces = tracesOf(await run(...args));
    expect(Object.hasOwn(traces, 'remember')).toBe(wrote.includes('noticed conv'));
    return wrote.includes('noticed conv');
  };

  it('when something was said that is worth it', async () => {
    expect(await noticedIn('I live in Oslo now.')).toBe(true);
  });

  it('also when it was answered with a failure, because it was said', async () => {
    model = new ScriptedModel(clock, ['One', new VivavoceError('engine_failed', 'broke')]);
    confirm();
    const { ended } = start('I live in Oslo now.');
    await pass(1_000);
    await expect(ended).rejects.toThrow('broke');
    expect(wrote).toContain('used m');
  });

  it.each(['greeting', 'short', 'question'] as const)('not when it is not worth it: %s', async (skip) => {
    expect(await noticedIn('Whatever this is.', {}, { worthOf: () => ({ importance: 0, skip }) })).toBe(
      false,
    );
  });

  it('not outside of a conversation, though that recalls', async () => {
    turn = { ...turn, conversationId: null };
    expect(await noticedIn('I live in Oslo now.')).toBe(false);
    expect(wrote).toEqual(['used m']);
  });

  it('not when nobody is known', async () => {
    expect(await noticedIn('I live in Oslo now.', { turn: undefined })).toBe(false);
    expect(wrote).toEqual([]);
  });

  it('not again behind the output of a tool', async () => {
    const history: ChatMessage[] = [
      { role: 'user', text: 'I live in Oslo now.' },
      { role: 'assistant', text: '', toolCalls: [{ callId: '1', name: 'f', arguments: '{}' }] },
      { role: 'tool', callId: '1', name: 'f', text: '4' },
    ];
    expect(await noticedIn('', { history })).toBe(false);
  });
});
