import type { Clock } from '../clock.ts';
import type { Owner } from '../conversation/store.ts';
import type { ChatMessage } from '../llm/chat-model.ts';
import { newestTurn, trimInBlocks } from '../llm/prompt.ts';
import { estimatePromptTokens, estimateTokens } from '../llm/token-estimate.ts';
import { oneLine } from './memory-note.ts';
import type { Bound, TurnNode } from './node.ts';

interface Deps {
  readonly clock: Clock;
  readonly timezone: string;
  /** Read at every turn: the engine may have changed. */
  readonly model: { readonly contextTokens: number };
  /** How much a message matters, 0 to 1. */
  readonly worthOf: (text: string) => { readonly importance: number };
  readonly summaries: Summaries;
}

/** What shortens conversations. */
export interface Summaries {
  /** The conversation has become long. Returns at once. */
  wanted(owner: Owner, conversationId: string): void;
}

/** Tokens kept free for the answer, for what is remembered, and for what an estimate gets wrong. */
const RESERVE_SHARE = 0.25;

/** A conversation that fills so much of its room is shortened, before it is too long. */
const LONG_SHARE = 0.7;
/** Of what no longer fits, this matters enough to be kept word for word … */
const IMPORTANT = 0.7;
/** … so many of them at most. */
const MAX_KEPT = 8;
const MAX_KEPT_CHARACTERS = 300;

/** Chooses what of the conversation the model sees, and notes what is true only now. */
export function context({ clock, timezone, model, worthOf, summaries }: Deps): TurnNode {
  const time = new Intl.DateTimeFormat('en', {
    timeZone: timezone,
    dateStyle: 'full',
    timeStyle: 'short',
  });
  return async ({ instructions, summary, history, turn }) => {
    const fixed = estimateTokens(instructions ?? '') + estimateTokens(summary ?? '');
    const budget = Math.max(model.contextTokens * (1 - RESERVE_SHARE) - fixed, 0);
    const all = history ?? [];
    const sizes = new Map(all.map((message) => [message, estimatePromptTokens([message])]));
    const size = [...sizes.values()].reduce((sum, each) => sum + each, 0);
    if (turn?.conversationId != null && size > budget * LONG_SHARE) {
      const { owner, conversationId } = turn;
      void turn.confirmed.then(() => summaries.wanted(owner, conversationId));
    }
    const window = trimInBlocks(all, budget, (message) => sizes.get(message) ?? 0);
    const dropped = all.slice(0, all.length - window.length);
    return {
      window,
      notes: [`It is ${time.format(clock.nowMs())} (${timezone}).`, ...importantOf(dropped, worthOf)],
    };
  };
}

/** What matters most of what no longer fits, in the words of the person. */
function importantOf(dropped: readonly ChatMessage[], worthOf: Deps['worthOf']): string[] {
  const important = dropped
    .flatMap(({ role, text }, at) =>
      role === 'user' ? [{ at, text, importance: worthOf(text).importance }] : [],
    )
    .filter(({ importance }) => importance >= IMPORTANT)
    .sort((a, b) => b.importance - a.importance || b.at - a.at)
    .slice(0, MAX_KEPT)
    .sort((a, b) => a.at - b.at)
    .map(({ text }) => `- ${oneLine(text, MAX_KEPT_CHARACTERS)}`);
  return important.length > 0 ? ['Much earlier in this conversation the user said:', ...important] : [];
}

/** What is answered when that takes too long: the newest turn, so it goes on. */
export const contextBound: Bound = {
  deadlineMs: 100,
  degraded: ({ history }) => ({ window: newestTurn(history), notes: [] }),
};
