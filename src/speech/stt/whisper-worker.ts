import { workerData } from 'node:worker_threads';
import { serveWorker } from '../../workers/serve-worker.ts';
import type { WhisperApi, WhisperWorkerData } from './whisper-api.ts';
import { WhisperModel } from './whisper-model.ts';

const model = await WhisperModel.load(workerData as WhisperWorkerData);
/** A caller that gave up does not wait, but what it asked for is still being computed. */
let line: Promise<unknown> = Promise.resolve();

serveWorker<WhisperApi>({
  transcribe: (job, signal) => {
    const turn = line.then(() => {
      signal.throwIfAborted();
      return model.transcribe(job, signal);
    });
    line = turn.catch(() => {});
    return turn;
  },
});
