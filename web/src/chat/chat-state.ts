import type { EngineStatus } from '../../../src/engine-status.ts';
import type { Entry, Recall } from './entry.ts';

/** What the page knows of the conversation that is open. */
export interface ChatState {
  /** Null before the server has named it. */
  readonly conversationId: string | null;
  /** The store has it: it can be named in a URL and listed. */
  readonly isStored: boolean;
  /** Oldest first. */
  readonly entries: readonly Entry[];
  /** There are older ones in the store. */
  readonly hasEarlier: boolean;
  /** An answer was asked for and has not begun. */
  readonly isAsked: boolean;
  /** The answer that is being made. */
  readonly responseId: string | null;
  /** What was recalled last: it is known before the answer has an entry. */
  readonly recall: Recall | null;
  readonly engines: readonly EngineStatus[];
}

export const emptyChat: ChatState = {
  conversationId: null,
  isStored: false,
  entries: [],
  hasEarlier: false,
  isAsked: false,
  responseId: null,
  recall: null,
  engines: [],
};

/** Something is being made, or will be in a moment. */
export function isBusy({ isAsked, responseId }: ChatState): boolean {
  return isAsked || responseId !== null;
}
