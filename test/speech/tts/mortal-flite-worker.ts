import type { FliteApi } from '../../../src/speech/tts/flite-api.ts';
import { serveWorker, Transfer } from '../../../src/workers/serve-worker.ts';

/** Speaks silence, fails on "fail" and takes its thread with it on "die". */
serveWorker<FliteApi>({
  synthesize: ({ words }) => {
    if (words.includes('die')) process.exit(1);
    if (words.includes('fail')) throw new Error('unreachable');
    const samples = new Int16Array(2_400);
    return new Transfer({ samples, spans: words.map(() => null) }, [samples.buffer]);
  },
});
