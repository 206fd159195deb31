import type { MemoryStore } from '../memory/memory-store.ts';
import type { Guard } from './guard.ts';
import { guardCall } from './guard-call.ts';
import { hedge } from './hedge.ts';

interface Deadlines {
  /** Of what a turn or a page waits for. */
  readonly readMs: number;
  /** Of writes, and of the upkeep of vectors. */
  readonly writeMs: number;
}

/** Apart from each other: a memory that is full can still be read, and vectors can wait for anything else. */
interface Guards {
  readonly reads: Guard;
  readonly writes: Guard;
  readonly vectors: Guard;
}

const NEVER = new AbortController().signal;

type Run = (signal: AbortSignal) => Promise<unknown>;

/**
 * The same memory behind its guards. A call that is given up may still happen: all of them can be made again. Reads are,
 * once; and a search that takes longer than usual is asked for a second time.
 */
export function guardMemoryStore(
  store: MemoryStore,
  { reads, writes, vectors }: Guards,
  { readMs, writeMs }: Deadlines,
): MemoryStore {
  const within = (guard: Guard, deadlineMs: number, retry = false) =>
    guardCall(guard, (run: Run, signal) => run(signal), { deadlineMs, retry });
  const as = (call: (run: Run, signal: AbortSignal) => Promise<unknown>) => {
    return <T>(run: (signal: AbortSignal) => Promise<T>, signal = NEVER) => call(run, signal) as Promise<T>;
  };
  const reading = within(reads, readMs, true);
  const read = as(reading);
  const find = as(hedge(reads, reading, within(reads, readMs)));
  const write = as(within(writes, writeMs));
  const keepUp = as(within(vectors, writeMs));
  return {
    get engine() {
      return store.engine;
    },
    apply: (...args) => write(() => store.apply(...args)),
    search: (owner, query, signal) => find((own) => store.search(owner, query, own), signal),
    profile: (owner, signal) => read((own) => store.profile(owner, own), signal),
    list: (...args) => read(() => store.list(...args)),
    get: (...args) => read(() => store.get(...args)),
    history: (...args) => read(() => store.history(...args)),
    touch: (...args) => write(() => store.touch(...args)),
    delete: (...args) => write(() => store.delete(...args)),
    eraseAll: (...args) => write(() => store.eraseAll(...args)),
    useSpace: (...args) => keepUp(() => store.useSpace(...args)),
    unembedded: (...args) => keepUp(() => store.unembedded(...args)),
    setVectors: (...args) => keepUp(() => store.setVectors(...args)),
  };
}
