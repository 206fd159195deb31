import { expect, test } from 'vitest';
import { joinSamples } from '../../../src/speech/audio/pcm.ts';
import {
  firstAudibleSample,
  lastAudibleSample,
  levelDbfs,
  trimSilence,
} from '../../../src/speech/audio/silence.ts';
import type { SpeechChunk } from '../../../src/speech/tts/voice.ts';
import { chunksOf, samplesOf, streamOf, tone } from '../../support/speech.ts';

const ms = (value: number) => value * 24;
const silence = (durationMs: number) => new Int16Array(ms(durationMs));
/** A sound that is above the threshold from its first to its last sample. */
const sound = (durationMs: number) => new Int16Array(ms(durationMs)).fill(5_000);

test('levels are measured in dB below full scale', () => {
  expect(levelDbfs(tone(440, 24_000, 24_000, 1))).toBeCloseTo(-3.01, 1);
  expect(levelDbfs(silence(10))).toBe(-Infinity);
  expect(levelDbfs(new Int16Array())).toBe(-Infinity);
});

test('the first and the last audible sample are those above -45 dBFS', () => {
  const samples = Int16Array.of(0, 184, -184, -185, 9, 185, 184);
  expect(firstAudibleSample(samples)).toBe(3);
  expect(lastAudibleSample(samples)).toBe(5);
  expect(firstAudibleSample(silence(1))).toBe(-1);
});

test('silence at both ends is cut to what was asked for, and the words move along', async () => {
  const samples = joinSamples([silence(150), sound(300), silence(200)]);
  const words = [{ start: 0, end: 5, startMs: 140, endMs: 450 }];
  const [chunk, ...rest] = await chunksOf(
    trimSilence(streamOf({ samples, words }), { leadMs: 20, trailMs: 60 }),
  );
  expect(chunk?.words).toEqual([{ start: 0, end: 5, startMs: 10, endMs: 320 }]);
  const all = joinSamples([chunk, ...rest].map((part) => part?.samples ?? new Int16Array()));
  expect(all).toEqual(joinSamples([silence(20), sound(300), silence(60)]));
});

test('however the stream is cut, the same comes out', async () => {
  const whole = joinSamples([silence(90), sound(50), silence(120), sound(70), silence(310)]);
  const expected = joinSamples([silence(20), sound(50), silence(120), sound(70), silence(30)]);
  for (const size of [1_000, 333, 77]) {
    const chunks: SpeechChunk[] = [];
    for (let at = 0; at < whole.length; at += size) chunks.push({ samples: whole.subarray(at, at + size) });
    expect(await samplesOf(trimSilence(streamOf(...chunks), { leadMs: 20, trailMs: 30 }))).toEqual(expected);
  }
});

test('words from a chunk of silence come with the first sound', async () => {
  const words = [{ start: 0, end: 2, startMs: 100, endMs: 200 }];
  const chunks = streamOf({ samples: silence(100), words }, { samples: sound(100) });
  const [first] = await chunksOf(trimSilence(chunks, { leadMs: 0 }));
  expect(first?.words).toEqual([{ start: 0, end: 2, startMs: 0, endMs: 100 }]);
});

test('a pause longer than what is held back passes before it ends', async () => {
  const { promise: end, resolve: letEnd } = Promise.withResolvers<void>();
  async function* talk(): AsyncGenerator<SpeechChunk> {
    yield { samples: sound(40) };
    yield { samples: silence(500) };
    await end;
    yield { samples: sound(40) };
  }
  const trimmed = trimSilence(talk(), { leadMs: 0, trailMs: 20, holdMs: 200 });
  expect((await trimmed.next()).value?.samples).toEqual(sound(40));
  expect((await trimmed.next()).value?.samples).toEqual(silence(300));
  letEnd();
  expect(await samplesOf(trimmed)).toEqual(joinSamples([silence(200), sound(40)]));
});

test('a stream without a sound becomes empty', async () => {
  expect(await chunksOf(trimSilence(streamOf({ samples: silence(500) }, { samples: silence(500) })))).toEqual(
    [],
  );
});

test('a failure of the voice passes through, after the sound before it', async () => {
  async function* failing(): AsyncGenerator<SpeechChunk> {
    yield { samples: sound(40) };
    throw new Error('gone');
  }
  const trimmed = trimSilence(failing());
  expect((await trimmed.next()).value?.samples).toEqual(sound(40));
  await expect(trimmed.next()).rejects.toThrow('gone');
});

test('who stops listening stops the voice', async () => {
  let stopped = false;
  async function* talk(): AsyncGenerator<SpeechChunk> {
    try {
      for (;;) yield { samples: sound(40) };
    } finally {
      stopped = true;
    }
  }
  for await (const _ of trimSilence(talk())) break;
  expect(stopped).toBe(true);
});
