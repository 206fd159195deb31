/** What a key may do. */
export const SCOPES = [
  /** Sessions, chat, audio, models, keys for browsers. */
  'talk',
  /** Conversations that are kept. */
  'history',
  /** Memories. */
  'memory',
  /** Guards, metrics, and why an engine is as it is. */
  'operate',
] as const;

export type Scope = (typeof SCOPES)[number];
