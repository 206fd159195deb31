import type { ExtensionEvent } from '../../../src/protocol/extension-events.ts';

type Recalled = Extract<ExtensionEvent, { type: 'vivavoce.memory.recalled' }>;
type Traced = Extract<ExtensionEvent, { type: 'vivavoce.turn.traced' }>;

/** Where the milliseconds and tokens of an answer went. */
export type TurnTrace = Pick<Traced, 'marks' | 'degraded' | 'nodes' | 'waited_for' | 'usage' | 'cost'>;

/** What the model was given from the memory for an answer. */
export type Recall = Pick<Recalled, 'response_id' | 'source' | 'memories' | 'wait_ms'>;

/** A message of the person. */
export interface UserEntry {
  readonly kind: 'user';
  readonly id: string;
  readonly text: string;
  /**
   * `queued`: it waits for a connection. `sent`: on its way. `stored`: the server has it for good. `refused`: it
   * cannot be taken, `reason` says why.
   */
  readonly state: 'queued' | 'sent' | 'stored' | 'refused';
  readonly reason: string | null;
  /** How far its words are understood; null when it was typed. */
  readonly speech: SpeechState | null;
}

/**
 * `tentative`: it is being said. `awaited`: it has been said, and its words are being found out. `unclear`: nobody
 * will know them, the entry's `reason` says why.
 */
export type SpeechState = 'tentative' | 'awaited' | 'understood' | 'unclear';

/** An answer of the agent. */
export interface AgentEntry {
  readonly kind: 'agent';
  readonly id: string;
  /** Null when it was said before this page was opened. */
  readonly responseId: string | null;
  readonly text: string;
  readonly status: 'in_progress' | 'completed' | 'incomplete';
  /** How it ended when it did not end by itself. */
  readonly ending: 'stopped' | 'interrupted' | 'length' | null;
  /** What was heard of `text`, once that is known to be less than all. */
  readonly heard: string | null;
  readonly skipped: readonly { readonly text: string; readonly reason: string }[];
  readonly trace: TurnTrace | null;
  /** Null when the memory was not asked, or when it is not known. */
  readonly recall: Recall | null;
}

/** A function that was called. */
export interface ToolEntry {
  readonly kind: 'tool';
  readonly id: string;
  readonly callId: string;
  readonly name: string;
  readonly args: string;
  /** Null while it runs. */
  readonly output: string | null;
}

/** Something that went wrong, where the answer would be. */
export interface ProblemEntry {
  readonly kind: 'problem';
  readonly id: string;
  readonly text: string;
}

export type Entry = UserEntry | AgentEntry | ToolEntry | ProblemEntry;

export function userEntry(given: Partial<UserEntry> & { readonly id: string }): UserEntry {
  return { kind: 'user', text: '', state: 'queued', reason: null, speech: null, ...given };
}

export function agentEntry(given: Partial<AgentEntry> & { readonly id: string }): AgentEntry {
  return {
    kind: 'agent',
    responseId: null,
    text: '',
    status: 'in_progress',
    ending: null,
    heard: null,
    skipped: [],
    trace: null,
    recall: null,
    ...given,
  };
}
