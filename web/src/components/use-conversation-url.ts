import { useEffect } from 'react';
import type { AgentSession } from '../agent/agent-session.ts';

function idInUrl(): string | null {
  return decodeURIComponent(location.hash.slice(1)) || null;
}

/** The conversation that is open stands behind the `#` of the address. Returns what opens another one. */
export function useConversationUrl(session: AgentSession): (id: string | null) => void {
  useEffect(() => {
    const open = () => {
      const { conversationId, isStored } = session.chat.current;
      if (idInUrl() !== (isStored ? conversationId : null)) session.open(idInUrl());
    };
    session.open(idInUrl());
    addEventListener('popstate', open);
    // A conversation can be named once it is stored.
    const end = session.chat.subscribe(() => {
      const { conversationId, isStored } = session.chat.current;
      const id = isStored ? conversationId : null;
      if (id !== idInUrl()) history.replaceState(null, '', urlOf(id));
    });
    return () => {
      removeEventListener('popstate', open);
      end();
    };
  }, [session]);

  return (id) => {
    if (id !== idInUrl()) history.pushState(null, '', urlOf(id));
    session.open(id);
  };
}

function urlOf(id: string | null): string {
  return id === null ? location.pathname : `#${encodeURIComponent(id)}`;
}
