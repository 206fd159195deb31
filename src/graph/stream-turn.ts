import { VivavoceError } from '../errors.ts';
import type { TurnGraph } from './graph.ts';
import type { TurnInput, TurnPart } from './state.ts';

/** Made once: an abort without a reason makes an error with a stack trace, every turn. */
const LEFT = new VivavoceError('cancelled', 'nobody reads this turn any more');

/** Runs one turn and streams its parts. Leaving the loop, or aborting `signal`, stops every node. */
export async function* streamTurn(
  graph: TurnGraph,
  input: TurnInput,
  signal: AbortSignal,
): AsyncGenerator<TurnPart> {
  // LangGraph does not stop its nodes when the consumer leaves; only a signal does.
  const left = new AbortController();
  try {
    const parts = await graph.stream(input, {
      streamMode: 'custom',
      signal: AbortSignal.any([signal, left.signal]),
    });
    for await (const part of parts) yield part as TurnPart;
  } finally {
    left.abort(LEFT);
  }
}
