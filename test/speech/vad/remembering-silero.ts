import type { SileroApi } from '../../../src/speech/vad/silero-api.ts';
import { serveWorker } from '../../../src/workers/serve-worker.ts';

const streams = new Set<number>();

/** Answers with the number of streams that it remembers. */
serveWorker<SileroApi>({
  detect: async ({ streams: ids }) => {
    for (const id of ids) streams.add(id);
    return Float32Array.from(ids, () => streams.size);
  },
  forget(ids) {
    for (const id of ids) streams.delete(id);
  },
});
