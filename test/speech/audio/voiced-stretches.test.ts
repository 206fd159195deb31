import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinSamples } from '../../../src/speech/audio/pcm.ts';
import { VoicedStretches } from '../../../src/speech/audio/voiced-stretches.ts';
import { tone } from '../../support/speech.ts';

const RATE = 24_000;
const sound = (ms: number, amplitude = 0.5) => tone(200, RATE, (ms * RATE) / 1000, amplitude);
const silence = (ms: number) => new Int16Array((ms * RATE) / 1000);

function stretchesOf(...parts: readonly Int16Array[]): number[][] {
  const voiced = new VoicedStretches(RATE);
  for (const part of parts) voiced.push(part);
  return voiced.stretches().map(({ startMs, endMs }) => [startMs, endMs]);
}

describe('the sound of a voice', () => {
  it('is what lies between its pauses', () => {
    expect(stretchesOf(silence(220), sound(300), silence(150), sound(500), silence(30))).toEqual([
      [220, 520],
      [670, 1_170],
    ]);
  });

  it('goes on over a silence that is shorter than 60 ms', () => {
    expect(stretchesOf(sound(100), silence(50), sound(100))).toEqual([[0, 250]]);
    expect(stretchesOf(sound(100), silence(60), sound(100))).toEqual([
      [0, 100],
      [160, 260],
    ]);
  });

  it('is found under the noise of a recording, and in a voice that is quiet', () => {
    const noisy = [sound(200), tone(5_000, RATE, (200 * RATE) / 1000, 0.003), sound(200)];
    expect(stretchesOf(...noisy)).toEqual([
      [0, 200],
      [400, 600],
    ]);
    expect(stretchesOf(sound(200, 0.01), silence(200), sound(200, 0.01))).toEqual([
      [0, 200],
      [400, 600],
    ]);
  });

  it('of silence, and of nothing, is none', () => {
    expect(stretchesOf(silence(1_000))).toEqual([]);
    expect(stretchesOf()).toEqual([]);
  });

  it('is the same however it comes in pieces', () => {
    const all = joinSamples([silence(35), sound(333), silence(77), sound(100), silence(61), sound(48)]);
    const whole = stretchesOf(all);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4_000 }), { maxLength: 20 }), (sizes) => {
        let at = 0;
        const parts = [...sizes, all.length].map((size) => {
          at += size;
          return all.subarray(at - size, at);
        });
        expect(stretchesOf(...parts)).toEqual(whole);
      }),
      { numRuns: 50 },
    );
  });
});
