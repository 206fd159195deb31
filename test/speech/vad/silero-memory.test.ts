import { expect, test } from 'vitest';
import { SileroVad } from '../../../src/speech/vad/silero-vad.ts';
import { VAD_FRAME_SAMPLES } from '../../../src/speech/vad/vad.ts';

const workerModule = new URL('./remembering-silero.ts', import.meta.url);
const frame = () => new Int16Array(VAD_FRAME_SAMPLES);

test('the thread forgets a stream that is over, also when its frames still waited', async () => {
  await using vad = new SileroVad({ workerModule });
  const streams = Array.from({ length: 20 }, () => vad.open());
  expect(await Promise.all(streams.map((stream) => stream.detect(frame())))).toEqual(Array(20).fill(20));
  const asked = streams.flatMap((stream) => [stream.detect(frame()), stream.detect(frame())]);
  for (const stream of streams) stream[Symbol.dispose]();
  await Promise.all(asked);
  using late = vad.open();
  expect(await late.detect(frame())).toBe(1);
});

test('the thread forgets what was before a reset, and a reset of nothing costs nothing', async () => {
  await using vad = new SileroVad({ workerModule });
  using stream = vad.open();
  for (let round = 0; round < 5; round++) {
    void stream.detect(frame());
    void stream.detect(frame());
    stream.reset();
    stream.reset();
  }
  expect(await stream.detect(frame())).toBe(1);
});
