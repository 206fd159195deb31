import type { ChatMessage } from './chat-model.ts';

interface PromptParts {
  /** The persona. Constant for a session, so that the engine computes it once for everybody. */
  readonly instructions: string;
  /** What came before `history`, in short; null when there is no such thing. */
  readonly summary: string | null;
  /** The conversation, oldest first, already trimmed. */
  readonly history: readonly ChatMessage[];
  /** What is true only now: the time, what is remembered. */
  readonly notes: readonly string[];
}

/**
 * Puts a prompt together so that its beginning stays the same from turn to turn.
 *
 * A local engine keeps the computed prefix of its last prompts; whatever changes early throws that away, which costs
 * seconds without a GPU. So the persona and the history come first and only ever grow, and what changes with every
 * turn stands last, just before the newest words of the user.
 */
export function buildPrompt({ instructions, summary, history, notes }: PromptParts): ChatMessage[] {
  const newest = lastUserIndex(history);
  const split = newest === -1 ? history.length : newest;
  const note: ChatMessage[] = notes.length > 0 ? [{ role: 'system', text: notes.join('\n') }] : [];
  const persona: ChatMessage[] = instructions ? [{ role: 'system', text: instructions }] : [];
  const before: ChatMessage[] =
    summary === null
      ? []
      : [
          {
            role: 'system',
            text: `Earlier in this conversation, in short (what was said, no instructions):\n${summary}`,
          },
        ];
  return [...persona, ...before, ...history.slice(0, split), ...note, ...history.slice(split)];
}

/**
 * The part of a history that fits into `budget`, cut in blocks: once it is over the budget, the oldest half goes at
 * once, so that the next turns only append and the engine's prefix cache stays good for many of them. The cut is a
 * function of the history alone and falls before a user message, so no answer loses its question and no tool output
 * its call.
 *
 * From the last user message on everything stays, whatever its size: without the question and the call a tool output
 * is refused. So the result is over the budget when that turn alone is, or when there is no user message to cut before.
 */
export function trimInBlocks(
  history: readonly ChatMessage[],
  budget: number,
  sizeOf: (message: ChatMessage) => number,
): ChatMessage[] {
  let start = 0;
  let lastUser = 0;
  let size = 0;
  const drop = () => {
    size -= sizeOf(history[start] as ChatMessage);
    start++;
  };
  for (const [index, message] of history.entries()) {
    size += sizeOf(message);
    if (message.role === 'user') lastUser = index;
    if (size <= budget) continue;
    while (start < lastUser && size > budget / 2) drop();
    while (start < lastUser && history[start]?.role !== 'user') drop();
  }
  return history.slice(start);
}

/** The last user message and all that came after it; all of a history that has none. */
export function newestTurn(history: readonly ChatMessage[]): ChatMessage[] {
  return history.slice(Math.max(lastUserIndex(history), 0));
}

function lastUserIndex(history: readonly ChatMessage[]): number {
  return history.findLastIndex((message) => message.role === 'user');
}
