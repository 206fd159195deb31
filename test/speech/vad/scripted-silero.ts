import type { SileroApi } from '../../../src/speech/vad/silero-api.ts';
import { VAD_FRAME_SAMPLES } from '../../../src/speech/vad/vad.ts';
import { serveWorker } from '../../../src/workers/serve-worker.ts';

/** First samples of a frame that make the thread do something else than answer. */
const CRASH = -1;
const HANG = -2;
const THROW = -3;

const heard = new Map<number, number>();

/** The probability is how many frames of the stream came before, in hundredths. */
serveWorker<SileroApi>({
  detect({ streams, samples }) {
    for (let at = 0; at < streams.length; at++) {
      const first = samples[at * VAD_FRAME_SAMPLES];
      if (first === CRASH) process.exit(3);
      if (first === HANG) return new Promise(() => {});
      if (first === THROW) throw new Error('the network has no weights');
    }
    return Promise.resolve(
      Float32Array.from(streams, (id) => {
        const before = heard.get(id) ?? 0;
        heard.set(id, before + 1);
        return before / 100;
      }),
    );
  },
  forget(ids) {
    for (const id of ids) heard.delete(id);
  },
});
