import { setTimeout as delay } from 'node:timers/promises';
import { workerData } from 'node:worker_threads';
import { serveWorker } from '../../src/workers/serve-worker.ts';

export type LivezProbeApi = {
  /** Asks every 50 ms for so long; the milliseconds that each answer took. */
  run(forMs: number): Promise<number[]>;
};

const EVERY_MS = 50;

/* In a thread of its own: the loop of the clients must not count. */
serveWorker<LivezProbeApi>({
  async run(forMs) {
    const times: number[] = [];
    for (const endMs = performance.now() + forMs; performance.now() < endMs; ) {
      const startedMs = performance.now();
      await (await fetch(`${workerData}/livez`)).text();
      times.push(performance.now() - startedMs);
      await delay(EVERY_MS);
    }
    return times;
  },
});
