import type { Owner } from '../conversation/store.ts';
import type { TurnNode } from './node.ts';

/** What learns from conversations. */
export interface Learner {
  /** Something was said in this conversation that may be worth to be remembered. Returns at once. */
  noticed(owner: Owner, conversationId: string): void;
}

interface Deps {
  readonly learner: Learner;
}

/** Marks the conversation, once the turn counts: what is learned from it, is learned later and elsewhere. */
export function remember({ learner }: Deps): TurnNode {
  return async ({ turn }, _emit, signal) => {
    if (turn?.conversationId == null || signal.aborted) return {};
    const { owner, conversationId } = turn;
    const dropped = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => dropped.resolve(), { once: true });
    await Promise.race([turn.confirmed, dropped.promise]);
    if (!signal.aborted) learner.noticed(owner, conversationId);
    return {};
  };
}
