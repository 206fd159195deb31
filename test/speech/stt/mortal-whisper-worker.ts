import { threadId, workerData } from 'node:worker_threads';
import type { WhisperApi, WhisperWorkerData } from '../../../src/speech/stt/whisper-api.ts';
import { WhisperModel } from '../../../src/speech/stt/whisper-model.ts';
import { serveWorker } from '../../../src/workers/serve-worker.ts';

const model = await WhisperModel.load(workerData as WhisperWorkerData);

/** Says which thread it is, takes it with it on the prompt "die", and on "hang" waits until it is given up. */
serveWorker<WhisperApi>({
  transcribe: async (job, signal) => {
    if (job.prompt === 'die') process.exit(1);
    if (job.prompt === 'hang') {
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    }
    const { text } = await model.transcribe(job, signal);
    return { text: `${text} ${threadId}`, words: null };
  },
});
