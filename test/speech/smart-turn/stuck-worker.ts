import type { SmartTurnApi } from '../../../src/speech/smart-turn/smart-turn-api.ts';
import { serveWorker } from '../../../src/workers/serve-worker.ts';

let calls = 0;
const WARM_UP = 2;

/** Answers the warm-up; then 16 samples kill the thread, and all else waits for ever. */
serveWorker<SmartTurnApi>({
  complete(audio) {
    if (calls++ < WARM_UP) return Promise.resolve(0.5);
    if (audio.length === 16) process.exit(3);
    return new Promise(() => {});
  },
});
