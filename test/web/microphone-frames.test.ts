import { describe, expect, it } from 'vitest';
import { FRAME_SAMPLES, MicrophoneFrames } from '../../web/src/audio/microphone-frames.ts';
import { decodePcm16, encodePcm16 } from '../../web/src/audio/pcm.ts';
import { Resampler } from '../../web/src/audio/resampler.ts';

function tone(hertz: number, rate: number, seconds: number, amplitude = 0.5): Float32Array {
  return Float32Array.from(
    { length: Math.round(rate * seconds) },
    (_, i) => amplitude * Math.sin((2 * Math.PI * hertz * i) / rate),
  );
}

/** All of it, in the blocks of 128 samples that a browser delivers. */
function resample(input: Float32Array, fromRate: number): Float32Array {
  const resampler = new Resampler(fromRate, 24_000);
  const output: number[] = [];
  for (let at = 0; at < input.length; at += 128) output.push(...resampler.push(input.subarray(at, at + 128)));
  return Float32Array.from(output);
}

/** How much of a tone is in samples at 24 kHz: its amplitude. */
function amplitudeOf(hertz: number, samples: Float32Array): number {
  // A window, so that tones between whole numbers of waves don't leak into one another.
  const weight = (i: number) => 1 - Math.cos((2 * Math.PI * i) / samples.length);
  let real = 0;
  let imaginary = 0;
  for (const [i, sample] of samples.entries()) {
    const angle = (2 * Math.PI * hertz * i) / 24_000;
    real += sample * weight(i) * Math.cos(angle);
    imaginary += sample * weight(i) * Math.sin(angle);
  }
  return (2 * Math.hypot(real, imaginary)) / samples.length;
}

function rms(samples: Float32Array): number {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
}

/** Without the beginning, where the filter still has silence in it, and the end. */
function settled(samples: Float32Array): Float32Array {
  return samples.subarray(600, -600);
}

describe('the change of rate', () => {
  it.each([
    [48_000, 1_000],
    [48_000, 100],
    [48_000, 10_000],
    [44_100, 1_000],
    [44_100, 10_000],
    [16_000, 1_000],
    [96_000, 3_000],
  ])('from %d Hz leaves a tone of %d Hz as it is', (rate, hertz) => {
    const output = settled(resample(tone(hertz, rate, 0.5), rate));
    expect(amplitudeOf(hertz, output)).toBeCloseTo(0.5, 2);
    expect(rms(output)).toBeCloseTo(0.5 / Math.SQRT2, 2);
  });

  it.each([
    [48_000, 12_800],
    [48_000, 13_000],
    [48_000, 18_000],
    [48_000, 23_000],
    [44_100, 13_000],
    [44_100, 20_000],
  ])('from %d Hz leaves nothing of a tone of %d Hz, which would come back as another', (rate, hertz) => {
    const output = settled(resample(tone(hertz, rate, 0.5), rate));
    // 70 dB below the tone.
    expect(rms(output)).toBeLessThan(0.35 * 10 ** (-70 / 20));
  });

  it('from 16 kHz puts no mirror above 8 kHz', () => {
    const output = settled(resample(tone(3_000, 16_000, 0.5), 16_000));
    // 16 kHz - 3 kHz, folded at 12 kHz.
    expect(amplitudeOf(11_000, output)).toBeLessThan(0.5 * 10 ** (-70 / 20));
  });

  it('keeps the time: as many seconds come out, in order', () => {
    for (const rate of [16_000, 24_000, 44_100, 48_000]) {
      const samples = new Float32Array(rate);
      samples[rate / 2] = 1;
      const output = resample(samples, rate);
      expect(Math.abs(output.length - 24_000)).toBeLessThan(150);
      const peak = output.reduce((best, sample, i) => (sample > (output[best] ?? 0) ? i : best), 0);
      expect(Math.abs(peak - 12_000)).toBeLessThanOrEqual(1);
    }
  });

  it('does not depend on how the samples are cut', () => {
    const input = tone(440, 44_100, 0.1);
    const whole = new Resampler(44_100, 24_000).push(input);
    expect(resample(input, 44_100)).toEqual(whole);
  });
});

describe('the frames of the microphone', () => {
  function framesOf(input: Float32Array, rate = 24_000) {
    const frames: { samples: Int16Array; level: number }[] = [];
    const cutter = new MicrophoneFrames(rate, (frame) => frames.push(frame));
    for (let at = 0; at < input.length; at += 128) cutter.push(input.subarray(at, at + 128));
    return frames;
  }

  it('are 40 ms each, lose nothing and do not share their memory', () => {
    const input = Float32Array.from({ length: 2_500 }, (_, i) => i / 32_768);
    const frames = framesOf(input);
    expect(frames.map(({ samples }) => samples.length)).toEqual([FRAME_SAMPLES, FRAME_SAMPLES]);
    expect(FRAME_SAMPLES).toBe(960);
    expect(frames.flatMap(({ samples }) => [...samples])).toEqual(
      Array.from({ length: 2 * FRAME_SAMPLES }, (_, i) => i),
    );
  });

  it('come 25 times a second from a device at 48 kHz', () => {
    const { length } = framesOf(tone(200, 48_000, 2), 48_000);
    expect(length).toBeGreaterThanOrEqual(49);
    expect(length).toBeLessThanOrEqual(50);
  });

  it('tell how loud they are', () => {
    const [quiet] = framesOf(new Float32Array(960));
    const [loud] = framesOf(tone(1_000, 24_000, 0.04, 1));
    expect(quiet?.level).toBe(0);
    expect(loud?.level).toBeCloseTo(Math.SQRT1_2, 2);
  });

  it('clip what is too loud instead of turning it over', () => {
    const [frame] = framesOf(new Float32Array(960).fill(1.7).fill(-1.7, 480));
    expect(frame?.samples[0]).toBe(32_767);
    expect(frame?.samples[959]).toBe(-32_768);
  });

  it('survive base64', () => {
    const samples = new Int16Array([0, 1, -1, 32_767, -32_768, 256]);
    expect([...decodePcm16(encodePcm16(samples))].map((sample) => sample * 32_768)).toEqual([...samples]);
  });
});
