import type { Owner } from './store.ts';

/** Somebody wants everything to be forgotten. */
export interface Erasure {
  readonly id: string;
  readonly owner: Owner;
  readonly requestedAtMs: number;
  /** Null while it is under way. */
  readonly completedAtMs: number | null;
}

/** Erasures that were asked for, so that a restart goes on with them. They say who, and nothing of what was erased. */
export interface ErasureLog {
  /** Idempotent: while one of this owner is under way, that one is answered. The id of a completed one is a `conflict`. */
  requestErasure(
    owner: Owner,
    erasure: { readonly id: string; readonly requestedAtMs: number },
  ): Promise<Erasure>;
  findErasure(owner: Owner, id: string): Promise<Erasure | null>;
  /** Those under way, of all owners. */
  openErasures(): Promise<readonly Erasure[]>;
  completeErasure(owner: Owner, id: string, atMs: number): Promise<void>;
  /**
   * Erases some of the conversations of an owner that began by `untilMs`, with their items, summaries and places in the
   * outbox, and all changes that were decided from conversations that began by then. Answers the ids of the
   * conversations that are gone; call it until there are none.
   */
  eraseConversations(owner: Owner, untilMs: number, limit: number): Promise<readonly string[]>;
}
