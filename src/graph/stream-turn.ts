import { VivavoceError } from '../errors.ts';
import type { TurnGraph } from './graph.ts';
import type { NodeOutput, TurnFailed, TurnInput, TurnPart } from './state.ts';

/** Made once: an abort without a reason makes an error with a stack trace, every turn. */
const LEFT = new VivavoceError('cancelled', 'nobody reads this turn any more');

/**
 * Runs one turn and streams its parts. One that failed is led to its end like any other, so that its trace is whole and
 * what was said is learned from; then its failure is thrown. Leaving the loop, or aborting `signal`, stops every node.
 */
export async function* streamTurn(
  graph: TurnGraph,
  input: TurnInput,
  signal: AbortSignal,
): AsyncGenerator<TurnPart> {
  // LangGraph does not stop its nodes when the consumer leaves; only a signal does.
  const left = new AbortController();
  let failed: TurnFailed | null = null;
  try {
    const parts = await graph.stream(input, {
      streamMode: 'custom',
      signal: AbortSignal.any([signal, left.signal]),
    });
    for await (const chunk of parts) {
      const part = chunk as NodeOutput;
      if (part.type === 'failed') failed = part;
      else yield part;
    }
    if (failed) throw failed.error;
  } finally {
    left.abort(LEFT);
  }
}
