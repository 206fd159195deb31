import { SAMPLE_RATE } from './pcm.ts';

/** The first piece starts so much after it came: enough for the next one to be there before it ends. */
const START_SAMPLES = SAMPLE_RATE * 0.03;
/** Ducking fades so long, out and in. */
const DUCK_SAMPLES = SAMPLE_RATE * 0.02;
/** Cutting a wave off clicks; fading it out for so long does not. */
const CUT_SAMPLES = SAMPLE_RATE * 0.012;
/** Below -60 dB it is silence. */
const AUDIBLE = 0.001;

interface Piece {
  readonly itemId: string;
  readonly samples: Float32Array;
}

/** Where the output is. */
export interface PlaybackPlace {
  /** The item that sounds, or sounded last; null: none since the last stop. */
  readonly itemId: string | null;
  /** Samples of that item that have been emitted. */
  readonly playedSamples: number;
  /** False: it stands still there (ducked, nothing more to play). */
  readonly isPlaying: boolean;
  /** There is more to play. */
  readonly hasMore: boolean;
  /** Samples above silence that were emitted, of all items. */
  readonly audibleSamples: number;
}

/** Speech that waits to be heard, sample by sample; it lives in the audio thread. */
export class PlaybackQueue {
  #pieces: Piece[] = [];
  /** Where in the first piece the next sample is. */
  #offset = 0;
  #itemId: string | null = null;
  #playedSamples = 0;
  #audibleSamples = 0;
  #startIn = 0;
  #isDucked = false;
  /** How loud it is: 0 to `DUCK_SAMPLES`. In whole steps, so that a fade always takes as many samples. */
  #fade = DUCK_SAMPLES;
  /** What fades away after a stop. */
  #tail: Float32Array = new Float32Array(0);

  /** Samples at 24 kHz. */
  push(itemId: string, samples: Float32Array): void {
    if (samples.length === 0) return;
    if (this.#pieces.length === 0) this.#startIn = START_SAMPLES;
    this.#pieces.push({ itemId, samples });
  }

  /** Fades out and keeps the place. */
  duck(): void {
    this.#isDucked = true;
  }

  /** Goes on where it was ducked. */
  resume(): void {
    this.#isDucked = false;
  }

  /** Forgets everything that has not been heard; what sounds fades out. */
  stop(): void {
    const isSounding = this.#pieces.length > 0 && this.#startIn === 0;
    this.#tail = isSounding ? this.#takeTail() : new Float32Array(0);
    this.#pieces = [];
    this.#offset = 0;
    this.#itemId = null;
    this.#playedSamples = 0;
    this.#isDucked = false;
    this.#fade = DUCK_SAMPLES;
  }

  get place(): PlaybackPlace {
    const hasMore = this.#pieces.length > 0;
    return {
      itemId: this.#itemId,
      playedSamples: this.#playedSamples,
      isPlaying: hasMore && this.#startIn === 0 && !this.#isSilenced,
      hasMore,
      audibleSamples: this.#audibleSamples,
    };
  }

  /** Writes the next samples of the output; all of `output` is overwritten. */
  render(output: Float32Array): void {
    output.fill(0);
    for (let i = 0; i < output.length; i++) {
      const piece = this.#pieces[0];
      if (!piece) break;
      if (this.#startIn > 0) {
        this.#startIn--;
        continue;
      }
      this.#moveFade();
      if (this.#isSilenced) break;
      output[i] = this.#take(piece) * this.#gain;
    }
    const faded = Math.min(this.#tail.length, output.length);
    for (let i = 0; i < faded; i++) output[i] = (output[i] as number) + (this.#tail[i] as number);
    this.#tail = this.#tail.subarray(faded);
    for (const sample of output) if (sample > AUDIBLE || sample < -AUDIBLE) this.#audibleSamples++;
  }

  get #isSilenced(): boolean {
    return this.#isDucked && this.#fade === 0;
  }

  get #gain(): number {
    return this.#fade / DUCK_SAMPLES;
  }

  #moveFade(): void {
    this.#fade = this.#isDucked ? Math.max(this.#fade - 1, 0) : Math.min(this.#fade + 1, DUCK_SAMPLES);
  }

  #take(piece: Piece): number {
    if (piece.itemId !== this.#itemId) {
      this.#itemId = piece.itemId;
      this.#playedSamples = 0;
    }
    const sample = piece.samples[this.#offset++] as number;
    this.#playedSamples++;
    if (this.#offset === piece.samples.length) {
      this.#pieces.shift();
      this.#offset = 0;
    }
    return sample;
  }

  /** The next few samples, on their way to nothing. */
  #takeTail(): Float32Array {
    const rest = this.#pieces[0]?.samples.subarray(this.#offset, this.#offset + CUT_SAMPLES);
    if (!rest) return new Float32Array(0);
    return Float32Array.from(rest, (sample, i) => sample * this.#gain * (1 - (i + 1) / rest.length));
  }
}
