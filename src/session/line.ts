import type { Outgoing } from './outgoing.ts';

/** What a session knows of the way to its client, which may be cut and come back. */
export interface Line {
  /** The client listens to our own events too, and can come back after a drop. */
  readonly hasExtensions: boolean;
  /** Counts the connections: another number, and some of what was handed over before may never have arrived. */
  readonly connection: number;
  /** Hands an event over. False: it is lost, because nobody is there who could ever take it. */
  deliver(event: Outgoing): boolean;
  /**
   * Resolves when audio may be handed over: when somebody reads, or nobody ever will; null for at once. It never rejects, and
   * resolves too when `signal` is aborted.
   */
  roomForAudio(signal: AbortSignal): Promise<void> | null;
}

/** How much of the audio of an item has arrived at the client. */
export interface Received {
  readonly itemId: string;
  readonly audioMs: number;
}
