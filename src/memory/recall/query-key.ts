import { stemmer } from '@orama/stemmers/english';

/**
 * Words that are said without meaning anything, and those that only hold a question together. Negations never, nor a
 * word that can be all that a question is about: `what do I like`, `what did I have`, `who is Will`.
 */
const EMPTY = new Set(
  (
    'a an the um uh er erm hmm well so oh okay ok hey hi hello please just actually really anyway ' +
    'is are am be been to of that again now and but'
  ).split(' '),
);
/** It only makes a question here: `do I live`, but not `what I do`. */
const AUXILIARY = /\b(?:do|does)(?= (?:i|you|we|they|he|she|it|my|your|our|their|his|her|the)\b)/g;
const EMPTY_PHRASES =
  /\b(?:you know|i mean|by the way|(?:can|could|would|will) you (?:please )?(?:tell|remind) me|(?:do|did) you (?:still )?(?:know|remember)|tell me|i wonder|let me ask)\b/g;
const LONG: Readonly<Record<string, string>> = {
  m: 'am',
  re: 'are',
  ve: 'have',
  ll: 'will',
  d: 'would',
  s: 'is',
};

/**
 * What two questions have in common that ask for the same: their content words in order, stemmed, negations included.
 *
 * `Well, where do I live?` and `where do i live` are the same; `my sister` and `my brother`, `I like` and `I don't like`
 * are not. Nothing is guessed from meaning. Empty when there is no such word.
 */
export function queryKey(text: string): string {
  const plain = text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[’‘]/g, "'")
    .replace(/\bcan(?:'t|not)\b/g, 'can not')
    .replace(/\bwon't\b/g, 'will not')
    .replace(/n't\b/g, ' not')
    .replace(/'(m|re|ve|ll|d|s)\b/g, (_, short: string) => ` ${LONG[short]}`)
    .replace(EMPTY_PHRASES, ' ')
    .replace(AUXILIARY, ' ');
  // With marks: in many scripts they are the vowels.
  const words = plain.match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
  return words
    .filter((word) => !EMPTY.has(word))
    .map((word) => stemmer(word))
    .join(' ');
}
