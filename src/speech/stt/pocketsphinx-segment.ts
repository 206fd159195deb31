import { LISTEN_RATE, samplesIn } from '../audio/pcm.ts';
import type { CepstralMean } from './pocketsphinx-api.ts';
import type { UtteranceAudio } from './pocketsphinx-audio.ts';
import type { PocketSphinxChild } from './pocketsphinx-child.ts';
import { chooseCut } from './pocketsphinx-cut.ts';
import { type SpeakerMeans, together } from './pocketsphinx-speakers.ts';
import { heardWords } from './pocketsphinx-text.ts';
import type { HeardWord } from './transcriber.ts';

/** From here on it is parted at the next pause, and from there on anywhere between two words. */
const LONG_SAMPLES = samplesIn(8_000, LISTEN_RATE);
const LONGEST_SAMPLES = samplesIn(16_000, LISTEN_RATE);
const PAUSE_SAMPLES = samplesIn(300, LISTEN_RATE);
/**
 * How much of an unknown voice is heard before it is decoded again with its own mean. The first is soon, because a
 * short answer has to be decoded again when one waits for it.
 */
const LEARN_AFTER_SAMPLES = [1_200, 2_400].map((ms) => samplesIn(ms, LISTEN_RATE));
/** A mean over so many frames is as good as known. */
const KNOWN_FRAMES = 200;

type Decoder = Pick<PocketSphinxChild, 'call'>;

/** A part of an utterance that is decoded as one, on whichever decoder it is given. */
export class PocketSphinxSegment {
  readonly #audio: UtteranceAudio;
  readonly #means: SpeakerMeans;
  readonly #speaker: string;
  readonly start: number;
  #words: HeardWord[] = [];
  #covered: number;
  #fed: number;
  #isOpen = false;
  #heard: CepstralMean | null = null;
  #learnt = 0;

  /** @param start the place of its first sample in `audio`. */
  constructor(audio: UtteranceAudio, start: number, means: SpeakerMeans, speaker: string) {
    this.#audio = audio;
    this.#means = means;
    this.#speaker = speaker;
    this.start = Math.max(0, Math.round(start));
    this.#covered = this.start;
    this.#fed = this.start;
  }

  /** Of all up to `covered`, milliseconds from the first sample of the utterance. */
  get words(): readonly HeardWord[] {
    return this.#words;
  }

  /** Up to here it was decoded to its end. */
  get covered(): number {
    return this.#covered;
  }

  /** Up to here a decoder has it. */
  get fed(): number {
    return this.#fed;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get isLong(): boolean {
    return this.#fed - this.start >= LONG_SAMPLES;
  }

  get isTooLong(): boolean {
    return this.#fed - this.start >= LONGEST_SAMPLES;
  }

  get endsQuietly(): boolean {
    return this.#audio.firstSound(this.#fed - PAUSE_SAMPLES, this.#fed) >= this.#fed;
  }

  /** Begins from its first sample, whatever was decoded of it before. */
  async begin(decoder: Decoder): Promise<void> {
    const known = this.#means.of(this.#speaker);
    if (this.#learnt === 0 && (known?.frames ?? 0) >= KNOWN_FRAMES) this.#learnt = LEARN_AFTER_SAMPLES.length;
    await this.#beginWith(decoder, known);
  }

  /** Returns the best guess so far, as the decoder writes it. */
  async feed(decoder: Decoder, samples: number): Promise<string> {
    const { text, heard } = await decoder.call('feed', this.#audio.slice(this.#fed, this.#fed + samples));
    this.#fed += samples;
    this.#heard = heard;
    return text;
  }

  /**
   * Begins again when enough of an unknown voice has been heard to know its mean; true when it did.
   *
   * @param isLast nothing follows, so that the short ones have their chance now.
   */
  async relearn(decoder: Decoder, isLast: boolean): Promise<boolean> {
    const after = LEARN_AFTER_SAMPLES[this.#learnt];
    if (after === undefined || !this.#heard) return false;
    const isTime = this.#fed - this.start >= after && !(isLast && this.#learnt > 0);
    if (!isTime && !(isLast && this.#learnt === 0)) return false;
    this.#learnt++;
    await this.#beginWith(decoder, together(this.#means.of(this.#speaker), this.#heard));
    return true;
  }

  async finish(decoder: Decoder): Promise<void> {
    this.#isOpen = false;
    const decoded = await decoder.call('finish', undefined);
    this.#words = heardWords(decoded, (this.start * 1000) / LISTEN_RATE);
    this.#covered = this.#fed;
    // Noise without a word says nothing about a voice.
    if (this.#words.length > 0 && this.#heard) this.#means.learn(this.#speaker, this.#heard);
  }

  /** The decoder is gone, or needed elsewhere; the samples are still here. */
  giveUp(): void {
    this.#isOpen = false;
    this.#fed = this.#covered;
  }

  /** Where to part it, and the words that stand before. */
  part(): { readonly words: readonly HeardWord[]; readonly cut: number } {
    const startMs = (this.start * 1000) / LISTEN_RATE;
    const relative = this.#words.map((word) => ({
      ...word,
      startMs: word.startMs - startMs,
      endMs: word.endMs - startMs,
    }));
    const { words, atMs } = chooseCut(relative, ((this.#covered - this.start) * 1000) / LISTEN_RATE);
    return { words: this.#words.slice(0, words), cut: this.start + samplesIn(atMs, LISTEN_RATE) };
  }

  async #beginWith(decoder: Decoder, known: CepstralMean | null): Promise<void> {
    this.#isOpen = false;
    await decoder.call('begin', known?.mean ?? null);
    this.#isOpen = true;
    this.#fed = this.start;
    this.#heard = null;
  }
}
