import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Owner } from '../conversation/store.ts';
import { queryKey } from './recall/query-key.ts';
import { type CacheCounters, SearchCache } from './recall/search-cache.ts';

const MAX_BYTES = 16 * 1024 * 1024;
/** Its answer is another one every time, or depends on what was said before. */
const CHANGES =
  /\b(?:now|today|tonight|tomorrow|yesterday|time|date|day|week|month|year|hours?|minutes?|ago|later|soon|recent(?:ly)?|latest|last|next|current(?:ly)?|still|yet|again|weather|news|random|joke|it|its|that|this|these|those|he|she|him|her|they|them|there|then|so|else|other|another|more|same|why)\b/i;
const ASKS =
  /\?\s*$|^(?:what|where|who|whom|whose|which|how|is|are|am|was|were|do|does|did|can|could|have|has|had|will|would|should)\b/i;
const FEWEST_WORDS = 3;
/** Nobody asks the same again who asks for longer than this. */
const MAX_CHARACTERS = 500;

/** What an answer depends on besides the person and the question. */
export interface ReplyBasis {
  readonly instructions: string;
  readonly engine: string;
  readonly model: string;
  /** Anything else: limits, temperature. JSON. */
  readonly settings: unknown;
}

/** A reply that is being made; it is kept when it is whole and nothing was learned meanwhile. */
export interface ReplyInTheMaking {
  keep(text: string): void;
  drop(): void;
}

/** Whole replies to questions that somebody asks again in the same words, until their memory changes. */
export class ReplyCache {
  readonly #replies: SearchCache<{ readonly text: string }>;

  constructor({ ttlMs, clock }: { readonly ttlMs: number; readonly clock: Pick<Clock, 'monotonicMs'> }) {
    this.#replies = new SearchCache({ ttlMs, maxBytes: MAX_BYTES, clock });
  }

  /** Null when this has to be answered anew. */
  get(owner: Owner, question: string, basis: ReplyBasis): string | null {
    const key = replyKey(question, basis);
    return key === null ? null : (this.#replies.get(owner, key)?.text ?? null);
  }

  begin(owner: Owner, question: string, basis: ReplyBasis): ReplyInTheMaking | null {
    const key = replyKey(question, basis);
    if (key === null) return null;
    const { promise, resolve, reject } = Promise.withResolvers<{ text: string }>();
    this.#replies.find(owner, key, () => promise).catch(() => undefined);
    return { keep: (text) => resolve({ text }), drop: () => reject(new Error('not whole')) };
  }

  /** Something was learned or said: nothing that was answered before holds. */
  changed(owner: Owner): void {
    this.#replies.drop(owner);
  }

  forget(owner: Owner): void {
    this.#replies.forget(owner);
  }

  get counters(): CacheCounters {
    return this.#replies.counters;
  }
}

/** Null for what cannot be answered from itself: about time, or about what was said before. */
function replyKey(question: string, { instructions, engine, model, settings }: ReplyBasis): string | null {
  if (question.length > MAX_CHARACTERS) return null;
  const text = question.trim();
  if (!ASKS.test(text) || CHANGES.test(text) || text.split(/\s+/).length < FEWEST_WORDS) return null;
  const words = queryKey(text);
  if (words === '') return null;
  const basis = createHash('sha256').update(JSON.stringify([instructions, engine, model, settings]));
  return `${basis.digest('base64url')} ${words}`;
}
