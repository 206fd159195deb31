import { AutoProcessor, env, type FeatureExtractor } from '@huggingface/transformers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { whisperFeatures } from '../../../src/speech/stt/whisper-features.ts';
import { type TempDir, tempDir } from '../../conversation/temp-dir.ts';
import { tinyWhisper, writeModel } from '../../support/tiny-speech-models.ts';

let dir: TempDir;
let extractor: FeatureExtractor;

beforeAll(async () => {
  dir = await tempDir();
  await writeModel(dir.path, tinyWhisper());
  env.useFSCache = false;
  const processor = await AutoProcessor.from_pretrained(dir.path, { local_files_only: true });
  extractor = processor.feature_extractor as FeatureExtractor;
});

afterAll(() => dir[Symbol.asyncDispose]());

// Lengths around the edges of a frame and of the 30 s; the whole is what the library computes.
test.each([
  1, 160, 16_001, 448_000, 479_361,
])('are those of audio that is padded to 30 s (%i samples)', async (length) => {
  const audio = new Float32Array(length).map(
    (_, i) => 0.3 * Math.sin(i / 7) + 0.1 * (((i * 7919) % 1009) / 1009 - 0.5),
  );
  const whole = (
    await (extractor as unknown as (a: Float32Array) => Promise<{ input_features: { data: Float32Array } }>)(
      audio,
    )
  ).input_features.data;
  const features = await whisperFeatures(extractor, audio);
  expect(features.dims).toEqual([1, 80, 3_000]);
  let worst = 0;
  for (const [i, value] of (features.data as Float32Array).entries()) {
    worst = Math.max(worst, Math.abs(value - (whole[i] ?? Number.NaN)));
  }
  expect(worst).toBeLessThan(1e-5);
});
