import { createContext, use, useSyncExternalStore } from 'react';
import type { AgentSession } from '../agent/agent-session.ts';
import type { ConversationList } from '../agent/conversation-list.ts';
import type { Value } from '../agent/value.ts';

export interface Agent {
  readonly session: AgentSession;
  readonly list: ConversationList;
}

export const AgentContext = createContext<Agent | null>(null);

export function useAgent(): Agent {
  const agent = use(AgentContext);
  if (!agent) throw new Error('There is no AgentContext around this component.');
  return agent;
}

/** The current value; the component is drawn again when it changes. */
export function useValue<T>(value: Value<T>): T {
  return useSyncExternalStore(value.subscribe, () => value.current);
}
