import { workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { serveWorker, Transfer } from '../../workers/serve-worker.ts';
import { LISTEN_RATE } from '../audio/pcm.ts';
import type { SileroApi, SileroBatch } from './silero-api.ts';
import { VAD_FRAME_SAMPLES } from './vad.ts';

/** What the network wants to hear again of the frame before; without it, it misses quiet speech and raises no error. */
const CONTEXT_SAMPLES = 64;
const INPUT_SAMPLES = CONTEXT_SAMPLES + VAD_FRAME_SAMPLES;
/** Two layers of so many numbers are what it remembers of a stream. */
const STATE_SIZE = 128;

interface Stream {
  readonly context: Float32Array;
  readonly state: Float32Array;
}

const session = await InferenceSession.create(workerData as string, {
  // One thread is as quick as two for so small a network, and a pool of them would spin while it waits.
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  extra: { session: { intra_op: { allow_spinning: '0' } } },
});
const rate = new Tensor('int64', BigInt64Array.of(BigInt(LISTEN_RATE)), []);
const streams = new Map<number, Stream>();

function streamOf(id: number): Stream {
  const there = streams.get(id);
  if (there) return there;
  const stream = {
    context: new Float32Array(CONTEXT_SAMPLES),
    state: new Float32Array(2 * STATE_SIZE),
  };
  streams.set(id, stream);
  return stream;
}

async function detect({ streams: ids, samples }: SileroBatch): Promise<Transfer<Float32Array>> {
  const count = ids.length;
  const all = ids.map(streamOf);
  const input = new Float32Array(count * INPUT_SAMPLES);
  const state = new Float32Array(2 * count * STATE_SIZE);
  for (const [at, stream] of all.entries()) {
    const row = at * INPUT_SAMPLES;
    input.set(stream.context, row);
    for (let i = 0; i < VAD_FRAME_SAMPLES; i++) {
      input[row + CONTEXT_SAMPLES + i] = (samples[at * VAD_FRAME_SAMPLES + i] ?? 0) / 32768;
    }
    stream.context.set(input.subarray(row + INPUT_SAMPLES - CONTEXT_SAMPLES, row + INPUT_SAMPLES));
    for (const layer of [0, 1]) {
      const part = stream.state.subarray(layer * STATE_SIZE, (layer + 1) * STATE_SIZE);
      state.set(part, (layer * count + at) * STATE_SIZE);
    }
  }
  const outputs = await session.run({
    input: new Tensor('float32', input, [count, INPUT_SAMPLES]),
    state: new Tensor('float32', state, [2, count, STATE_SIZE]),
    sr: rate,
  });
  const next = outputs.stateN?.data as Float32Array;
  for (const [at, stream] of all.entries()) {
    for (const layer of [0, 1]) {
      const from = (layer * count + at) * STATE_SIZE;
      stream.state.set(next.subarray(from, from + STATE_SIZE), layer * STATE_SIZE);
    }
  }
  const probabilities = Float32Array.from(outputs.output?.data as Float32Array);
  return new Transfer(probabilities, [probabilities.buffer as ArrayBuffer]);
}

serveWorker<SileroApi>({
  detect,
  forget(ids) {
    for (const id of ids) streams.delete(id);
  },
});
