import type { NewMemory } from './memory.ts';
import { termsOf } from './terms.ts';

/**
 * How much a word tells by where it stands. What was said around a memory helps to find it and never outweighs what it
 * says itself.
 */
const FIELDS = { text: 1, subject: 1, context: 0.3, date: 0.3 } as const;
/** BM25: how soon a second mention tells nothing new, and how much more a word of a short text tells. */
const SATURATION = 1.2;
const LENGTH_SHARE = 0.4;
/** Terms of a usual text. Fixed, so that a memory's weights do not depend on the others and are computed once. */
const USUAL_LENGTH = 12;
const MAX_CONTEXT_TERMS = 400;
const MAX_QUERY_TERMS = 64;

/** Cues of a memory beside its words, which no term of a text can be taken for: what it is about, and that it tells a time. */
const aboutCue = (term: string) => `@${term}`;
const TIME_CUE = '#time';
/** How much a cue speaks for a memory, compared with a term of the query that is as rare. */
const ABOUT_SHARE = 1;
const TIME_SHARE = 0.5;

const TELLS_TIME =
  /\b(?:yesterday|today|tonight|tomorrow|ago|(?:last|next|this|past|coming) (?:night|week(?:end)?|month|year|spring|summer|fall|autumn|winter)|(?:mon|tues|wednes|thurs|fri|satur|sun)days?|january|february|march|april|june|july|august|september|october|november|december|(?:in|since|of|on) may|(?:19|20)\d\d|(?:days?|weeks?|months?|years?) (?:before|after|later|from now))\b/i;
const ASKS_TIME =
  /\b(?:when|how long|how recently|(?:what|which) (?:time|date|day|week|weekend|month|year))\b/i;

/** What a person calls themselves is what memories call the user. */
const FIRST_PERSON = /\b(?:i|me|my|mine|myself)\b/i;
const USER = 'user';

const MONTH_AND_YEAR = new Intl.DateTimeFormat('en', { month: 'long', year: 'numeric', timeZone: 'UTC' });

/** What of a memory is searched. */
export type SearchedText = Pick<NewMemory, 'text' | 'context' | 'subject' | 'validAtMs'>;

/**
 * What each term of a memory tells about it, between 0 and 1: the part of BM25 that does not depend on other memories. A
 * store multiplies it with the weight of the term in the query and how rare the term is (`rarityOf`), and adds that up.
 */
export function termWeights({ text, context, subject, validAtMs }: SearchedText): Map<string, number> {
  const terms = termsOf(text);
  const counts = new Map<string, number>();
  const count = (found: readonly string[], share: number) => {
    for (const term of found) counts.set(term, (counts.get(term) ?? 0) + share);
  };
  // The longer the text, the less each of its words tells. What stands around it must not make it longer.
  const length = 1 - LENGTH_SHARE + LENGTH_SHARE * (terms.length / USUAL_LENGTH);
  count(terms, FIELDS.text / length);
  count(termsOf(context).slice(0, MAX_CONTEXT_TERMS), FIELDS.context);
  const about = termsOf(subject);
  count(about, FIELDS.subject);
  count(termsOf(MONTH_AND_YEAR.format(validAtMs)), FIELDS.date);
  for (const [term, frequency] of counts) counts.set(term, frequency / (frequency + SATURATION));
  for (const term of about) counts.set(aboutCue(term), 1);
  if (TELLS_TIME.test(text)) counts.set(TIME_CUE, 1);
  return counts;
}

export interface QueryTerms {
  /** What is found has at least one of these. Empty when the query says nothing. */
  readonly terms: readonly string[];
  /** What speaks for one memory among those that are found, and how much compared with a term. */
  readonly cues: ReadonlyMap<string, number>;
}

export function queryTermsOf(query: string): QueryTerms {
  const terms = [...new Set(termsOf(query))].slice(0, MAX_QUERY_TERMS);
  const about = FIRST_PERSON.test(query) ? [...terms, USER] : terms;
  const cues = new Map(about.map((term) => [aboutCue(term), ABOUT_SHARE]));
  if (ASKS_TIME.test(query)) cues.set(TIME_CUE, TIME_SHARE);
  return { terms, cues };
}

/** How much a term tells that is in `having` of `all` memories: BM25's inverse document frequency. */
export function rarityOf(having: number, all: number): number {
  return Math.log(1 + (all - having + 0.5) / (having + 0.5));
}

/** The weight of a term that is mentioned once in a usual text: what a memory that has all of a query would reach. */
export const USUAL_WEIGHT = FIELDS.text / (FIELDS.text + SATURATION);
