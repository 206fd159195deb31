import { workerData } from 'node:worker_threads';
import { serveWorker } from '../workers/serve-worker.ts';
import type { DatabaseOptions } from './open-database.ts';
import { type Outcome, outcomeOf } from './store-failure.ts';

/** A call by the name of a method, as it crosses the thread. */
export interface MethodCall {
  readonly method: string;
  readonly argument: unknown;
}

/** The thread of a `DatabaseThread`. Calls run to their end one after the other, so a read sees every write before it. */
export type DatabaseApi = {
  write(calls: readonly MethodCall[]): Outcome<Outcome<unknown>[]>;
  read(call: MethodCall): Outcome<unknown>;
};

/** The synchronous side: one connection and what is done over it. */
export interface ServedDatabase extends Disposable {
  /** All in one durable transaction; each outcome is its own. */
  write(calls: readonly MethodCall[]): Outcome<unknown>[];
  read(call: MethodCall): unknown;
}

/**
 * Serves a database inside a worker thread. It is opened by the first call and not while the module loads, so the reason
 * of a failure reaches the caller as data.
 */
export function serveDatabase(open: (options: DatabaseOptions) => ServedDatabase): void {
  const options: DatabaseOptions = workerData;
  let opened: ServedDatabase | null = null;
  const database = () => {
    opened ??= open(options);
    return opened;
  };
  serveWorker<DatabaseApi>(
    {
      write: (calls) => outcomeOf(options.path, () => database().write(calls)),
      read: (call) => outcomeOf(options.path, () => database().read(call)),
    },
    () => opened?.[Symbol.dispose](),
  );
}
