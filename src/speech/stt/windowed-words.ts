import { isSpaceless } from '../characters.ts';

/** A word in a text. */
export interface TextWord {
  /** Without case and punctuation: what is compared. */
  readonly key: string;
  readonly start: number;
  /** Behind its last character, punctuation that clings to it included. */
  readonly end: number;
}

/** A tail of a cut word and the whole word: at most so many words of both sides can be of the same sound. */
const MOST_SHARED = 4;
/** Letters. */
const SHORTEST_PIECE = 2;
const SPACELESS = String.raw`\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}`;
/** One character of a script without spaces with the marks behind it, or a run up to the next space or such character. */
const WORD = new RegExp(String.raw`[${SPACELESS}][\p{M}\p{P}]*|[^\s${SPACELESS}]+`, 'gu');

/** The words of a text; what is punctuation only is part of none. */
export function textWords(text: string): TextWord[] {
  return [...text.matchAll(WORD)]
    .map((match) => ({ key: keyOf(match[0]), start: match.index, end: match.index + match[0].length }))
    .filter(({ key }) => key !== '');
}

/** How many words both begin with. */
export function agreedWords(a: readonly TextWord[], b: readonly TextWord[]): number {
  let count = 0;
  while (count < a.length && count < b.length && a[count]?.key === b[count]?.key) count++;
  return count;
}

/** Two texts that follow each other, with a space where the script has spaces. */
export function joinTexts(before: string, after: string): string {
  const [a, b] = [before.trim(), after.trim()];
  if (a === '' || b === '') return a + b;
  return isSpaceless(a.slice(-1)) || isSpaceless(b.slice(0, 1)) ? a + b : `${a} ${b}`;
}

/**
 * Two texts of audio that was cut inside speech, where a little of the sound is in both: words that both have are
 * taken once, and of a word that was cut in two, the piece goes and the whole stays.
 */
export function joinOverlapping(before: string, after: string): string {
  const a = textWords(before);
  const b = textWords(after);
  // The piece may also be misheard: then the words next to it tell.
  for (const [missA, missB] of [
    [0, 0],
    [1, 0],
    [0, 1],
    [1, 1],
  ] as const) {
    const most = Math.min(MOST_SHARED, a.length - missA, b.length - missB);
    for (let shared = most; shared > 0; shared--) {
      const tail = a.slice(a.length - missA - shared, a.length - missA);
      const head = b.slice(missB, missB + shared);
      if (!tail.every((word, i) => isSameSound(word.key, head[i]?.key ?? ''))) continue;
      const merged = tail.map((word, i) => {
        const other = head[i];
        if (!other || word.key.length >= other.key.length) return before.slice(word.start, word.end);
        return after.slice(other.start, other.end);
      });
      const parts = [before.slice(0, tail[0]?.start), ...merged, after.slice(head.at(-1)?.end)];
      return parts.reduce(joinTexts, '');
    }
  }
  return joinTexts(before, after);
}

/** The same word, or one is the beginning or the end of the other. */
function isSameSound(a: string, b: string): boolean {
  const [piece, whole] = a.length < b.length ? [a, b] : [b, a];
  if (piece === whole) return true;
  return piece.length >= SHORTEST_PIECE && (whole.startsWith(piece) || whole.endsWith(piece));
}

function keyOf(word: string): string {
  return word
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]/gu, '');
}
