import type { Clock } from '../clock.ts';
import type { Owner } from '../conversation/store.ts';
import type { ChatMessage } from '../llm/chat-model.ts';
import type { Question, Recollection } from '../memory/recall/recollection.ts';
import type { Bound, TurnNode } from './node.ts';

/** What a turn needs of the memory. */
export interface RecallSource {
  recall(owner: Owner, question: Question): Promise<Recollection>;
  /** What there is without waiting: found for an earlier question, or just said. */
  stale(owner: Owner, question: Question): Recollection;
  /** It was given to a model. */
  used(owner: Owner, recollection: Recollection): void;
}

interface Deps {
  readonly memory: RecallSource;
  readonly clock: Clock;
}

/** Nobody waits longer for a memory. */
const DEADLINE_MS = 200;
/** A shorter question goes on from what was said before it: `And her husband?` */
const FEW_WORDS = 4;
/** Of a long message the end is looked for, where people ask. */
const MAX_CHARACTERS = 1_000;

/** Finds what is remembered about what the person says. */
export function recall({ memory, clock }: Deps): TurnNode {
  return async ({ turn, history }, emit, signal) => {
    const text = questionIn(history ?? []);
    if (!turn || text === '') return { recalled: [] };
    const startedMs = clock.monotonicMs();
    const recollection = await memory.recall(turn.owner, { text, conversationId: turn.conversationId });
    // The turn went on without it: the next one will have it.
    if (signal.aborted) return {};
    emit({ type: 'recalled', ...recollection, waitedMs: clock.monotonicMs() - startedMs });
    void turn.confirmed.then(() => memory.used(turn.owner, recollection));
    return { recalled: recollection.memories };
  };
}

export function recallBound({ memory }: Pick<Deps, 'memory'>): Bound {
  return {
    deadlineMs: DEADLINE_MS,
    degraded: ({ turn, history }, emit, waitedMs) => {
      if (!turn) return { recalled: [] };
      const question = { text: questionIn(history ?? []), conversationId: turn.conversationId };
      const recollection = memory.stale(turn.owner, question);
      emit({ type: 'recalled', ...recollection, waitedMs });
      return { recalled: recollection.memories };
    },
  };
}

/** What the memory is asked for: the newest words of the person, with those before them when they are few. */
export function questionIn(history: readonly ChatMessage[]): string {
  const said = history
    .filter(({ role }) => role === 'user')
    .map(({ text }) => text.trim().slice(-MAX_CHARACTERS).toWellFormed());
  const newest = said.at(-1) ?? '';
  const before = said.at(-2);
  if (before === undefined || newest.split(/\s+/).length >= FEW_WORDS) return newest;
  return `${before}\n${newest}`;
}
