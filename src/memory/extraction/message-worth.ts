import { isRequest, isSmallTalk, sentencesOf, statementIn, straight } from './sentence-kind.ts';

/** What a message of a person is worth to a memory, judged by its words alone. */
export interface MessageWorth {
  /** 0 (a greeting) to 1 (never to be forgotten). */
  readonly importance: number;
  /** Why it is not worth asking a language model what is to be learned from it; null: it is worth it. */
  readonly skip: 'greeting' | 'short' | 'question' | null;
}

/** With fewer words there is nothing that rules would not find. */
const MIN_WORDS = 5;
/** A message is judged by its beginning; nobody states what matters after pages of other words. */
const MAX_CHARACTERS = 4_000;

const GREETING = 0.05;
const REQUEST = 0.15;
const QUESTION = 0.2;
const OTHER = 0.3;

/** What a statement is about and how much that matters; the highest one counts. */
const TOPICS: readonly (readonly [importance: number, topic: RegExp])[] = [
  [0.1, /\b(?:weather|raining|rainy|snowing|sunny|cloudy|windy)\b/i],
  [0.5, /\b(?:i|i'm|i've|i'll|i'd|im|ive|my|mine|me|we|our)\b/i],
  [0.65, /\b(?:like|love|hate|prefer|enjoy|can't stand|favou?rite|always|never|dream|hobby|believe in)\b/i],
  [
    0.7,
    /\b(?:live|moved?|moving|work|job|boss|study|studied|school|university|retired|plan|planning|going to|flying|travel\w*|trip|wedding|appointment|deadline|exam|tomorrow|next (?:week|month|year)|on (?:mon|tues|wednes|thurs|fri|satur|sun)day)\b/i,
  ],
  [
    0.8,
    /\bmy (?:\w+ )?(?:wife|husband|partner|girlfriend|boyfriend|sister|brother|mother|mom|mum|father|dad|parents|son|daughter|child|children|kids?|friend|dog|cat)\b|\b(?:married|divorced|engaged|pregnant|died|passed away|funeral)\b/i,
  ],
  [
    0.9,
    /\b(?:my (?:full |first |last )?name|call me|i'm called|birthday|born (?:on|in)|years old|pronouns|allerg\w+|intoleran\w+|diabet\w+|asthma|epilep\w+|cancer|depress\w+|disease|illness|diagnos\w+|surgery|hospital|medication|medicine|insulin|pills|vegan|vegetarian|gluten)\b/i,
  ],
  [0.95, /\b(?:remember(?: this)?(?: that|:|,)|do(?:n't| not) forget|keep in mind|important to me)\b/i],
];

/** @param text a message of a person. Fast enough for every message: no I/O, linear in its length */
export function worthOf(text: string): MessageWorth {
  const sentences = sentencesOf(straight(text.slice(0, MAX_CHARACTERS)));
  const talk = sentences.filter((sentence) => !isSmallTalk(sentence));
  if (talk.length === 0) return { importance: GREETING, skip: 'greeting' };
  const stated = talk.map(statementIn).filter((statement) => statement !== null);
  const importance = Math.max(...(stated.length > 0 ? stated.map(importanceOf) : [QUESTION]));
  if (wordCount(text) < MIN_WORDS) return { importance, skip: 'short' };
  return { importance, skip: stated.length === 0 ? 'question' : null };
}

function importanceOf(statement: string): number {
  const topics = TOPICS.filter(([, topic]) => topic.test(statement)).map(([importance]) => importance);
  const highest = Math.max(...topics, -1);
  if (highest < 0.9 && isRequest(statement)) return REQUEST;
  return highest < 0 ? OTHER : highest;
}

/** Chinese, Japanese and Thai write no spaces between words; of their letters about two make one. */
function wordCount(text: string): number {
  const unspaced =
    text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/gu)?.length ?? 0;
  const spaced =
    text
      .replace(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/gu, ' ')
      .match(/[\p{L}\p{N}][\p{L}\p{N}'’-]*/gu)?.length ?? 0;
  return spaced + Math.ceil(unspaced / 2);
}
