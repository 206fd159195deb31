import type { DecodedWord } from './pocketsphinx-api.ts';
import type { HeardWord } from './transcriber.ts';

/** The words among what the decoder writes: no `<sil>`, `[NOISE]`, `++BREATH++`, and `the(2)` is `the`. */
export function plainWords(decoded: string): string[] {
  return decoded.split(/\s+/).flatMap((token) => plainWord(token) ?? []);
}

/** Likewise, moved to where their utterance began. */
export function heardWords(decoded: readonly DecodedWord[], offsetMs: number): HeardWord[] {
  return decoded.flatMap(({ text, startMs, endMs }) => {
    const word = plainWord(text);
    return word === null ? [] : { text: word, startMs: offsetMs + startMs, endMs: offsetMs + endMs };
  });
}

/** As one would write it, as far as that is known: the first letter and `I` are capital; no punctuation. */
export function written(words: readonly HeardWord[]): HeardWord[] {
  return words.map((word, i) => ({ ...word, text: writtenWord(word.text, i === 0) }));
}

/** `written` for a text without times. */
export function writtenText(words: readonly string[]): string {
  return words.map((word, i) => writtenWord(word, i === 0)).join(' ');
}

function writtenWord(word: string, isFirst: boolean): string {
  return isFirst || /^i('|$)/.test(word) ? word.charAt(0).toUpperCase() + word.slice(1) : word;
}

function plainWord(token: string): string | null {
  if (token === '' || /^(<.*>|\[.*\]|\+\+.*\+\+)$/.test(token)) return null;
  return token.replace(/\(\d+\)$/, '');
}
