import { SAMPLE_RATE } from './pcm.ts';
import { Resampler } from './resampler.ts';

/** 40 ms: what one `input_audio_buffer.append` carries. */
export const FRAME_SAMPLES = SAMPLE_RATE * 0.04;

/** A piece of what the microphone hears: 16-bit samples at 24 kHz. */
export interface MicrophoneFrame {
  readonly samples: Int16Array<ArrayBuffer>;
  /** How loud it is: root mean square, 0 to 1. */
  readonly level: number;
}

/** Cuts what a microphone delivers into frames of 40 ms at the rate of the session. */
export class MicrophoneFrames {
  readonly #resampler: Resampler;
  readonly #onFrame: (frame: MicrophoneFrame) => void;
  #frame = new Int16Array(FRAME_SAMPLES);
  #filled = 0;
  #power = 0;

  constructor(inputRate: number, onFrame: (frame: MicrophoneFrame) => void) {
    this.#resampler = new Resampler(inputRate, SAMPLE_RATE);
    this.#onFrame = onFrame;
  }

  /** Samples between -1 and 1 at the rate of the input; what is beyond is clipped. */
  push(input: Float32Array): void {
    for (const sample of this.#resampler.push(input)) {
      const clipped = Math.min(Math.max(sample, -1), 1);
      this.#power += clipped * clipped;
      this.#frame[this.#filled++] = Math.min(Math.round(clipped * 32_768), 32_767);
      if (this.#filled === FRAME_SAMPLES) this.#finish();
    }
  }

  #finish(): void {
    const samples = this.#frame;
    const level = Math.sqrt(this.#power / FRAME_SAMPLES);
    // It is given away: the receiver may transfer it to another thread.
    this.#frame = new Int16Array(FRAME_SAMPLES);
    this.#filled = 0;
    this.#power = 0;
    this.#onFrame({ samples, level });
  }
}
