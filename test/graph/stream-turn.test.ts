import { describe, expect, it } from 'vitest';
import { VivavoceError } from '../../src/errors.ts';
import { createTurnGraph } from '../../src/graph/graph.ts';
import { noMemory } from '../../src/graph/no-memory.ts';
import type { TurnPart } from '../../src/graph/state.ts';
import { streamTurn } from '../../src/graph/stream-turn.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { type ModelStep, ScriptedModel } from '../support/scripted-model.ts';

const input = { instructions: 'P', history: [{ role: 'user' as const, text: 'Hi' }] };

function turn(script: readonly ModelStep[], signal = new AbortController().signal) {
  const clock = new ManualClock();
  const model = new ScriptedModel(clock, script);
  const graph = createTurnGraph({ ...noMemory, model, clock, timezone: 'UTC' });
  return { clock, model, parts: streamTurn(graph, input, signal) };
}

const textOf = (parts: readonly TurnPart[]) =>
  parts.map((part) => (part.type === 'text' ? part.text : '')).join('');

describe('a streamed turn', () => {
  it('gives every word that came before a failure, its trace, and then the failure', async () => {
    const fault = new VivavoceError('engine_failed', 'the model broke');
    const { parts } = turn(['One', ' two', ' three', fault]);
    const seen: TurnPart[] = [];
    const reading = (async () => {
      for await (const part of parts) seen.push(part);
    })();
    await expect(reading).rejects.toBe(fault);
    expect(textOf(seen)).toMatch(/^One two three…/);
    expect(seen).toContainEqual(
      expect.objectContaining({ type: 'node', node: 'respond', degraded: 'the model broke' }),
    );
  });

  it('tells how long each step took', async () => {
    const { parts } = turn(['Hello.']);
    const seen = await Array.fromAsync(parts);
    const nodes = seen.flatMap((part) => (part.type === 'node' ? [part.node] : []));
    expect(nodes.toSorted()).toEqual(['context', 'profile', 'recall', 'respond']);
    expect(nodes.at(-1)).toBe('respond');
    expect(seen.at(-2)).toMatchObject({ type: 'usage' });
  });

  it('stops the model when its reader leaves', async () => {
    const { parts, model, clock } = turn(['One', 1_000, ' two']);
    for await (const part of parts) if (part.type === 'text') break;
    await clock.settle();
    expect(model.signals[0]?.aborted).toBe(true);
  });

  it('ends with the reason when it is aborted', async () => {
    const stop = new AbortController();
    const { parts } = turn(['One', 1_000, ' two'], stop.signal);
    const reading = (async () => {
      for await (const part of parts)
        if (part.type === 'text') stop.abort(new VivavoceError('cancelled', 'enough'));
    })();
    await expect(reading).rejects.toThrow();
  });
});
