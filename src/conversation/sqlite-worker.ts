import { workerData } from 'node:worker_threads';
import { serveWorker } from '../workers/serve-worker.ts';
import { ConversationDatabase, type ReadCall, type WriteCall } from './conversation-database.ts';
import type { DatabaseOptions } from './open-database.ts';
import { type Outcome, outcomeOf } from './store-failure.ts';

/** The thread of `SqliteStore`. Calls run to their end one after the other, so a read sees every write before it. */
export type SqliteWorkerApi = {
  recover(argument: null): Outcome<number>;
  write(calls: readonly WriteCall[]): Outcome<Outcome<unknown>[]>;
  read(call: ReadCall): Outcome<unknown>;
  quickCheck(argument: null): Outcome<string[]>;
};

const options: DatabaseOptions = workerData;
let opened: ConversationDatabase | null = null;

/** Opened by the first call and not while the module loads: so the reason of a failure reaches the caller as data. */
function database(): ConversationDatabase {
  opened ??= new ConversationDatabase(options);
  return opened;
}

serveWorker<SqliteWorkerApi>(
  {
    recover: () => outcomeOf(options.path, () => database().recover()),
    write: (calls) => outcomeOf(options.path, () => database().write(calls)),
    read: (call) => outcomeOf(options.path, () => database().read(call)),
    quickCheck: () => outcomeOf(options.path, () => database().quickCheck()),
  },
  () => opened?.[Symbol.dispose](),
);
