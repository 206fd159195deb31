import type { Clock } from '../clock.ts';
import { buildPrompt, newestTurn, trimInBlocks } from '../llm/prompt.ts';
import { estimatePromptTokens, estimateTokens } from '../llm/token-estimate.ts';
import type { Bound, TurnNode } from './node.ts';

interface Deps {
  readonly clock: Clock;
  readonly timezone: string;
  /** Read at every turn: the engine may have changed. */
  readonly model: { readonly contextTokens: number };
}

/** Tokens kept free for the answer and for what an estimate gets wrong. */
const RESERVE_SHARE = 0.25;

/** Builds the prompt: the persona, as much history as fits, what time it is. */
export function context({ clock, timezone, model }: Deps): TurnNode {
  const time = new Intl.DateTimeFormat('en', {
    timeZone: timezone,
    dateStyle: 'full',
    timeStyle: 'short',
  });
  return async (state) => {
    const instructions = state.instructions ?? '';
    const budget = model.contextTokens * (1 - RESERVE_SHARE) - estimateTokens(instructions);
    return {
      prompt: buildPrompt({
        instructions,
        history: trimInBlocks(state.history ?? [], Math.max(budget, 0), (message) =>
          estimatePromptTokens([message]),
        ),
        notes: [`It is ${time.format(clock.nowMs())} (${timezone}).`],
      }),
    };
  };
}

/** What is answered when the context cannot be built in time: the persona and the newest turn, so it goes on. */
export const contextBound: Bound = {
  deadlineMs: 100,
  degraded: (state) => ({
    prompt: buildPrompt({ instructions: state.instructions, history: newestTurn(state.history), notes: [] }),
  }),
};
