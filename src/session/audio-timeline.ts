import { type VoicedStretch, VoicedStretches } from '../speech/audio/voiced-stretches.ts';
import { VOICE_RATE, type WordTime } from '../speech/tts/voice.ts';
import { estimateWords, lengthOf, spokenWeight } from './estimated-words.ts';
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
  /**
   * Where it has sound, from the start of the stretch, up to the first audio whose words are known. There is none before
   * that, unless a voice that does not say where its words are broke off and another one begins the piece again.
   */
  sound: VoicedStretches | readonly VoicedStretch[];
}

/** Where in the audio of a reply which of its words are: turns "heard so many milliseconds" into text. */
export class AudioTimeline {
  readonly #stretches: Stretch[] = [];
  #sentSamples = 0;
  /** Pieces whose words had to be guessed: how long they sounded, for how much text. */
  #guessed = { voicedMs: 0, weight: 0 };

  /** The audio that has been sent. */
  get sentMs(): number {
    return (this.#sentSamples * 1000) / VOICE_RATE;
  }

  /** Counts a frame that was sent. */
  add({ utterance, samples, words, isFirst, isWhole, pauseMs }: SpokenFrame): void {
    if (isFirst) {
      const at = this.sentMs;
      this.#stretches.push({
        utterance,
        pauseMs,
        startMs: at,
        endMs: at,
        isWhole: false,
        words: [],
        sound: new VoicedStretches(VOICE_RATE),
      });
    }
    this.#sentSamples += samples.length;
    const stretch = this.#stretches.at(-1);
    if (!stretch) return;
    if (words) stretch.words.push(...words);
    stretch.endMs = this.sentMs;
    stretch.isWhole = isWhole;
    if (stretch.words.length === 0) this.#listen(stretch, samples);
    else if (stretch.sound instanceof VoicedStretches) stretch.sound = stretch.sound.stretches();
  }

  /** For a voice that does not say where its words are: pauses say something about it. */
  #listen(stretch: Stretch, samples: Int16Array): void {
    if (!(stretch.sound instanceof VoicedStretches)) return;
    stretch.sound.push(samples);
    if (!stretch.isWhole) return;
    stretch.sound = stretch.sound.stretches();
    this.#guessed.voicedMs += lengthOf(stretch.sound);
    this.#guessed.weight += spokenWeight(stretch.utterance.spoken.text);
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
        const spokenEnd = this.#heardOf(stretch, playedMs - stretch.startMs);
        if (spokenEnd > 0) offset = stretch.utterance.spoken.toGenerated(spokenEnd);
      }
    }
    return offset;
  }

  /** Offset in the spoken text behind the last word that was heard, 0 when none was. */
  #heardOf(stretch: Stretch, playedMs: number): number {
    const guessed = lastIn(this.#guessWords(stretch), Math.min(playedMs, guessedMs(stretch)));
    // What is said again has been heard already.
    return Math.max(lastIn(stretch.words, playedMs), guessed);
  }

  /** Where nobody says where the words are. */
  #guessWords(stretch: Stretch): WordTime[] {
    const { utterance, pauseMs, isWhole, sound, words } = stretch;
    const { text } = utterance.spoken;
    const found = sound instanceof VoicedStretches ? sound.stretches() : sound;
    const isKnown = words.length > 0;
    if (isKnown && found.length === 0) return [];
    const lengthMs = guessedMs(stretch);
    // A voice too quiet to tell sound from silence sounds from our pause on.
    const voiced = found.length > 0 ? found : [{ startMs: Math.min(pauseMs, lengthMs), endMs: lengthMs }];
    if (isWhole && !isKnown) return estimateWords(text, voiced);
    const missingMs = spokenWeight(text) * this.#msPerLetter - lengthOf(voiced);
    if (missingMs <= 0) return estimateWords(text, voiced);
    return estimateWords(text, [...voiced, { startMs: lengthMs, endMs: lengthMs + missingMs }]);
  }

  get #msPerLetter(): number {
    const { voicedMs, weight } = this.#guessed;
    return voicedMs > 0 && weight > 0 ? voicedMs / weight : MS_PER_CHAR;
  }
}

/** How much of the stretch has words that have to be guessed: where words are known, what sounded before them. */
function guessedMs({ words, sound, startMs, endMs }: Stretch): number {
  if (words.length === 0 || sound instanceof VoicedStretches) return endMs - startMs;
  return sound.at(-1)?.endMs ?? 0;
}

/** Behind the last word of which half has sounded; 0 when there is none. */
function lastIn(words: readonly WordTime[], playedMs: number): number {
  return words.findLast((word) => (word.startMs + word.endMs) / 2 <= playedMs)?.end ?? 0;
}
