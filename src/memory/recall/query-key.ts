import { stemmer } from '@orama/stemmers/english';

/** Words that are said without meaning anything, and those that only hold a question together. Negations never. */
const EMPTY = new Set(
  (
    'a an the um uh er erm hmm well so oh okay ok hey hi hello please just actually really anyway like right ' +
    'is are am was were be been do does did have has had can could would will shall should may might ' +
    'to of that there again then now and but'
  ).split(' '),
);
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
    .replace(/\bcan't\b/g, 'can not')
    .replace(/\bwon't\b/g, 'will not')
    .replace(/n't\b/g, ' not')
    .replace(/'(m|re|ve|ll|d|s)\b/g, (_, short: string) => ` ${LONG[short]}`)
    .replace(EMPTY_PHRASES, ' ');
  const words = plain.match(/[\p{L}\p{N}]+/gu) ?? [];
  return words
    .filter((word) => !EMPTY.has(word))
    .map((word) => stemmer(word))
    .join(' ');
}
