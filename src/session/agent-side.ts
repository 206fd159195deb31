import type { MessageItem } from '../conversation/item.ts';
import type { Rehearsal } from './rehearsal.ts';

/** What a turn does to the agent. */
export interface AgentSide {
  /** The client hears the agent at this moment, or has heard a part of what is still being made. */
  hasFloor(): boolean;
  /** A reply is being made. */
  isAnswering(): boolean;
  /** The client has asked for a reply, which waits for the words that are still being recognised. */
  answersAnyway(): boolean;
  /** Stops everything that is said. True when a reply was cut of which nobody has heard a word. */
  interrupt(): boolean;
  /** Answers what stands in the conversation. */
  answer(said: Said | null): void;
  /** Begins to answer what has probably been said; null when it cannot. */
  rehearse(item: MessageItem, said: Said): Rehearsal | null;
  /** So much of what is being said is understood. */
  anticipate(text: string): void;
  /** Responses that are asked for meanwhile wait until this has settled. */
  awaitWords(words: Promise<unknown>): void;
}

/** What is known of the words that are answered. */
export interface Said {
  /** When the speech ended and when its words were known, monotonic milliseconds. */
  readonly endedAtMs: number;
  readonly transcribedMs: number;
  readonly rehearsal: Rehearsal | null;
}
