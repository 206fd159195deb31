import { deflateSync } from 'node:zlib';
import { joinTexts, textWords } from './windowed-words.ts';

/** Text that shrinks by more than this has got stuck; the value is Whisper's own. */
const STUCK_RATIO = 2.4;
/** So many times the same in a row is no emphasis any more. */
const REPEATS = 4;
const LONGEST_PERIOD = 24;

/** How many times smaller deflate makes a text: speech is below 2, a loop far above. */
export function compressionRatio(text: string): number {
  const bytes = Buffer.from(text);
  return bytes.length === 0 ? 0 : bytes.length / deflateSync(bytes).length;
}

/** The text of a model that got stuck, with each loop said once; any other text as it is. */
export function withoutLoops(text: string): string {
  if (compressionRatio(text) <= STUCK_RATIO) return text;
  const words = textWords(text);
  const kept: string[] = [];
  for (let at = 0; at < words.length; ) {
    const loop = loopAt(
      words.map(({ key }) => key),
      at,
    );
    const end = at + (loop?.period ?? 1);
    for (; at < end; at++) kept.push(text.slice(words[at]?.start, words[at]?.end));
    if (loop) at += loop.period * (loop.times - 1);
  }
  return kept.reduce(joinTexts, '');
}

/** True when the newest tokens only repeat the same few: what follows would be the same again. */
export function isStuck(tokens: readonly number[]): boolean {
  for (let period = 1; period <= LONGEST_PERIOD; period++) {
    const length = Math.max(period * (REPEATS + 2), 24);
    if (length > tokens.length) return false;
    const from = tokens.length - length;
    let same = true;
    for (let i = from; i + period < tokens.length && same; i++) same = tokens[i] === tokens[i + period];
    if (same) return true;
  }
  return false;
}

function loopAt(keys: readonly string[], at: number): { period: number; times: number } | null {
  for (let period = 1; period <= LONGEST_PERIOD && at + period * REPEATS <= keys.length; period++) {
    let same = 0;
    while (at + same + period < keys.length && keys[at + same] === keys[at + same + period]) same++;
    const times = Math.floor(same / period) + 1;
    if (times >= REPEATS) return { period, times };
  }
  return null;
}
