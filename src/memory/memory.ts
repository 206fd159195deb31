/** What is remembered of a person. `profile`: who they are, one value for each attribute at a time. */
export const MEMORY_KINDS = ['fact', 'preference', 'event', 'profile'] as const;
export type MemoryKind = (typeof MEMORY_KINDS)[number];

/** Where a memory comes from. */
export interface MemorySource {
  readonly conversationId: string;
  readonly itemId: string;
}

/** Something that is remembered of a person, in one sentence. */
export interface Memory {
  /** A UUID, made from what it says and where it was said (`memory-id.ts`), so that learning it twice is learning it once. */
  readonly id: string;
  readonly kind: MemoryKind;
  /** In the third person, with a full stop: `The user lives in Berlin.` */
  readonly text: string;
  /** Whom or what it is about, in lower case: `user`, `sister`, `bruno`. */
  readonly subject: string;
  /**
   * What of the subject it says, when only one value can be true at a time: `name`, `home`, `job`, `diet`. A newer
   * memory with the same subject and attribute takes its place. Null when many can be true (`likes`).
   */
  readonly attribute: string | null;
  /** The bare value of the attribute: `Berlin`. Null when it is not known apart from the text. */
  readonly value: string | null;
  /** 0 (small talk) to 1 (never to be forgotten). */
  readonly importance: number;
  /** Since when it holds, as far as that is known: when it was said. Milliseconds since 1970. */
  readonly validAtMs: number;
  /** When it stopped to hold; null while it does. What no longer holds is history and is not found by a search. */
  readonly invalidAtMs: number | null;
  /** The memory that took its place; null when none did. */
  readonly supersededBy: string | null;
  /** Null when it was written down by hand. */
  readonly source: MemorySource | null;
  readonly createdAtMs: number;
  /** When it was last given to a model; null: never. */
  readonly lastUsedAtMs: number | null;
}

/** A memory as it is learned. */
export type NewMemory = Omit<Memory, 'invalidAtMs' | 'supersededBy' | 'lastUsedAtMs'> & {
  /** What was said around it. It is searched, with less weight than the text, and never shown. */
  readonly context: string;
};

/** What people may correct by hand. What is not given stays. */
export interface MemoryEdit {
  readonly text?: string;
  readonly kind?: MemoryKind;
  readonly value?: string | null;
  readonly importance?: number;
}

/** A change of what is remembered. All of them can be applied twice. */
export type MemoryChange =
  | {
      readonly type: 'add';
      readonly memory: NewMemory;
      /** Ids of what it takes the place of, besides what has its subject and attribute. Unknown ones are ignored. */
      readonly supersedes: readonly string[];
    }
  | { readonly type: 'edit'; readonly id: string; readonly edit: MemoryEdit }
  /** It no longer holds, and nothing takes its place. */
  | { readonly type: 'end'; readonly id: string; readonly atMs: number };

/**
 * What became of a change. `known`: it was there already, word for word or with the same value, and `id` is that one;
 * `outdated`: something newer holds, so it went into the history at once; `missing`: there is no memory with this id.
 */
export interface AppliedChange {
  readonly outcome: 'added' | 'edited' | 'ended' | 'known' | 'outdated' | 'missing';
  readonly id: string;
  /** Ids of what it took the place of. */
  readonly superseded: readonly string[];
}

/** A memory that a search has found. */
export interface FoundMemory {
  readonly memory: Memory;
  /** How well it fits the query, 0 to 1, of the lexical and the dense ranking together; best first. */
  readonly relevance: number;
}
