import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import type { Owner } from '../conversation/store.ts';
import { statesSomething } from './extraction/sentence-kind.ts';
import { queryKey } from './recall/query-key.ts';
import { type CacheCounters, ownerKey, SearchCache } from './recall/search-cache.ts';

const MAX_BYTES = 16 * 1024 * 1024;
const MAX_OWNERS = 10_000;
/** Its answer is another one every time, or depends on what was said before. */
const CHANGES =
  /\b(?:now|today|tonight|tomorrow|yesterday|time|date|day|week|month|year|hours?|minutes?|ago|later|soon|recent(?:ly)?|latest|last|next|current(?:ly)?|still|yet|again|weather|news|random|joke|it|its|that|this|these|those|here|he|she|him|her|they|them|there|then|so|else|other|another|more|same|why|first|second|third|former|latter|ones?|options?|both|either|neither|above|below|repeat|sa(?:y|id)|told|mean|meant|mention(?:ed)?)\b/i;
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
  /** What was said before and is not in the memory. */
  readonly before: readonly string[];
  /** Anything else: limits, temperature. JSON. */
  readonly settings: unknown;
}

/** A reply that is being made. */
export interface ReplyInTheMaking {
  /** It is whole, and counts. It is not kept when something was learned or said meanwhile. */
  keep(text: string): void;
}

/** Whole replies to questions that somebody asks again in the same words, until they say something or their memory changes. */
export class ReplyCache {
  readonly #replies: SearchCache<{ readonly text: string }>;
  /** Another one for each owner whenever something has changed. */
  readonly #versions = new LRUCache<string, symbol>({ max: MAX_OWNERS });
  #misses = 0;

  constructor({ ttlMs, clock }: { readonly ttlMs: number; readonly clock: Pick<Clock, 'monotonicMs'> }) {
    this.#replies = new SearchCache({ ttlMs, maxBytes: MAX_BYTES, clock });
  }

  /** Null when this has to be answered anew. */
  get(owner: Owner, question: string, basis: ReplyBasis): string | null {
    const key = replyKey(question, basis);
    return key === null ? null : (this.#replies.get(owner, key)?.text ?? null);
  }

  /** Null when the reply could not be given again. */
  begin(owner: Owner, question: string, basis: ReplyBasis): ReplyInTheMaking | null {
    const key = replyKey(question, basis);
    if (key === null) return null;
    this.#misses++;
    const version = this.#versionOf(owner);
    return {
      keep: (text) => {
        if (this.#versionOf(owner) === version) void this.#replies.find(owner, key, async () => ({ text }));
      },
    };
  }

  /** They have said something. A question changes nothing. */
  said(owner: Owner, text: string): void {
    if (statesSomething(text)) this.changed(owner);
  }

  /** Their memory has changed: nothing that was answered before holds. */
  changed(owner: Owner): void {
    this.#versions.delete(ownerKey(owner));
    this.#replies.drop(owner);
  }

  forget(owner: Owner): void {
    this.#versions.delete(ownerKey(owner));
    this.#replies.forget(owner);
  }

  /** Misses are questions that could have been answered by it. */
  get counters(): CacheCounters {
    return { ...this.#replies.counters, misses: this.#misses };
  }

  #versionOf(owner: Owner): symbol {
    const key = ownerKey(owner);
    const version = this.#versions.get(key) ?? Symbol('version');
    this.#versions.set(key, version);
    return version;
  }
}

/** Null for what cannot be answered from itself: about time, or about what was said before. */
function replyKey(question: string, basis: ReplyBasis): string | null {
  if (question.length > MAX_CHARACTERS) return null;
  const text = question.trim();
  if (!ASKS.test(text) || CHANGES.test(text) || text.split(/\s+/).length < FEWEST_WORDS) return null;
  const words = queryKey(text);
  if (words === '') return null;
  const { instructions, engine, model, before, settings } = basis;
  const rest = JSON.stringify([instructions, engine, model, before, settings]);
  return `${createHash('sha256').update(rest).digest('base64url')} ${words}`;
}
