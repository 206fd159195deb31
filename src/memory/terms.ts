import { stemmer } from '@orama/stemmers/english';
import { IRREGULAR } from './irregular-words.ts';
import { STOP_WORDS } from './stop-words.ts';

/** Longer texts are read to here, so that nobody keeps the event loop busy with a book. */
const MAX_CHARACTERS = 16_000;
const MAX_TERM = 64;
const MAX_STEMS = 20_000;

/** Scripts that put no space between words, or (Korean) between a word and its endings. Of Han, single characters are words too. */
const HAN = '[\\p{sc=Han}]';
const UNSPACED =
  '[\\p{sc=Han}\\p{sc=Hira}\\p{sc=Kana}ー\\p{sc=Hang}\\p{sc=Thai}\\p{sc=Lao}\\p{sc=Khmr}\\p{sc=Mymr}]';
const WORD = new RegExp(`(${UNSPACED}+)|(?:(?!${UNSPACED})[\\p{L}\\p{N}\\p{M}])+`, 'gu');
const IS_HAN = new RegExp(`^${HAN}$`, 'u');

/** Accents of Latin, Greek and Cyrillic letters, points of Hebrew and Arabic. Marks of other scripts are vowels. */
const ACCENTS = /[\u0300-\u036f\u0591-\u05c7\u064b-\u0652]/g;
const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ı: 'i',
  ς: 'σ',
};
const NUMBERS = ['two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve'];
const DIGITS: ReadonlyMap<string, string> = new Map(NUMBERS.map((word, index) => [word, String(index + 2)]));

const stems = new Map<string, string>();

/**
 * What a text is found by: its words in order without what differs between a question and its answer, which is case,
 * accents, contractions, endings and words that say nothing. `I don't live there` is `not live`.
 *
 * Negations, numbers and names stay. English is stemmed; any other language is found by the words as they are, and one
 * that is written without spaces by pairs of characters.
 */
export function termsOf(text: string): string[] {
  const terms: string[] = [];
  for (const [word, unspaced] of plain(text.slice(0, MAX_CHARACTERS)).matchAll(WORD)) {
    if (unspaced !== undefined) terms.push(...pairsOf(unspaced));
    else if (!STOP_WORDS.has(word)) terms.push(stemOf(word.slice(0, MAX_TERM).toWellFormed()));
  }
  return terms;
}

function plain(text: string): string {
  return (
    text
      .normalize('NFKD')
      .replace(ACCENTS, '')
      .normalize('NFC')
      .toLowerCase()
      .replace(/[ßæœøłđıς]/g, (letter) => LETTERS[letter] ?? letter)
      .replace(/[’‘ʼ`]/g, "'")
      .replace(/\b(?:ca|wo|sha)n't\b/g, 'not')
      .replace(/n't\b/g, ' not')
      .replace(/\b(?:do|does|did|is|are|was|were|have|has|had|could|would|should|ca|wo)nt\b/g, 'not')
      .replace(/\bcannot\b/g, 'not')
      .replace(/'(?:m|re|ve|ll|d|s)\b/g, '')
      // O'Brien is one name.
      .replace(/(?<=\p{L})'(?=\p{L})/gu, '')
      .replace(/(\d)(?:st|nd|rd|th)\b/g, '$1')
      .replace(/(\d),(?=\d{3}\b)/g, '$1')
  );
}

function stemOf(word: string): string {
  if (!/^[a-z]+$/.test(word)) return word;
  const known = stems.get(word);
  if (known !== undefined) return known;
  const stem = DIGITS.get(word) ?? stemmer(withoutIon(IRREGULAR.get(word) ?? word));
  // A language has few words; who tries to fill the memory with others only makes it start anew.
  if (stems.size >= MAX_STEMS) stems.clear();
  stems.set(word, stem);
  return stem;
}

/** `adoption` → `adopt`. The stemmer means to and takes the t as well; what ends in `ation` it does right. */
function withoutIon(word: string): string {
  return word.replace(/(?<=[aeiouy][^aeiouy]+[aeiouy]+[^aeiouy]*)(?<!a)([st])ions?$/, '$1');
}

function pairsOf(run: string): string[] {
  const characters = [...run];
  if (characters.length === 1) return characters;
  const pairs = characters.slice(1).map((character, index) => `${characters[index]}${character}`);
  return [...pairs, ...characters.filter((character) => IS_HAN.test(character))];
}
