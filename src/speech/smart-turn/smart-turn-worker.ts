import { workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { serveWorker } from '../../workers/serve-worker.ts';
import { FRAMES, MELS, smartTurnFeatures } from './log-mel.ts';
import type { SmartTurnApi } from './smart-turn-api.ts';

const INPUT = 'input_features';
const OUTPUT = 'logits';

const session = await InferenceSession.create(workerData as string, {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  extra: { session: { intra_op: { allow_spinning: '0' } } },
});
const wrong = whatIsWrong();
if (wrong !== null) throw new Error(`this is no smart-turn v3 model: ${wrong}`);

function whatIsWrong(): string | null {
  const input = session.inputMetadata.find(({ name }) => name === INPUT);
  const names = session.inputNames.join(', ') || 'nothing';
  if (!input?.isTensor || session.inputNames.length > 1) return `it takes ${names}, not ${INPUT} alone`;
  const [, mels, frames] = input.shape;
  const isRight = (size: number | string | undefined, wanted: number) =>
    typeof size === 'string' || size === wanted || size === -1;
  if (
    input.type !== 'float32' ||
    input.shape.length !== 3 ||
    !isRight(mels, MELS) ||
    !isRight(frames, FRAMES)
  ) {
    return `${INPUT} is ${input.type} [${input.shape}], not float32 [batch,${MELS},${FRAMES}]`;
  }
  if (!session.outputNames.includes(OUTPUT))
    return `it gives ${session.outputNames.join(', ')}, not ${OUTPUT}`;
  return null;
}

async function judge(audio: Int16Array): Promise<number> {
  const features = new Tensor('float32', smartTurnFeatures(audio), [1, MELS, FRAMES]);
  const outputs = await session.run({ [INPUT]: features }, [OUTPUT]);
  // A probability in spite of its name: the network ends with a sigmoid.
  const probability = outputs[OUTPUT]?.data[0];
  if (typeof probability !== 'number' || !(probability >= 0 && probability <= 1)) {
    throw new Error(`the smart-turn model gave ${probability} for a probability`);
  }
  return probability;
}

/** One after the other, so that those whose callers have gone away meanwhile cost nothing. */
let before: Promise<unknown> = Promise.resolve();

serveWorker<SmartTurnApi>({
  complete(audio, signal) {
    const judged = before.then(() => {
      signal.throwIfAborted();
      return judge(audio);
    });
    before = judged.catch(() => undefined);
    return judged;
  },
});
