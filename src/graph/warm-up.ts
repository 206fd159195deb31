import type { Clock } from '../clock.ts';
import type { ChatModel, ChatPart } from '../llm/chat-model.ts';
import { createTurnGraph } from './graph.ts';
import { noMemory } from './no-memory.ts';
import { streamTurn } from './stream-turn.ts';

/** So many turns until the compiler of the runtime has nothing left to gain. */
const TURNS = 200;

/** What is compiled stays so: once is enough for a process, however many services it starts. */
let warmedUp: Promise<readonly number[]> | null = null;

/**
 * Runs turns that nobody hears, so that the first person does not wait for the compiler: the workflow costs 3 ms a
 * turn when it is cold and less than 1 ms when it is warm. Resolves with the milliseconds of the first and last turn.
 */
export function warmUpGraph(clock: Clock, timezone: string): Promise<readonly number[]> {
  warmedUp ??= runTurns(clock, timezone);
  return warmedUp;
}

async function runTurns(clock: Clock, timezone: string): Promise<readonly number[]> {
  const graph = createTurnGraph({ ...noMemory, model: silent, clock, timezone });
  const history = [{ role: 'user' as const, text: 'Hello.' }];
  const timesMs: number[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const startedMs = clock.monotonicMs();
    const parts = streamTurn(graph, { instructions: '', history }, new AbortController().signal);
    for await (const part of parts) void part;
    timesMs.push(clock.monotonicMs() - startedMs);
  }
  return [timesMs[0] ?? 0, timesMs.at(-1) ?? 0];
}

const silent: ChatModel = {
  engine: 'none',
  model: 'none',
  contextTokens: 1024,
  async *stream(): AsyncGenerator<ChatPart> {
    yield { type: 'text', text: 'Hello.' };
    yield {
      type: 'usage',
      usage: { inputTokens: 0, cachedInputTokens: 0, outputTokens: 1 },
      finishReason: 'stop',
    };
  },
};
