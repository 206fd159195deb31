import { VOICE_RATE, type WordTime } from '../speech/tts/voice.ts';
import type { SpokenFrame, Utterance } from './speaker.ts';

interface Stretch {
  readonly utterance: Utterance;
  readonly startMs: number;
  endMs: number;
  words: readonly WordTime[] | null;
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
  add({ utterance, samples, words, isFirst }: SpokenFrame): void {
    if (isFirst) this.#stretches.push({ utterance, startMs: this.sentMs, endMs: this.sentMs, words });
    this.#sentSamples += samples.length;
    const stretch = this.#stretches.at(-1);
    if (!stretch) return;
    stretch.words ??= words;
    stretch.endMs = this.sentMs;
  }

  /**
   * How much of the generated text has been heard once `playedMs` have been played: an offset into it, at the end of
   * a word. A word counts when half of it has sounded.
   */
  heardOffset(playedMs: number): number {
    let offset = 0;
    for (const stretch of this.#stretches) {
      if (playedMs >= stretch.endMs) offset = stretch.utterance.sentence.end;
      else if (playedMs > stretch.startMs) {
        const spokenEnd = heardInStretch(stretch, playedMs - stretch.startMs);
        if (spokenEnd > 0) offset = stretch.utterance.spoken.toGenerated(spokenEnd);
      }
    }
    return offset;
  }
}

/** Offset in the spoken text behind the last word that was heard, 0 when none was. */
function heardInStretch({ words, utterance, startMs, endMs }: Stretch, playedMs: number): number {
  const timed = words ?? wordsByLength(utterance.spoken.text, endMs - startMs);
  return timed.findLast((word) => (word.startMs + word.endMs) / 2 <= playedMs)?.end ?? 0;
}

/** For an engine without word times: every character takes the same time. */
function wordsByLength(text: string, durationMs: number): WordTime[] {
  const msPerChar = durationMs / Math.max(text.length, 1);
  return [...text.matchAll(/\S+/gu)].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
    startMs: match.index * msPerChar,
    endMs: (match.index + match[0].length) * msPerChar,
  }));
}
