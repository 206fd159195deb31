import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { joinSamples, LISTEN_RATE, samplesIn } from '../../../src/speech/audio/pcm.ts';
import { createResampler } from '../../../src/speech/audio/resampler.ts';
import { WindowedAudio } from '../../../src/speech/stt/windowed-audio.ts';
import { cutAtPause, LONGEST_PASS } from '../../../src/speech/stt/windowed-cut.ts';
import { FliteVoice } from '../../../src/speech/tts/flite-voice.ts';
import { VOICE_RATE } from '../../../src/speech/tts/voice.ts';
import { chunksOf, forever, tone } from '../../support/speech.ts';

const silence = (ms: number) => new Int16Array(samplesIn(ms, LISTEN_RATE));
const loud = (ms: number, amplitude = 0.2) => tone(440, LISTEN_RATE, samplesIn(ms, LISTEN_RATE), amplitude);
const noise = (ms: number, loudness: number) =>
  silence(ms).map((_, i) => loudness * ((((i * 7919) % 1009) * 2) / 1009 - 1));
const ms = (samples: number) => (samples * 1000) / LISTEN_RATE;

function audioOf(...parts: Int16Array[]): WindowedAudio {
  const audio = new WindowedAudio();
  for (const part of parts) audio.push(part);
  return audio;
}

test('where speech begins and ends is found to 10 ms, in whatever pieces the audio came', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 4_000 }), { minLength: 1, maxLength: 20 }), (pieces) => {
      const whole = joinSamples([silence(300), loud(500), silence(400)]);
      const audio = new WindowedAudio();
      for (let at = 0, i = 0; at < whole.length; i++) {
        const next = at + (pieces[i % pieces.length] ?? 1);
        audio.push(whole.slice(at, next));
        at = next;
      }
      const all = { start: 0, end: audio.end };
      expect(audio.end).toBe(whole.length);
      expect(ms(audio.firstVoiced(all))).toBeCloseTo(300, -1);
      expect(ms(audio.lastVoiced(all))).toBeCloseTo(800, -1);
      expect(audio.slice({ start: 1_000, end: 9_000 })).toEqual(whole.slice(1_000, 9_000));
    }),
    { numRuns: 30 },
  );
});

test('positions stay what they are when the beginning is forgotten', () => {
  const audio = audioOf(silence(1_000), loud(500), silence(200));
  audio.drop(samplesIn(905, LISTEN_RATE));
  audio.push(loud(100));
  expect(ms(audio.end)).toBe(1_800);
  expect(ms(audio.firstVoiced({ start: samplesIn(905, LISTEN_RATE), end: audio.end }))).toBe(1_000);
  expect(ms(audio.lastVoiced({ start: 0, end: samplesIn(1_650, LISTEN_RATE) }))).toBe(1_500);
});

test('a pause is found in the noise of a room too', () => {
  const room = (length: number) => noise(length, 300);
  const audio = audioOf(room(300), loud(2_000), room(350), loud(2_000), room(120), loud(900));
  const pause = audio.longestPause({ start: samplesIn(1_000, LISTEN_RATE), end: audio.end });
  expect(ms(pause?.start ?? 0)).toBeCloseTo(2_300, -1);
  expect(ms(pause?.end ?? 0)).toBeCloseTo(2_650, -1);
});

test('the closure of a p is no pause', () => {
  const audio = audioOf(loud(1_000), silence(80), loud(1_000));
  expect(audio.longestPause({ start: 0, end: audio.end })).toBeNull();
});

describe('a cut', () => {
  const at = (part: number) => part * LONGEST_PASS;

  test('in a long pause leaves 200 ms of it on both sides', () => {
    const audio = audioOf(loud(12_000), silence(1_000), loud(20_000));
    const cut = cutAtPause(audio, 0);
    expect([ms(cut.end), ms(cut.next), cut.inPause]).toEqual([12_200, 12_800, true]);
  });

  test('in a short pause gives all of it to both sides, and no more', () => {
    const audio = audioOf(loud(12_000), silence(150), loud(20_000));
    const cut = cutAtPause(audio, 0);
    expect([ms(cut.end), ms(cut.next), cut.inPause]).toEqual([12_150, 12_000, true]);
  });

  test('where there is no pause is where it is least loud, with 200 ms of it on both sides', () => {
    const audio = audioOf(loud(20_000), loud(60, 0.02), loud(20_000));
    const cut = cutAtPause(audio, 0);
    expect(ms(cut.end)).toBeCloseTo(20_230, -2);
    expect(ms(cut.end - cut.next)).toBe(400);
    expect(cut.end).toBeLessThanOrEqual(at(1));
  });

  test('in real speech lies between two words', async () => {
    await using voice = new FliteVoice({ workers: 1 });
    const sentences = Array.from(
      { length: 14 },
      (_, i) =>
        `When we came back to the house at number ${i + 20}, the door was open, and somebody had put the kettle on.`,
    );
    const audio = new WindowedAudio();
    const words: { startMs: number; endMs: number }[] = [];
    for (const text of sentences) {
      const resampler = await createResampler(VOICE_RATE, LISTEN_RATE);
      for (const chunk of await chunksOf(voice.speak({ text, voice: 'slt', speed: 1 }, forever()))) {
        const beganMs = ms(audio.end);
        for (const word of chunk.words ?? []) {
          words.push({ startMs: beganMs + word.startMs, endMs: beganMs + word.endMs });
        }
        audio.push(joinSamples([resampler.process(chunk.samples), resampler.flush()]));
      }
    }
    let cuts = 0;
    for (let start = 0; audio.end - start > LONGEST_PASS; cuts++) {
      const cut = cutAtPause(audio, start);
      expect(cut.inPause).toBe(true);
      const [from, to] = [Math.min(cut.end, cut.next), Math.max(cut.end, cut.next)].map(ms) as [
        number,
        number,
      ];
      // A vowel fades below the threshold a little before its phone ends.
      const inside = words.filter(({ startMs, endMs }) => startMs + 60 < to && from < endMs - 60);
      expect(inside).toEqual([]);
      start = cut.next;
    }
    expect(cuts).toBeGreaterThan(2);
  });
});
