import type { HeardWord } from './transcriber.ts';

/** A long utterance is cut in its newest part, so that little has to be decoded twice. */
const WINDOW_MS = 4_000;
/** The last word may be half of one unless so much silence follows it. */
const ENDED_MS = 100;
/** What is cut off is worth a cut. */
const SHORTEST_MS = 1_000;

export interface Cut {
  /** Words that stand before the cut. */
  readonly words: number;
  readonly atMs: number;
}

/** Where an utterance of `lengthMs` is best parted: in its longest pause of the last seconds, never inside a word. */
export function chooseCut(words: readonly HeardWord[], lengthMs: number): Cut {
  let best: Cut = { words: 0, atMs: words[0]?.startMs ?? lengthMs };
  let longest = -1;
  for (const [i, word] of words.entries()) {
    const next = words[i + 1]?.startMs;
    const pauseMs = (next ?? lengthMs) - word.endMs;
    const isEnded = next !== undefined || pauseMs >= ENDED_MS;
    if (word.endMs < lengthMs - WINDOW_MS || !isEnded || pauseMs < longest) continue;
    longest = pauseMs;
    best = { words: i + 1, atMs: word.endMs + pauseMs / 2 };
  }
  // One sound without an end, or nothing that was understood: it is over here.
  return best.atMs < SHORTEST_MS ? { words: words.length, atMs: lengthMs } : best;
}
