import type { VoicedStretch } from '../speech/audio/voiced-stretches.ts';
import type { WordTime } from '../speech/tts/voice.ts';

/** Scripts without spaces: a character is a word there. */
const SPACELESS =
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}';
const WORD = new RegExp(`[${SPACELESS}][^\\s\\p{L}\\p{N}]*|(?:(?![${SPACELESS}])\\S)+`, 'gu');
const IS_SPACELESS = new RegExp(`[${SPACELESS}]`, 'u');
/** Where a voice pauses. */
const ENDS_CLAUSE = /[,;:.!?…—)\]،؛؟،、；：。！？]["'”’»]*$/u;

/** A pause belongs to a mark when it is not farther from where the mark should be than this share of the text… */
const ANCHOR_SHARE = 0.1;
/** …or so many letters. */
const ANCHOR_LETTERS = 8;
/** What is so near to a pause is at it. */
const ROUNDING_MS = 1e-6;

interface Word {
  readonly start: number;
  readonly end: number;
  /** Weight of the text up to its end. */
  readonly until: number;
  readonly weight: number;
  readonly endsClause: boolean;
}

/** So much of the sound is over when so much of the text has been said. */
interface Anchor {
  readonly voicedMs: number;
  readonly weight: number;
}

/** How long `text` takes to say, in letters of an ordinary word. */
export function spokenWeight(text: string): number {
  return weighed(text).at(-1)?.until ?? 0;
}

/**
 * When the words of `text` sound, guessed for a voice that does not say: each takes its share of the time that has
 * sound, and a pause in the sound that is near a comma or another mark is taken to be there.
 *
 * @param voiced the sound of all of `text`.
 */
export function estimateWords(text: string, voiced: readonly VoicedStretch[]): WordTime[] {
  const words = weighed(text);
  const anchors = anchorsOf(words, voiced);
  let next = 1;
  return words.map(({ start, end, until, weight }) => {
    while (next < anchors.length - 1 && (anchors[next]?.weight ?? 0) < until) next++;
    const from = anchors[next - 1] ?? NOTHING;
    const to = anchors[next] ?? NOTHING;
    const msEach = (to.voicedMs - from.voicedMs) / (to.weight - from.weight);
    const endMs = from.voicedMs + (until - from.weight) * msEach;
    return { start, end, ...timesOf(endMs - weight * msEach, endMs, voiced) };
  });
}

const NOTHING: Anchor = { voicedMs: 0, weight: 0 };

/** The pauses that are at a mark, between the beginning and the end of everything. */
function anchorsOf(words: readonly Word[], voiced: readonly VoicedStretch[]): Anchor[] {
  const all = { voicedMs: lengthOf(voiced), weight: words.at(-1)?.until ?? 0 };
  const marks = words.slice(0, -1).filter(({ endsClause }) => endsClause);
  const reach = Math.max(ANCHOR_LETTERS, ANCHOR_SHARE * all.weight);
  const anchors: Anchor[] = [NOTHING];
  let voicedMs = 0;
  let after = 0;
  for (const stretch of voiced.slice(0, -1)) {
    voicedMs += stretch.endMs - stretch.startMs;
    const expected = (voicedMs / all.voicedMs) * all.weight;
    const distance = (mark: Word) => Math.abs(mark.until - expected);
    const near = marks.filter((mark) => mark.until > after && distance(mark) < reach);
    const [nearest] = near.sort((a, b) => distance(a) - distance(b));
    if (!nearest) continue;
    after = nearest.until;
    anchors.push({ voicedMs, weight: after });
  }
  return [...anchors, all];
}

/** From a time that has sound only to the time that has the pauses too. */
function timesOf(
  fromMs: number,
  toMs: number,
  voiced: readonly VoicedStretch[],
): Pick<WordTime, 'startMs' | 'endMs'> {
  let startMs: number | null = null;
  let endMs = 0;
  let before = 0;
  for (const stretch of voiced) {
    const length = stretch.endMs - stretch.startMs;
    // What begins at a pause begins behind it, what ends there ends before it.
    if (startMs === null && fromMs + ROUNDING_MS < before + length)
      startMs = stretch.startMs + Math.max(0, fromMs - before);
    endMs = Math.min(stretch.startMs + Math.max(0, toMs - before), stretch.endMs);
    if (toMs <= before + length + ROUNDING_MS) break;
    before += length;
  }
  return { startMs: Math.min(startMs ?? endMs, endMs), endMs };
}

export function lengthOf(voiced: readonly VoicedStretch[]): number {
  return voiced.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
}

function weighed(text: string): Word[] {
  let until = 0;
  return [...text.matchAll(WORD)].map(({ 0: word, index }) => {
    const weight = weightOf(word);
    until += weight;
    return { start: index, end: index + word.length, until, weight, endsClause: ENDS_CLAUSE.test(word) };
  });
}

/** A digit or a sign is said as a word; the space behind a word counts as a letter. */
function weightOf(word: string): number {
  const signs = word.match(/[\p{N}\p{Sc}%&@+=]/gu)?.length ?? 0;
  const letters = word.match(/\p{L}/gu)?.length ?? 0;
  return 1 + letters * (IS_SPACELESS.test(word) ? 2 : 1) + signs * 5;
}
