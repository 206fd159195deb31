import { beforeAll, expect, test } from 'vitest';
import { levelDbfs } from '../../../src/speech/audio/silence.ts';
import { FliteVoice } from '../../../src/speech/tts/flite-voice.ts';
import { EnergyVad } from '../../../src/speech/vad/energy-vad.ts';
import { spoken } from '../../support/sphinx.ts';
import { framesOf, hear, mix, noise, speechShare } from '../../support/vad-frames.ts';

const SECOND = 16_000;
/** Of the loudness of a sentence. */
const ROOM_DB = -15;
let sentence: Int16Array;

beforeAll(async () => {
  await using flite = new FliteVoice({ workers: 1 });
  sentence = await spoken(flite, 'Please remind me to call my mother at six this evening.');
});

/** Noise so far from the sentence's level, in dB. */
function noiseAt(samples: number, db: number): Int16Array {
  const wanted = levelDbfs(sentence) + db;
  return noise(samples, 10_000 * 10 ** ((wanted - levelDbfs(noise(SECOND, 10_000))) / 20));
}

test('speech is heard in a quiet room, silence is not, and it ends with the sentence', async () => {
  using stream = new EnergyVad().open();
  const quiet = noise(SECOND, 20);
  expect(speechShare(await hear(stream, framesOf(quiet)))).toBe(0);
  expect(
    speechShare(await hear(stream, framesOf(mix(sentence, noise(sentence.length, 20))))),
  ).toBeGreaterThan(0.7);
  expect(speechShare(await hear(stream, framesOf(quiet)))).toBe(0);
});

test('speech is heard in noise 15 dB below it, and the noise is not', async () => {
  using stream = new EnergyVad().open();
  await hear(stream, framesOf(noiseAt(2 * SECOND, ROOM_DB)));
  const heard = await hear(stream, framesOf(mix(sentence, noiseAt(sentence.length, ROOM_DB))));
  expect(speechShare(heard)).toBeGreaterThan(0.5);
  expect(speechShare(await hear(stream, framesOf(noiseAt(SECOND, ROOM_DB))))).toBe(0);
});

test('a noise that begins is speech until it has lasted two seconds, and a quiet room is learnt at once', async () => {
  using stream = new EnergyVad().open();
  await hear(stream, framesOf(noise(SECOND, 20)));
  const fan = framesOf(noiseAt(4 * SECOND, ROOM_DB));
  const heard = await hear(stream, fan);
  expect(speechShare(heard.slice(0, 10))).toBe(1);
  expect(speechShare(heard.slice(64))).toBe(0);
  await hear(stream, framesOf(noise(SECOND / 10, 20)));
  expect(speechShare(await hear(stream, framesOf(sentence)))).toBeGreaterThan(0.7);
});

test('a microphone that was muted does not make a noisy room loud', async () => {
  using stream = new EnergyVad().open();
  await hear(stream, framesOf(noiseAt(3 * SECOND, ROOM_DB)));
  expect(await hear(stream, framesOf(new Int16Array(3 * SECOND)))).toEqual(Array(93).fill(0));
  expect(speechShare(await hear(stream, framesOf(noiseAt(SECOND, ROOM_DB))))).toBe(0);
});

test('one room is not another', async () => {
  const vad = new EnergyVad();
  using noisy = vad.open();
  using quiet = vad.open();
  await hear(noisy, framesOf(noiseAt(3 * SECOND, ROOM_DB)));
  const fan = framesOf(noiseAt(SECOND / 2, ROOM_DB));
  const heard = await Promise.all([hear(noisy, fan), hear(quiet, fan)]);
  expect(heard.map(speechShare)).toEqual([0, 1]);
});
