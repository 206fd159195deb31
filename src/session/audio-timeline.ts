import { VOICE_RATE, type WordTime } from '../speech/tts/voice.ts';
import type { SpokenFrame, Utterance } from './speaker.ts';

/** How long a character takes when nothing better is known: about 14 in a second. */
export const MS_PER_CHAR = 70;

interface Stretch {
  readonly utterance: Utterance;
  readonly pauseMs: number;
  readonly startMs: number;
  endMs: number;
  /** All of its audio has been sent. */
  isWhole: boolean;
  /** From the start of the stretch; empty for an engine that does not say. */
  readonly words: WordTime[];
}

/** Where in the audio of a reply which of its words are: turns "heard so many milliseconds" into text. */
export class AudioTimeline {
  readonly #stretches: Stretch[] = [];
  #sentSamples = 0;

  /** The audio that has been sent. */
  get sentMs(): number {
    return (this.#sentSamples * 1000) / VOICE_RATE;
  }

  /** Counts a frame that was sent. */
  add({ utterance, samples, words, isFirst, isWhole, pauseMs }: SpokenFrame): void {
    if (isFirst) {
      const at = this.sentMs;
      this.#stretches.push({ utterance, pauseMs, startMs: at, endMs: at, isWhole: false, words: [] });
    }
    this.#sentSamples += samples.length;
    const stretch = this.#stretches.at(-1);
    if (!stretch) return;
    if (words) stretch.words.push(...words);
    stretch.endMs = this.sentMs;
    stretch.isWhole = isWhole;
  }

  /**
   * How much of the generated text has been heard once `playedMs` have been played: an offset into it, at the end of
   * a word. A word counts when half of it has sounded.
   */
  heardOffset(playedMs: number): number {
    let offset = 0;
    for (const stretch of this.#stretches) {
      if (stretch.isWhole && playedMs >= stretch.endMs) offset = stretch.utterance.sentence.end;
      else if (playedMs > stretch.startMs) {
        const spokenEnd = heardInStretch(stretch, playedMs - stretch.startMs);
        if (spokenEnd > 0) offset = stretch.utterance.spoken.toGenerated(spokenEnd);
      }
    }
    return offset;
  }
}

/** Offset in the spoken text behind the last word that was heard, 0 when none was. */
function heardInStretch(stretch: Stretch, playedMs: number): number {
  const timed = stretch.words.length > 0 ? stretch.words : wordsByLength(stretch);
  return timed.findLast((word) => (word.startMs + word.endMs) / 2 <= playedMs)?.end ?? 0;
}

/** For an engine without word times every character takes the same time; of a whole piece it is known how long. */
function wordsByLength({ utterance, pauseMs, startMs, endMs, isWhole }: Stretch): WordTime[] {
  const { text } = utterance.spoken;
  const msPerChar = isWhole ? (endMs - startMs - pauseMs) / Math.max(text.length, 1) : MS_PER_CHAR;
  return [...text.matchAll(/\S+/gu)].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
    startMs: pauseMs + match.index * msPerChar,
    endMs: pauseMs + (match.index + match[0].length) * msPerChar,
  }));
}
