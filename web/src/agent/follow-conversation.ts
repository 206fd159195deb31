import type { AgentSession } from './agent-session.ts';
import type { ConversationList } from './conversation-list.ts';

/** Keeps the list in step with the conversation that is open. Returns what ends that. */
export function followConversation(session: AgentSession, list: ConversationList): () => void {
  let wasOpen = false;
  let storedId: string | null = null;
  const endConnection = session.connection.subscribe(() => {
    const isOpen = session.connection.current.status === 'open';
    if (isOpen && !wasOpen) void list.refresh();
    wasOpen = isOpen;
  });
  const endChat = session.chat.subscribe(() => {
    const { conversationId, isStored, entries, hasEarlier } = session.chat.current;
    if (!isStored || conversationId === null) return;
    if (conversationId !== storedId) {
      storedId = conversationId;
      const isListed = list.state.current.conversations.some(({ id }) => id === conversationId);
      if (!isListed) void list.refresh();
    }
    const first = entries.find(({ kind }) => kind === 'user');
    // What was shown while it was said may be other words.
    const isKnown = first?.kind === 'user' && (first.speech === null || first.speech === 'understood');
    if (isKnown && first.state === 'stored' && first.text !== '' && !hasEarlier) {
      void list.titleIfNone(conversationId, first.text);
    }
  });
  return () => {
    endConnection();
    endChat();
  };
}
