import type { Clock } from '../clock.ts';
import { newestTurn, trimInBlocks } from '../llm/prompt.ts';
import { estimatePromptTokens, estimateTokens } from '../llm/token-estimate.ts';
import type { Bound, TurnNode } from './node.ts';

interface Deps {
  readonly clock: Clock;
  readonly timezone: string;
  /** Read at every turn: the engine may have changed. */
  readonly model: { readonly contextTokens: number };
}

/** Tokens kept free for the answer, for what is remembered, and for what an estimate gets wrong. */
const RESERVE_SHARE = 0.25;

/** Chooses what of the conversation the model sees, and notes what is true only now. */
export function context({ clock, timezone, model }: Deps): TurnNode {
  const time = new Intl.DateTimeFormat('en', {
    timeZone: timezone,
    dateStyle: 'full',
    timeStyle: 'short',
  });
  return async ({ instructions, summary, history }) => {
    const fixed = estimateTokens(instructions ?? '') + estimateTokens(summary ?? '');
    const budget = model.contextTokens * (1 - RESERVE_SHARE) - fixed;
    return {
      window: trimInBlocks(history ?? [], Math.max(budget, 0), (message) => estimatePromptTokens([message])),
      notes: [`It is ${time.format(clock.nowMs())} (${timezone}).`],
    };
  };
}

/** What is answered when that takes too long: the newest turn, so it goes on. */
export const contextBound: Bound = {
  deadlineMs: 100,
  degraded: ({ history }) => ({ window: newestTurn(history), notes: [] }),
};
