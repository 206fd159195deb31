import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { encodeALaw, encodeMuLaw } from '../../../src/speech/audio/g711.ts';
import { type AudioFormat, createInputDecoder } from '../../../src/speech/audio/input-format.ts';
import { bytesOf, joinSamples, LISTEN_RATE } from '../../../src/speech/audio/pcm.ts';
import { levelDbfs } from '../../../src/speech/audio/silence.ts';
import { tone } from '../../support/speech.ts';

interface Client {
  readonly name: string;
  readonly format: AudioFormat;
  readonly rate: number;
  readonly encode: (samples: Int16Array) => Uint8Array;
  /** How far below the tone what is not the tone is, at least. G.711 promises about 37 dB. */
  readonly cleanDb: number;
  /** The lag that the docstring promises, in samples at the listener's rate. */
  readonly lagSamples: number;
}

const pcm = (rate: 8_000 | 16_000 | 24_000, lagSamples: number): Client => ({
  name: `audio/pcm at ${rate} Hz`,
  format: { type: 'audio/pcm', rate },
  rate,
  encode: bytesOf,
  cleanDb: 60,
  lagSamples,
});

const CLIENTS: readonly Client[] = [
  pcm(8_000, 33),
  pcm(16_000, 0),
  pcm(24_000, 16),
  ...(
    [
      ['audio/pcmu', encodeMuLaw],
      ['audio/pcma', encodeALaw],
    ] as const
  ).map(([type, encode]) => ({
    name: type,
    format: { type },
    rate: 8_000,
    encode,
    cleanDb: 33,
    lagSamples: 33,
  })),
];

async function decode(format: AudioFormat, parts: readonly Uint8Array[]): Promise<Int16Array> {
  using decoder = await createInputDecoder(format);
  return joinSamples([...parts.map((part) => decoder.decode(part)), decoder.flush()]);
}

describe.each(CLIENTS)('$name', ({ format, rate, encode, cleanDb, lagSamples }) => {
  it('is the same sound for the listener: pitch, level and place', async () => {
    const heard = await decode(format, [encode(tone(440, rate, rate))]);
    const wanted = tone(440, LISTEN_RATE, LISTEN_RATE);
    expect(heard).toHaveLength(LISTEN_RATE);
    // The filter knows nothing of before and after: its edges are not compared.
    const error = heard.map((sample, i) => sample - (wanted[i] ?? 0)).subarray(200, -200);
    expect(levelDbfs(error)).toBeLessThan(levelDbfs(wanted) - cleanDb);
  });

  it('gives the same samples however the network cut it', async () => {
    const bytes = encode(tone(700, rate, 2_000, 0.9));
    const whole = await decode(format, [bytes]);
    const sizes = fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(sizes, async (cuts) => {
        const parts: Uint8Array[] = [];
        let at = 0;
        for (const size of [...cuts, bytes.length]) {
          parts.push(bytes.subarray(at, at + size));
          at += size;
        }
        expect(await decode(format, parts)).toEqual(whole);
      }),
      { numRuns: 20 },
    );
  });

  it('is heard with the promised lag, which does not grow', async () => {
    using decoder = await createInputDecoder(format);
    const frame = encode(tone(440, rate, rate / 50));
    let given = 0;
    for (let taken = 1; taken <= 100; taken++) {
      given += decoder.decode(frame).length;
      expect((taken * LISTEN_RATE) / 50 - given).toBe(lagSamples);
    }
  });

  it('counts its bytes', async () => {
    using decoder = await createInputDecoder(format);
    expect(decoder.bytesPerSecond).toBe(encode(new Int16Array(rate)).length);
  });

  it('of nothing is nothing', async () => {
    expect(await decode(format, [])).toHaveLength(0);
    expect(await decode(format, [new Uint8Array(0)])).toHaveLength(0);
  });

  it('begins afresh after a flush', async () => {
    using decoder = await createInputDecoder(format);
    const quiet = encode(new Int16Array(rate / 10));
    const silence = joinSamples([decoder.decode(quiet), decoder.flush()]);
    decoder.decode(encode(tone(440, rate, rate / 10)));
    decoder.flush();
    expect(joinSamples([decoder.decode(quiet), decoder.flush()])).toEqual(silence);
  });
});

test('a sample that comes one byte at a time is a sample', async () => {
  const bytes = bytesOf(Int16Array.of(1, -2, 3));
  const single = Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
  expect(await decode({ type: 'audio/pcm', rate: 16_000 }, single)).toEqual(Int16Array.of(1, -2, 3));
});

test('half a sample at the end of a stream does not shift the next one', async () => {
  using decoder = await createInputDecoder({ type: 'audio/pcm', rate: 16_000 });
  expect(decoder.decode(Uint8Array.of(1, 0, 77))).toEqual(Int16Array.of(1));
  expect(decoder.flush()).toHaveLength(0);
  expect(decoder.decode(Uint8Array.of(2, 0))).toEqual(Int16Array.of(2));
});

test('what the listener cannot hear is gone instead of folding back', async () => {
  const loud = tone(10_000, 24_000, 24_000);
  const heard = await decode({ type: 'audio/pcm', rate: 24_000 }, [bytesOf(loud)]);
  expect(levelDbfs(heard.subarray(200, -200))).toBeLessThan(levelDbfs(loud) - 60);
});

test('a narrow line adds no mirror image above its own band', async () => {
  const heard = await decode({ type: 'audio/pcm', rate: 8_000 }, [bytesOf(tone(3_000, 8_000, 8_000))]);
  expect(amplitudeAt(3_000, heard)).toBeGreaterThan(0.45);
  expect(amplitudeAt(5_000, heard)).toBeLessThan(0.0005);
});

test('the samples are the caller’s: bytes that change later do not change them', async () => {
  for (const { format, encode } of CLIENTS) {
    using decoder = await createInputDecoder(format);
    const bytes = Uint8Array.from(encode(tone(440, 8_000, 1_000)));
    const samples = decoder.decode(bytes);
    const before = samples.slice();
    bytes.fill(0);
    expect(samples).toEqual(before);
  }
});

/** Of one frequency in what is heard, 1 is full scale. */
function amplitudeAt(hz: number, samples: Int16Array): number {
  let [re, im] = [0, 0];
  for (const [i, sample] of samples.entries()) {
    const angle = (2 * Math.PI * hz * i) / LISTEN_RATE;
    re += sample * Math.cos(angle);
    im += sample * Math.sin(angle);
  }
  return (2 * Math.hypot(re, im)) / samples.length / 32768;
}
