import { END, START, StateGraph } from '@langchain/langgraph';
import type { Clock } from '../clock.ts';
import type { ChatModel } from '../llm/chat-model.ts';
import type { ReplyCache } from '../memory/reply-cache.ts';
import { context, contextBound, type Summaries } from '../nodes/context.ts';
import { node } from '../nodes/node.ts';
import { type ProfileSource, profile, profileBound } from '../nodes/profile.ts';
import { type RecallSource, recall, recallBound } from '../nodes/recall.ts';
import { type Learner, remember } from '../nodes/remember.ts';
import { respond } from '../nodes/respond.ts';
import { afterRespond, type Worth } from './routes.ts';
import { TurnState } from './state.ts';

export interface GraphDeps {
  readonly model: ChatModel;
  readonly memory: RecallSource & ProfileSource;
  readonly learner: Learner;
  readonly summaries: Summaries;
  readonly replies?: ReplyCache | undefined;
  readonly worthOf: (text: string) => Worth;
  readonly clock: Clock;
  readonly timezone: string;
}

export type TurnGraph = ReturnType<typeof createTurnGraph>;

/**
 * The workflow of a turn. Wiring only: what a step does is in `nodes/`, when an edge is taken in `routes.ts`.
 *
 * `recall`, `context` and `profile` run side by side, each with its own deadline; `respond` is deferred, so it runs once
 * when all of them have ended.
 */
export function createTurnGraph(deps: GraphDeps) {
  const { clock } = deps;
  return new StateGraph(TurnState)
    .addNode('recall', node({ name: 'recall', clock, run: recall(deps), bound: recallBound(deps) }))
    .addNode('context', node({ name: 'context', clock, run: context(deps), bound: contextBound }))
    .addNode('profile', node({ name: 'profile', clock, run: profile(deps), bound: profileBound(deps) }))
    .addNode('respond', node({ name: 'respond', clock, run: respond(deps) }), { defer: true })
    .addNode('remember', node({ name: 'remember', clock, run: remember(deps) }))
    .addEdge(START, 'recall')
    .addEdge(START, 'context')
    .addEdge(START, 'profile')
    .addEdge('recall', 'respond')
    .addEdge('context', 'respond')
    .addEdge('profile', 'respond')
    .addConditionalEdges('respond', afterRespond(deps.worthOf), ['remember', END])
    .addEdge('remember', END)
    .compile();
}
