import { expect, test } from 'vitest';
import { UploadedAudio } from '../../src/server/uploaded-audio.ts';
import { bytesOf, joinSamples } from '../../src/speech/audio/pcm.ts';
import { wavHeader } from '../../src/speech/audio/wav.ts';
import { forever, tone } from '../support/speech.ts';

const upload = (samples: Int16Array, rate: number) =>
  UploadedAudio.of({
    bytes: Buffer.concat([wavHeader(rate, samples.byteLength), bytesOf(samples)]),
    name: 'a.wav',
    type: 'audio/wav',
    rate: undefined,
  });

test('the event loop has a turn after every slice, and no slice is long', async () => {
  let turns = 0;
  let isOver = false;
  const turn = () => {
    turns++;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  let slices = 0;
  for await (const samples of upload(tone(440, 44_100, 441_000), 44_100).slices(forever())) {
    slices++;
    expect(samples.length).toBeLessThan(16_000);
  }
  isOver = true;
  expect(slices).toBeGreaterThan(50);
  expect(turns).toBeGreaterThanOrEqual(slices - 1);
});

test('the slices are the whole file, and none of them shares its memory with another', async () => {
  const samples = tone(440, 16_000, 50_000);
  const slices: Int16Array[] = [];
  for await (const slice of upload(samples, 16_000).slices(forever())) slices.push(slice);
  expect(joinSamples(slices)).toEqual(samples);
  expect(new Set(slices.map(({ buffer }) => buffer)).size).toBe(slices.length);
  expect(slices.every(({ buffer, byteLength }) => buffer.byteLength === byteLength)).toBe(true);
});

test('it ends when nobody wants it any more', async () => {
  const controller = new AbortController();
  let slices = 0;
  const reading = (async () => {
    for await (const _ of upload(tone(440, 16_000, 500_000), 16_000).slices(controller.signal)) {
      if (++slices === 3) controller.abort();
    }
  })();
  await expect(reading).rejects.toThrow(/abort/i);
  expect(slices).toBe(3);
});
