import { workerData } from 'node:worker_threads';
import { VivavoceError } from '../../src/errors.ts';
import { serveWorker, Transfer } from '../../src/workers/serve-worker.ts';

export type EchoApi = {
  echo: (value: unknown) => unknown;
  data: (_: null) => unknown;
  fill: (length: number) => Uint8Array;
  takeOver: (bytes: Uint8Array) => number;
  fail: (message: string) => never;
  die: (_: null) => never;
  exit: (code: number) => never;
  /** Waits for the abort of its call, then writes into the shared number. */
  untilAborted: (shared: Int32Array) => Promise<void>;
};

const stopped = (workerData as { stopped?: Int32Array } | null)?.stopped;

serveWorker<EchoApi>(
  {
    echo: (value) => value,
    data: () => workerData,
    fill: (length) => {
      const bytes = new Uint8Array(length).fill(7);
      return new Transfer(bytes, [bytes.buffer]);
    },
    takeOver: (bytes) => bytes.length,
    fail: (message) => {
      throw new VivavoceError('not_found', message);
    },
    die: () => {
      setImmediate(() => {
        throw new Error('the roof came down');
      });
      return new Promise(() => {}) as never;
    },
    exit: (code) => process.exit(code),
    untilAborted: (shared, signal) => {
      Atomics.store(shared, 0, 1);
      Atomics.notify(shared, 0);
      return new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => {
          Atomics.store(shared, 0, 2);
          Atomics.notify(shared, 0);
          resolve();
        });
      });
    },
  },
  () => {
    if (stopped) Atomics.store(stopped, 0, 1);
  },
);
