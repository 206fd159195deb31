import { END, START, StateGraph } from '@langchain/langgraph';
import type { Clock } from '../clock.ts';
import type { ChatModel } from '../llm/chat-model.ts';
import { context, contextBound } from '../nodes/context.ts';
import { node } from '../nodes/node.ts';
import { respond } from '../nodes/respond.ts';
import { TurnState } from './state.ts';

export interface GraphDeps {
  readonly model: ChatModel;
  readonly clock: Clock;
  readonly timezone: string;
}

export type TurnGraph = ReturnType<typeof createTurnGraph>;

/**
 * The workflow of a turn. Wiring only: what a step does is in `nodes/`, when an edge is taken in `routes.ts`.
 *
 * `respond` is deferred: it runs once when every branch before it has ended, however many join later.
 */
export function createTurnGraph({ model, clock, timezone }: GraphDeps) {
  return new StateGraph(TurnState)
    .addNode(
      'context',
      node({ name: 'context', clock, bound: contextBound, run: context({ clock, timezone, model }) }),
    )
    .addNode('respond', node({ name: 'respond', clock, run: respond({ clock, model }) }), { defer: true })
    .addEdge(START, 'context')
    .addEdge('context', 'respond')
    .addEdge('respond', END)
    .compile();
}
