import { LISTEN_RATE, samplesIn } from '../audio/pcm.ts';
import type { HeardWord } from './transcriber.ts';
import type { WindowedAudio } from './windowed-audio.ts';

/** What an engine gets at most, samples. Whisper takes 30 s; the rest is for what it pads. */
export const LONGEST_PASS = LISTEN_RATE * 28;

const OVERLAP_MS = 200;
const OVERLAP = samplesIn(OVERLAP_MS, LISTEN_RATE);
/** Nothing is cut off that is shorter: the engine needs the words around. */
const SHORTEST = LISTEN_RATE * 8;
/** In speech without a pause the cut hurts, so there are as few of them as possible. */
const SHORTEST_WITHOUT_PAUSE = LISTEN_RATE * 14;
/** What a pause has to last to be taken before it has to be. */
const GOOD_PAUSE = samplesIn(400, LISTEN_RATE);

/** Where a window ends and the next one begins, in samples of the utterance. */
export interface Cut {
  readonly end: number;
  readonly next: number;
  /** No sound is in both windows or in none. Otherwise they share 400 ms. */
  readonly inPause: boolean;
}

export interface WordCut {
  /** How many words are before it. */
  readonly count: number;
  readonly next: number;
  /** What ended before this is known, if the next window hears it again. */
  readonly knownUntilMs: number;
}

/**
 * The cut of a window that begins at `start` and has become too long for a pass.
 *
 * With `until`, the cut of one that could go on until there: null unless it has a long pause.
 */
export function cutAtPause(audio: WindowedAudio, start: number): Cut;
export function cutAtPause(audio: WindowedAudio, start: number, until: number): Cut | null;
export function cutAtPause(audio: WindowedAudio, start: number, until?: number): Cut | null {
  const last = Math.min(until ?? Number.POSITIVE_INFINITY, start + LONGEST_PASS) - OVERLAP;
  const pause = audio.longestPause({ start: start + SHORTEST, end: last });
  if (pause && (until === undefined || pause.end - pause.start >= GOOD_PAUSE)) {
    const end = Math.min(pause.end, pause.start + OVERLAP);
    return { end, next: Math.max(pause.start, pause.end - OVERLAP), inPause: true };
  }
  if (until !== undefined) return null;
  const dip = audio.quietestDip({ start: start + SHORTEST_WITHOUT_PAUSE, end: last });
  return { end: dip + OVERLAP, next: dip - OVERLAP, inPause: false };
}

/** The cut between the two words that are farthest apart; null when no two are known well enough. */
export function cutAtWords(words: readonly HeardWord[], windowStartMs: number): WordCut | null {
  let best: WordCut | null = null;
  let widest = -Infinity;
  for (const [i, word] of words.entries()) {
    const next = words[i + 1];
    // The last word is left out: it may have been cut by the end of the pass.
    if (!next || i + 2 >= words.length) break;
    if (word.endMs - windowStartMs < (SHORTEST * 1000) / LISTEN_RATE) continue;
    const gapMs = next.startMs - word.endMs;
    if (gapMs < widest) continue;
    widest = gapMs;
    const nextMs = Math.max(word.endMs, next.startMs - OVERLAP_MS);
    best = { count: i + 1, next: samplesIn(nextMs, LISTEN_RATE), knownUntilMs: word.endMs };
  }
  return best;
}
