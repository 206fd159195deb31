import type { MemoryStore } from '../memory/memory-store.ts';
import type { Guard } from './guard.ts';
import { guardCall } from './guard-call.ts';

interface Deadlines {
  /** Of what a turn or a page waits for. */
  readonly readMs: number;
  /** Of writes, and of the upkeep of vectors. */
  readonly writeMs: number;
}

const NEVER = new AbortController().signal;

/** The same memory behind `guard`. A call that is given up may still happen: all of them can be made again. */
export function guardMemoryStore(
  store: MemoryStore,
  guard: Guard,
  { readMs, writeMs }: Deadlines,
): MemoryStore {
  const within = (deadlineMs: number) => {
    const call = guardCall(guard, (run: (signal: AbortSignal) => Promise<unknown>, signal) => run(signal), {
      deadlineMs,
    });
    return <T>(run: (signal: AbortSignal) => Promise<T>, signal = NEVER) => call(run, signal) as Promise<T>;
  };
  const read = within(readMs);
  const write = within(writeMs);
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
    useSpace: (...args) => write(() => store.useSpace(...args)),
    unembedded: (...args) => read(() => store.unembedded(...args)),
    setVectors: (...args) => write(() => store.setVectors(...args)),
  };
}
