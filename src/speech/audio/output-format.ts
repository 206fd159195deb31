import { VOICE_RATE } from '../tts/voice.ts';
import { encodeALaw, encodeMuLaw } from './g711.ts';
import { bytesOf } from './pcm.ts';
import { createResampler, type Resampler } from './resampler.ts';

/** What a session sends, in the words of the Realtime protocol; mono. */
export type OutputFormat =
  | { readonly type: 'audio/pcm'; readonly rate: 8000 | 16000 | 24000 }
  | { readonly type: 'audio/pcmu' }
  | { readonly type: 'audio/pcma' };

/**
 * Makes a session's bytes from 24 kHz frames.
 *
 * `flush` ends a piece of speech: it returns what the rate change still holds (nothing at 24 kHz), and the encoder is
 * ready for the next piece.
 */
export interface OutputEncoder extends Disposable {
  /** Bytes that a listener hears in one second. */
  readonly bytesPerSecond: number;
  encode(samples: Int16Array): Uint8Array;
  flush(): Uint8Array;
}

const G711_RATE = 8_000;

/** Make one per session and keep it: a change of rate has to be set up first (about 10 ms the first time). */
export async function createOutputEncoder(format: OutputFormat): Promise<OutputEncoder> {
  const { rate, bytesPerSample, pack } = recipeOf(format);
  return new ResamplingEncoder(await createResampler(VOICE_RATE, rate), rate * bytesPerSample, pack);
}

interface Recipe {
  readonly rate: number;
  readonly bytesPerSample: number;
  readonly pack: (samples: Int16Array) => Uint8Array;
}

function recipeOf(format: OutputFormat): Recipe {
  switch (format.type) {
    case 'audio/pcm':
      return { rate: format.rate, bytesPerSample: 2, pack: bytesOf };
    case 'audio/pcmu':
      return { rate: G711_RATE, bytesPerSample: 1, pack: encodeMuLaw };
    case 'audio/pcma':
      return { rate: G711_RATE, bytesPerSample: 1, pack: encodeALaw };
  }
}

class ResamplingEncoder implements OutputEncoder {
  readonly bytesPerSecond: number;
  readonly #resampler: Resampler;
  readonly #pack: (samples: Int16Array) => Uint8Array;

  constructor(resampler: Resampler, bytesPerSecond: number, pack: (samples: Int16Array) => Uint8Array) {
    this.#resampler = resampler;
    this.bytesPerSecond = bytesPerSecond;
    this.#pack = pack;
  }

  encode(samples: Int16Array): Uint8Array {
    return this.#pack(this.#resampler.process(samples));
  }

  flush(): Uint8Array {
    return this.#pack(this.#resampler.flush());
  }

  [Symbol.dispose](): void {
    this.#resampler[Symbol.dispose]();
  }
}
