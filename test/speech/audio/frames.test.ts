import { expect, test } from 'vitest';
import { cutFrames } from '../../../src/speech/audio/frames.ts';
import { joinSamples } from '../../../src/speech/audio/pcm.ts';
import type { SpeechChunk } from '../../../src/speech/tts/voice.ts';
import { chunksOf, streamOf } from '../../support/speech.ts';

const numbered = Int16Array.from({ length: 5_000 }, (_, i) => i);

test('frames are 40 ms, the last one is what remains, and nothing is lost or doubled', async () => {
  for (const size of [1, 100, 959, 960, 961, 2_500, 5_000]) {
    const source: SpeechChunk[] = [];
    for (let at = 0; at < numbered.length; at += size)
      source.push({ samples: numbered.subarray(at, at + size) });
    const frames = await chunksOf(cutFrames(streamOf(...source)));
    expect(frames.map(({ samples }) => samples.length)).toEqual([960, 960, 960, 960, 960, 200]);
    expect(joinSamples(frames.map(({ samples }) => samples))).toEqual(numbered);
  }
});

test('a frame comes as soon as it is full', async () => {
  const { promise: never } = Promise.withResolvers<void>();
  async function* stalled(): AsyncGenerator<SpeechChunk> {
    yield { samples: numbered.subarray(0, 1_000) };
    await never;
  }
  const { value } = await cutFrames(stalled()).next();
  expect(value?.samples).toEqual(numbered.subarray(0, 960));
});

test('words go with the first frame after their chunk, once', async () => {
  const word = (start: number) => ({ start, end: start + 1, startMs: start, endMs: start + 1 });
  const frames = await chunksOf(
    cutFrames(
      streamOf(
        { samples: numbered.subarray(0, 100), words: [word(0)] },
        { samples: numbered.subarray(100, 2_000), words: [word(1)] },
      ),
    ),
  );
  expect(frames.map(({ words }) => words?.map(({ start }) => start))).toEqual([[0, 1], undefined, undefined]);
});

test('no audio makes no frame', async () => {
  expect(await chunksOf(cutFrames(streamOf({ samples: new Int16Array() })))).toEqual([]);
});
