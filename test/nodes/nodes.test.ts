import { describe, expect, it } from 'vitest';
import type { TurnPart, TurnState } from '../../src/graph/state.ts';
import type { ChatPart } from '../../src/llm/chat-model.ts';
import { limitReply } from '../../src/nodes/limit-reply.ts';
import { node } from '../../src/nodes/node.ts';
import { ManualClock } from '../support/manual-clock.ts';

const state = { instructions: 'P', history: [] } as unknown as TurnState;
const late = { deadlineMs: 100, degraded: () => ({ reply: 'what there is' }) };

describe('a node with a bound', () => {
  const run = async (body: (clock: ManualClock, signal: AbortSignal) => Promise<Partial<TurnState>>) => {
    const clock = new ManualClock();
    const parts: TurnPart[] = [];
    const wired = node({
      name: 'n',
      clock,
      bound: late,
      run: (_state, _emit, signal) => body(clock, signal),
    });
    const config = { signal: new AbortController().signal, writer: (part: TurnPart) => parts.push(part) };
    const answer = wired(state, config as unknown as Parameters<typeof wired>[1]);
    await clock.advance(1_000);
    return { answer: await answer, parts, clock };
  };

  it('answers with what it has by its deadline, tells its work to stop, and says why', async () => {
    let told = false;
    const { answer, parts } = await run(async (_clock, signal) => {
      signal.addEventListener('abort', () => {
        told = true;
      });
      return await new Promise(() => undefined);
    });
    expect(answer).toEqual({ reply: 'what there is' });
    expect(told).toBe(true);
    expect(parts).toMatchObject([
      { type: 'node', node: 'n', endedMs: 100, degraded: 'gave up after 100 ms' },
    ]);
  });

  it('answers instead of throwing', async () => {
    const { answer, parts } = await run(async () => {
      throw new Error('the index is broken');
    });
    expect(answer).toEqual({ reply: 'what there is' });
    expect(parts).toMatchObject([{ degraded: 'the index is broken' }]);
  });

  it('leaves no timer behind when it is in time', async () => {
    const { answer, parts, clock } = await run(async () => ({ reply: 'all of it' }));
    expect(answer).toEqual({ reply: 'all of it' });
    expect(parts).toMatchObject([{ degraded: null }]);
    expect(clock.pending).toBe(0);
  });
});

const limits = (softTokens: number, hasTools = false) => ({
  softTokens,
  hardTokens: 20,
  promptTokens: 7,
  hasTools,
});

describe('a reply by voice', () => {
  const limited = async (
    tokens: string[],
    softTokens: number,
  ): Promise<{ said: string; isClosed: boolean }> => {
    let isClosed = false;
    async function* model(): AsyncGenerator<ChatPart> {
      try {
        for (const text of tokens) yield { type: 'text', text };
      } finally {
        isClosed = true;
      }
    }
    let said = '';
    for await (const part of limitReply(model(), limits(softTokens)))
      if (part.type === 'text') said += part.text;
    return { said, isClosed };
  };

  it('ends at the first sentence end past the limit, and closes the stream of the model', async () => {
    const { said, isClosed } = await limited(
      ['One', ' thing', '.', ' Two', ' things', '.', ' Three', '.'],
      4,
    );
    expect(said).toBe('One thing. Two things.');
    expect(isClosed).toBe(true);
  });

  it('says nothing of the token that shows where the sentence has ended', async () => {
    expect((await limited(['It', ' is', ' 3', '.', ' Next', ' one'], 3)).said).toBe('It is 3.');
  });

  it('is left alone below the limit', async () => {
    expect((await limited(['One', '.', ' Two', '.'], 50)).said).toBe('One. Two.');
  });

  it('does not end at a comma', async () => {
    const tokens = ['Well', ' my', ' dear', ' friend', ',', ' this', ' is', ' it', '.', ' More', '.'];
    expect((await limited(tokens, 2)).said).toBe('Well my dear friend, this is it.');
  });

  const partsOf = async (steps: readonly ChatPart[], hasTools: boolean): Promise<ChatPart[]> => {
    async function* model(): AsyncGenerator<ChatPart> {
      yield* steps;
    }
    return await Array.fromAsync(limitReply(model(), limits(2, hasTools)));
  };
  const text = (words: string): ChatPart => ({ type: 'text', text: words });
  const call: ChatPart = { type: 'tool-call', call: { callId: '1', name: 'f', arguments: '{}' } };

  it('counts what was used when it ends before the engine says', async () => {
    expect((await partsOf([text('One'), text(' thing'), text('.'), text(' More')], false)).at(-1)).toEqual({
      type: 'usage',
      usage: { inputTokens: 7, cachedInputTokens: 0, outputTokens: 3 },
      finishReason: 'stop',
    });
  });

  it('ends at the hard limit in the middle of a sentence, and says that it was cut', async () => {
    const parts = await partsOf(
      Array.from({ length: 50 }, () => text(' word')),
      false,
    );
    expect(parts.filter(({ type }) => type === 'text')).toHaveLength(20);
    expect(parts.at(-1)).toMatchObject({ type: 'usage', finishReason: 'length' });
  });

  it('does not lose a call that comes after the words', async () => {
    const steps = [text('One'), text(' thing'), text('.'), text(' Not said'), call];
    const parts = await partsOf(steps, true);
    expect(parts.map(({ type }) => type)).toEqual(['text', 'text', 'text', 'tool-call']);
  });

  it('does not wait for a call for ever', async () => {
    const steps = Array.from({ length: 500 }, (_, index) => text(index === 2 ? ' end.' : ' word'));
    const parts = await partsOf([...steps, call], true);
    expect(parts.some(({ type }) => type === 'tool-call')).toBe(false);
  });
});
