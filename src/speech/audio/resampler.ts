import libsamplerate from '@alexanderolsen/libsamplerate-js';

/**
 * Changes the rate of a stream of mono samples.
 *
 * It keeps what it needs of the past, so that a stream cut anywhere gives the same samples as the whole. `flush` ends
 * the stream: it returns what the filter still holds, so that `n` samples in have become `n × to / from` out, and
 * makes the resampler ready for the next one.
 */
export interface Resampler extends Disposable {
  process(samples: Int16Array): Int16Array;
  flush(): Int16Array;
}

type Converter = Awaited<ReturnType<typeof libsamplerate.create>>;

/** How much goes through the converter at once, so that its scratch arrays stay small. */
const BLOCK_SAMPLES = 4096;
/** Room for what the filter held back and lets go later. */
const SLACK_SAMPLES = 512;
const LOWEST_RATE = 4_000;
const HIGHEST_RATE = 192_000;

/**
 * Converters that nobody uses, by their rates. Making one compiles WebAssembly (about 8 ms on the event loop) and
 * reserves 24 MB of address space; taking one from here costs microseconds.
 */
const idle = new Map<string, Converter[]>();
const IDLE_EACH = 8;

/**
 * @param fromRate,toRate samples a second, 4,000 to 192,000.
 * @throws RangeError for other rates.
 */
export async function createResampler(fromRate: number, toRate: number): Promise<Resampler> {
  for (const rate of [fromRate, toRate]) {
    if (!(Number.isInteger(rate) && rate >= LOWEST_RATE && rate <= HIGHEST_RATE))
      throw new RangeError(`cannot resample at ${rate} Hz: give a whole number from 4000 to 192000`);
  }
  if (fromRate === toRate) return new SameRate();
  const kept = idle.get(`${fromRate}:${toRate}`)?.pop();
  const converter =
    kept ??
    (await libsamplerate.create(1, fromRate, toRate, {
      // Stop band below −97 dB at a third of the cost of "medium", whose gain nobody hears in 16 bits.
      converterType: libsamplerate.ConverterType.SRC_SINC_FASTEST,
    }));
  return new SincResampler(converter, fromRate, toRate);
}

class SameRate implements Resampler {
  process(samples: Int16Array): Int16Array {
    return samples;
  }
  flush(): Int16Array {
    return new Int16Array(0);
  }
  [Symbol.dispose](): void {}
}

class SincResampler implements Resampler {
  #converter: Converter | null;
  readonly #from: number;
  readonly #to: number;
  readonly #input = new Float32Array(BLOCK_SAMPLES);
  readonly #output: Float32Array;
  #takenSamples = 0;
  #givenSamples = 0;

  constructor(converter: Converter, from: number, to: number) {
    this.#converter = converter;
    this.#from = from;
    this.#to = to;
    this.#output = new Float32Array(Math.ceil((BLOCK_SAMPLES * to) / from) + SLACK_SAMPLES);
    this.#restart();
  }

  process(samples: Int16Array): Int16Array {
    const out = new Int16Array(Math.ceil((samples.length * this.#to) / this.#from) + SLACK_SAMPLES);
    let count = 0;
    for (let at = 0; at < samples.length; at += BLOCK_SAMPLES) {
      const block = samples.subarray(at, at + BLOCK_SAMPLES);
      const input = this.#input.subarray(0, block.length);
      for (let i = 0; i < block.length; i++) input[i] = (block[i] ?? 0) / 32768;
      count += this.#convert(input, out, count);
    }
    this.#takenSamples += samples.length;
    this.#givenSamples += count;
    return out.subarray(0, count);
  }

  flush(): Int16Array {
    const missing = Math.round((this.#takenSamples * this.#to) / this.#from) - this.#givenSamples;
    const out = new Int16Array(Math.max(0, missing) + this.#output.length);
    // The binding has no "end of input": silence pushes the rest out of the filter instead.
    const silence = this.#input.fill(0).subarray(0, 256);
    for (let count = 0; count < missing; ) count += this.#convert(silence, out, count);
    this.#restart();
    return out.subarray(0, Math.max(0, missing));
  }

  [Symbol.dispose](): void {
    const converter = this.#converter;
    if (!converter) return;
    this.#converter = null;
    const key = `${this.#from}:${this.#to}`;
    const kept = idle.get(key) ?? [];
    idle.set(key, kept);
    if (kept.length < IDLE_EACH) kept.push(converter);
    else converter.destroy();
  }

  /** Writes what `input` becomes to `out` from `at` on; returns how many samples that was. */
  #convert(input: Float32Array, out: Int16Array, at: number): number {
    if (!this.#converter) throw new Error('the resampler was used after it was disposed');
    const written = { frames: 0 };
    this.#converter.full(input, this.#output, written);
    for (let i = 0; i < written.frames; i++) {
      const sample = Math.round((this.#output[i] ?? 0) * 32768);
      // The filter overshoots at full scale: without the clamp an Int16Array would wrap around and click.
      out[at + i] = sample > 32767 ? 32767 : sample < -32768 ? -32768 : sample;
    }
    return written.frames;
  }

  #restart(): void {
    // Setting a rate, even to the same value, is how the binding is told to forget its past.
    if (this.#converter) this.#converter.inputSampleRate = this.#from;
    this.#takenSamples = 0;
    this.#givenSamples = 0;
  }
}
