import { decodeALaw, decodeMuLaw } from './g711.ts';
import type { OutputFormat } from './output-format.ts';
import { LISTEN_RATE, PcmDecoder } from './pcm.ts';
import { createPolyphaseResampler } from './polyphase-resampler.ts';
import { createResampler, type Resampler } from './resampler.ts';

/** What a client sends or gets, in the words of the Realtime protocol; mono. */
export type AudioFormat = OutputFormat;

/**
 * Makes samples at `LISTEN_RATE` from a client's bytes, wherever the network cut them.
 *
 * What `decode` has given lags behind what it was given by what the rate change holds back: 2.1 ms at 8 kHz, 1 ms
 * at 24 kHz, nothing at 16 kHz (measured; it does not grow). Nothing is shifted: sample `n` is the sound at
 * `n / LISTEN_RATE` of the stream. `flush` returns what is held and begins another stream; half a sample is dropped.
 */
export interface InputDecoder extends Disposable {
  /** Bytes that the client sends in one second of sound. */
  readonly bytesPerSecond: number;
  /** The samples are the caller's. */
  decode(bytes: Uint8Array): Int16Array;
  flush(): Int16Array;
}

/**
 * Make one per microphone and keep it. A second of sound costs about 1 ms of processor time when the rate has to be
 * changed, and almost nothing at 16 kHz.
 */
export async function createInputDecoder(format: AudioFormat): Promise<InputDecoder> {
  const { rate, bytesPerSample, unpacker } = recipeOf(format);
  const resampler =
    rate === LISTEN_RATE
      ? await createResampler(rate, LISTEN_RATE)
      : createPolyphaseResampler(rate, LISTEN_RATE);
  return new ResamplingDecoder(resampler, rate * bytesPerSample, unpacker);
}

/** What a second of sound takes in `format`. */
export function bytesPerSecond(format: AudioFormat): number {
  const { rate, bytesPerSample } = recipeOf(format);
  return rate * bytesPerSample;
}

type Unpack = (bytes: Uint8Array) => Int16Array;

interface Recipe {
  readonly rate: number;
  readonly bytesPerSample: number;
  /** What turns one stream of bytes into samples. */
  readonly unpacker: () => Unpack;
}

const G711 = { rate: 8_000, bytesPerSample: 1 };

function recipeOf(format: AudioFormat): Recipe {
  switch (format.type) {
    case 'audio/pcm':
      return { rate: format.rate, bytesPerSample: 2, unpacker: unpackPcm };
    case 'audio/pcmu':
      return { ...G711, unpacker: () => decodeMuLaw };
    case 'audio/pcma':
      return { ...G711, unpacker: () => decodeALaw };
  }
}

function unpackPcm(): Unpack {
  const decoder = new PcmDecoder();
  return (bytes) => decoder.decode(bytes);
}

class ResamplingDecoder implements InputDecoder {
  readonly bytesPerSecond: number;
  readonly #resampler: Resampler;
  readonly #unpacker: () => Unpack;
  #unpack: Unpack;

  constructor(resampler: Resampler, bytesPerSecond: number, unpacker: () => Unpack) {
    this.#resampler = resampler;
    this.bytesPerSecond = bytesPerSecond;
    this.#unpacker = unpacker;
    this.#unpack = unpacker();
  }

  decode(bytes: Uint8Array): Int16Array {
    return this.#resampler.process(this.#unpack(bytes));
  }

  flush(): Int16Array {
    this.#unpack = this.#unpacker();
    return this.#resampler.flush();
  }

  [Symbol.dispose](): void {
    this.#resampler[Symbol.dispose]();
  }
}
