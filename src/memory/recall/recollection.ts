import type { MemoryKind } from '../memory.ts';

/** What somebody says, and where: what was said there before the model knows anyway. */
export interface Question {
  readonly text: string;
  readonly conversationId: string | null;
}

/** Something that a model is told before it answers. */
export interface Recalled {
  /** Null for words of the person from which nothing was learned yet. */
  readonly id: string | null;
  readonly kind: MemoryKind | 'said';
  readonly text: string;
  /** When it became true, or was said. */
  readonly validAtMs: number;
  /** 0 to 1. */
  readonly score: number;
}

/** What was found for a question. */
export interface Recollection {
  readonly memories: readonly Recalled[];
  /** `stale`: found for an earlier question, because this one took too long. */
  readonly source: 'cache' | 'search' | 'stale' | 'none';
}
