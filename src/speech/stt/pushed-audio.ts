import { joinSamples, LISTEN_RATE, samplesIn } from '../audio/pcm.ts';

const BLOCK_SAMPLES = samplesIn(20, LISTEN_RATE);
/** Nothing that a recogniser could understand; what it would say to it is made up. */
const INAUDIBLE_DBFS = -65;
/** Louder than this is sound, whatever else was heard. */
const LOUD_DBFS = -45;
/** How much quieter than the loudest of an utterance its words may be. */
const SPEECH_RANGE_DB = 30;

/** All that was pushed of an utterance, 16 kHz mono, and where there is something to hear in it. */
export class PushedAudio {
  readonly #pieces: Int16Array[] = [];
  /** Level of every 20 ms. */
  readonly #levelsDbfs: number[] = [];
  #lengthSamples = 0;
  #loudestDbfs = Number.NEGATIVE_INFINITY;
  #blockEnergy = 0;

  get lengthSamples(): number {
    return this.#lengthSamples;
  }

  push(samples: Int16Array): void {
    if (samples.length === 0) return;
    this.#pieces.push(samples);
    for (const sample of samples) {
      this.#blockEnergy += sample * sample;
      this.#lengthSamples++;
      if (this.#lengthSamples % BLOCK_SAMPLES === 0) this.#closeBlock();
    }
  }

  /** All of it in one piece. */
  whole(): Int16Array {
    const whole = joinSamples(this.#pieces);
    if (this.#pieces.length > 1) this.#pieces.splice(0, this.#pieces.length, whole);
    return whole;
  }

  /** True when nothing in it could be a word. */
  get isInaudible(): boolean {
    return this.#loudestDbfs < INAUDIBLE_DBFS;
  }

  /** True when only silence came after the first `fromSamples`: much quieter than the rest and than speech is. */
  isQuietSince(fromSamples: number): boolean {
    const limit = Math.min(LOUD_DBFS, this.#loudestDbfs - SPEECH_RANGE_DB);
    for (let i = Math.floor(fromSamples / BLOCK_SAMPLES); i < this.#levelsDbfs.length; i++) {
      if ((this.#levelsDbfs[i] ?? 0) >= limit) return false;
    }
    return true;
  }

  #closeBlock(): void {
    const levelDbfs = 10 * Math.log10(this.#blockEnergy / BLOCK_SAMPLES / 32768 ** 2);
    this.#levelsDbfs.push(levelDbfs);
    this.#loudestDbfs = Math.max(this.#loudestDbfs, levelDbfs);
    this.#blockEnergy = 0;
  }
}
