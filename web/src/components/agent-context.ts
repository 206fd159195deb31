import { createContext, use, useSyncExternalStore } from 'react';
import type { AgentSession } from '../agent/agent-session.ts';
import type { ConversationList } from '../agent/conversation-list.ts';
import type { Value } from '../agent/value.ts';
import type { GuardBoard } from '../guards/guard-board.ts';
import type { MemoryBook } from '../memory/memory-book.ts';
import type { Surroundings } from '../voice/microphone-problem.ts';

export interface Agent {
  readonly surroundings: Surroundings;
  readonly session: AgentSession;
  readonly list: ConversationList;
  readonly memory: MemoryBook;
  readonly guards: GuardBoard;
}

export const AgentContext = createContext<Agent | null>(null);

export function useAgent(): Agent {
  const agent = use(AgentContext);
  if (!agent) throw new Error('There is no AgentContext around this component.');
  return agent;
}

/** The current value, or what `select` takes of it; the component is drawn again when that changes. */
export function useValue<T>(value: Value<T>): T;
export function useValue<T, Part>(value: Value<T>, select: (current: T) => Part): Part;
export function useValue<T>(value: Value<T>, select: (current: T) => unknown = (current) => current) {
  return useSyncExternalStore(value.subscribe, () => select(value.current));
}
