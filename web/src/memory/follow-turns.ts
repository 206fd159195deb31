import type { AgentSession } from '../agent/agent-session.ts';
import type { MemoryBook } from './memory-book.ts';

/** Keeps what is shown of the memory in step with the conversation. Returns what ends that. */
export function followTurns(
  session: Pick<AgentSession, 'chat'>,
  book: Pick<MemoryBook, 'refresh'>,
): () => void {
  let { responseId, recall } = session.chat.current;
  return session.chat.subscribe(() => {
    const { current } = session.chat;
    const hasEnded = responseId !== null && current.responseId !== responseId;
    const hasRecalled = current.recall !== null && current.recall !== recall;
    ({ responseId, recall } = current);
    if (hasEnded || hasRecalled) void book.refresh();
  });
}
