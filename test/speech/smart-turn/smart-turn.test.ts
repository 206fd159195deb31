import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { isAbort } from '../../../src/errors.ts';
import { SMART_TURN_SAMPLES, smartTurnFeatures } from '../../../src/speech/smart-turn/log-mel.ts';
import { findSmartTurnModel, SmartTurn } from '../../../src/speech/smart-turn/smart-turn.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { OnnxModel, type OnnxShape } from '../../support/onnx-model.ts';
import { forever, tone } from '../../support/speech.ts';

const STUCK = new URL('./stuck-worker.ts', import.meta.url);
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const clock = systemClock;
let folder: string;
let modelPath: string;

/** The signature of smart-turn v3; the probability is the sigmoid of the mean of all features. */
function tinyModel(shape: OnnxShape = ['batch', 80, 800], [input, output] = ['input_features', 'logits']) {
  return new OnnxModel()
    .input(input as string, 'float32', shape)
    .constant('axes', { type: 'int64', shape: [2], values: [1, 2] })
    .constant('column', { type: 'int64', shape: [2], values: [-1, 1] })
    .node('ReduceMean', [input as string, 'axes'], ['mean'], { keepdims: 0 })
    .node('Sigmoid', ['mean'], ['one'])
    .node('Reshape', ['one', 'column'], [output as string])
    .output(output as string, 'float32', ['batch', 1]);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vivavoce-smart-turn-'));
  modelPath = join(folder, 'smart-turn-v3.0.onnx');
  await tinyModel().write(modelPath);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('the probability is what the model makes of the features of the last 8 s', async () => {
  await using judge = await SmartTurn.open({ modelPath, clock, deadlineMs: 10_000 });
  expect(judge.engine).toBe('smart-turn');
  const audio = new Int16Array(SMART_TURN_SAMPLES + 16_000);
  audio.set(tone(300, 16_000, 24_000), audio.length - 24_000);
  const before = audio.slice();
  for (const heard of [audio, tone(1_000, 16_000, 5_000), new Int16Array(0)]) {
    const features = smartTurnFeatures(heard);
    const mean = features.reduce((sum, value) => sum + value, 0) / features.length;
    expect(await judge.complete(heard, forever())).toBeCloseTo(sigmoid(mean), 4);
  }
  // The caller's samples are still the caller's.
  expect(audio).toEqual(before);
});

test('calls at once are each answered with their own probability', async () => {
  await using judge = await SmartTurn.open({ modelPath, clock, deadlineMs: 10_000 });
  const heard = [300, 500, 900, 2_000].map((hertz) => tone(hertz, 16_000, hertz * 20));
  const alone: number[] = [];
  for (const audio of heard) alone.push(await judge.complete(audio, forever()));
  expect(new Set(alone).size).toBe(4);
  expect(await Promise.all(heard.map((audio) => judge.complete(audio, forever())))).toEqual(alone);
});

test('nobody waits for the answer longer than the deadline', async () => {
  const manual = new ManualClock();
  await using judge = await SmartTurn.open({ modelPath, clock: manual, workerModule: STUCK });
  const call = judge.complete(tone(300, 16_000, 5_000), forever());
  const rejected = expect(call).rejects.toMatchObject({ code: 'engine_timeout' });
  await manual.advance(299);
  expect(manual.pending).toBe(1);
  await manual.advance(1);
  await rejected;
  expect(manual.pending).toBe(0);
});

test('an abort ends the call at once', async () => {
  const manual = new ManualClock();
  await using judge = await SmartTurn.open({ modelPath, clock: manual, workerModule: STUCK });
  const controller = new AbortController();
  const call = judge.complete(tone(300, 16_000, 5_000), controller.signal);
  controller.abort();
  await expect(call).rejects.toSatisfy(isAbort);
  await expect(judge.complete(new Int16Array(0), controller.signal)).rejects.toSatisfy(isAbort);
  expect(manual.pending).toBe(0);
});

test('a thread that dies fails its call, and the next call has a new one', async () => {
  await using judge = await SmartTurn.open({ modelPath, clock, deadlineMs: 10_000, workerModule: STUCK });
  const call = judge.complete(new Int16Array(16), forever());
  await expect(call).rejects.toMatchObject({ code: 'engine_failed' });
  expect(await judge.complete(new Int16Array(16), forever())).toBe(0.5);
});

test('disposing settles what runs', async () => {
  const judge = await SmartTurn.open({ modelPath, clock, deadlineMs: 10_000, workerModule: STUCK });
  const call = judge.complete(tone(300, 16_000, 5_000), forever());
  const rejected = expect(call).rejects.toMatchObject({ code: 'engine_failed' });
  await judge[Symbol.asyncDispose]();
  await rejected;
});

test('a judge that has answered costs nothing', async () => {
  // Something to share out among threads, which the tiny model has not.
  const large = join(folder, 'large.onnx');
  await tinyModel(undefined, ['input_features', 'p'])
    .constant('weights', { type: 'float32', shape: [800, 400], values: [0.01] })
    .node('MatMul', ['input_features', 'weights'], ['product'])
    .node('ReduceMean', ['product', 'axes'], ['level'], { keepdims: 0 })
    .node('Sigmoid', ['level'], ['probability'])
    .node('Reshape', ['probability', 'column'], ['logits'])
    .output('logits', 'float32', ['batch', 1])
    .write(large);
  await using judge = await SmartTurn.open({ modelPath: large, clock, deadlineMs: 10_000 });
  const shares: number[] = [];
  for (let call = 0; call < 5; call++) {
    await judge.complete(tone(300, 16_000, SMART_TURN_SAMPLES), forever());
    const [before, startedMs] = [process.cpuUsage(), performance.now()];
    // Time of the machine, whose cores would be busy: a pool of threads spins for some 40 ms after each run.
    await delay(100);
    const { user, system } = process.cpuUsage(before);
    shares.push((user + system) / 1000 / (performance.now() - startedMs));
  }
  // The least, because this process has other things to do too. Measured: 0.002 to 0.004, and 0.36 with a pool of two.
  expect(Math.min(...shares)).toBeLessThan(0.08);
});

describe('a file that is no smart-turn model is refused with what is wrong', () => {
  test.each([
    ['other features', tinyModel([1, 128, 3_000]), 'float32 [1,128,3000], not float32 [batch,80,800]'],
    [
      'another input',
      tinyModel(['batch', 80, 800], ['audio', 'logits']),
      'it takes audio, not input_features',
    ],
    ['another output', tinyModel(['batch', 80, 800], ['input_features', 'y']), 'it gives y, not logits'],
    [
      'logits in earnest',
      tinyModel(undefined, ['input_features', 'p'])
        .constant('many', { type: 'float32', shape: [1], values: [100] })
        .node('Mul', ['p', 'many'], ['logits'])
        .output('logits', 'float32', ['batch', 1]),
      'for a probability',
    ],
  ])('%s', async (_, model, reason) => {
    const path = join(folder, 'wrong.onnx');
    await model.write(path);
    await expect(SmartTurn.open({ modelPath: path, clock })).rejects.toMatchObject({
      code: 'engine_unavailable',
      message: expect.stringContaining(reason),
    });
  });

  test('garbage, and nothing', async () => {
    const path = join(folder, 'garbage.onnx');
    await writeFile(path, 'version https://git-lfs.github.com/spec/v1');
    for (const wrong of [path, join(folder, 'nowhere.onnx')]) {
      await expect(SmartTurn.open({ modelPath: wrong, clock })).rejects.toMatchObject({
        code: 'engine_unavailable',
        message: expect.stringContaining('cannot judge turns'),
      });
    }
  });
});

describe('the model is found in its folder', () => {
  test.each([
    [['smart-turn-v3.0.onnx', 'smart-turn-v3.10.onnx', 'smart-turn-v3.9.onnx'], 'smart-turn-v3.10.onnx'],
    [['smart-turn-v3.1-gpu.onnx', 'smart-turn-v3.1-cpu.onnx'], 'smart-turn-v3.1-cpu.onnx'],
    [['smart-turn-v3.1-gpu.onnx', 'whisper-base'], 'smart-turn-v3.1-gpu.onnx'],
    [['smart-turn-v3.onnx.part', 'silero.onnx', 'my-smart-turn.onnx'], null],
    [['smart-turn/smart-turn-v3.0.onnx', 'whisper/config.json'], 'smart-turn/smart-turn-v3.0.onnx'],
    [['z/smart-turn-v3.1.onnx', 'smart-turn-v3.0.onnx', 'a/smart-turn-v3.2.onnx'], 'a/smart-turn-v3.2.onnx'],
    [['a/smart-turn-v3.2-gpu.onnx', 'smart-turn-v3.1-cpu.onnx'], 'smart-turn-v3.1-cpu.onnx'],
    [['owner/name/smart-turn-v3.0.onnx', 'smart-turn-v4.onnx/weights'], null],
  ])('%j → %s', async (files, found) => {
    const models = await mkdtemp(join(folder, 'models-'));
    for (const file of files) {
      await mkdir(dirname(join(models, file)), { recursive: true });
      await writeFile(join(models, file), '');
    }
    expect(await findSmartTurnModel(models)).toBe(found && join(models, found));
  });

  test('a folder that is not there has none; one that cannot be read is told', async () => {
    expect(await findSmartTurnModel(join(folder, 'no-such-folder'))).toBeNull();
    await expect(findSmartTurnModel(modelPath)).rejects.toMatchObject({ code: 'engine_unavailable' });
  });
});
