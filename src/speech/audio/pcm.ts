/** Rate of everything that listens, samples a second: Silero, smart-turn, Whisper and PocketSphinx all want this. */
export const LISTEN_RATE = 16_000;

/**
 * The little-endian bytes of `samples`, without a copy: they live and die with `samples`.
 *
 * Typed arrays have the byte order of the machine, which is little-endian wherever this runs.
 */
export function bytesOf(samples: Int16Array): Uint8Array {
  return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
}

/** Several stretches as one. */
export function joinSamples(parts: readonly Int16Array[]): Int16Array {
  const [only] = parts;
  if (only && parts.length === 1) return only;
  const whole = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** How many samples last `ms`, rounded. */
export function samplesIn(ms: number, rate: number): number {
  return Math.round((ms * rate) / 1000);
}

/** Turns a stream of s16le bytes into samples wherever the network cut it; half a sample waits for its other half. */
export class PcmDecoder {
  /** Nothing, or the first byte of a sample. */
  #odd: Uint8Array = new Uint8Array(0);

  decode(bytes: Uint8Array): Int16Array {
    const samples = new Int16Array((this.#odd.length + bytes.length) >> 1);
    const target = bytesOf(samples);
    if (target.length === 0) {
      if (bytes.length > 0) this.#odd = bytes.slice();
      return samples;
    }
    const used = target.length - this.#odd.length;
    target.set(this.#odd);
    target.set(bytes.subarray(0, used), this.#odd.length);
    this.#odd = bytes.slice(used);
    return samples;
  }
}
