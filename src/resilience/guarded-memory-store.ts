import type { MemoryStore } from '../memory/memory-store.ts';
import type { Guard } from './guard.ts';
import { guardCall } from './guard-call.ts';

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

/** The same memory behind its guards. A call that is given up may still happen: all of them can be made again. */
export function guardMemoryStore(
  store: MemoryStore,
  { reads, writes, vectors }: Guards,
  { readMs, writeMs }: Deadlines,
): MemoryStore {
  const within = (guard: Guard, deadlineMs: number) => {
    const call = guardCall(guard, (run: (signal: AbortSignal) => Promise<unknown>, signal) => run(signal), {
      deadlineMs,
    });
    return <T>(run: (signal: AbortSignal) => Promise<T>, signal = NEVER) => call(run, signal) as Promise<T>;
  };
  const read = within(reads, readMs);
  const write = within(writes, writeMs);
  const keepUp = within(vectors, writeMs);
  return {
    get engine() {
      return store.engine;
    },
    apply: (...args) => write(() => store.apply(...args)),
    search: (owner, query, signal) => read((own) => store.search(owner, query, own), signal),
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
