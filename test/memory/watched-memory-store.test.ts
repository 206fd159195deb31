import { describe, expect, test } from 'vitest';
import type { EngineStatus } from '../../src/engine-status.ts';
import { VivavoceError } from '../../src/errors.ts';
import { LateMemoryStore } from '../../src/memory/late-memory-store.ts';
import type { MemoryStore } from '../../src/memory/memory-store.ts';
import { WatchedMemoryStore } from '../../src/memory/watched-memory-store.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { MemoryInArrays } from '../support/memory-in-arrays.ts';
import { ALICE, add, find, memory } from './sample-memories.ts';

const DOG = add(memory(1, 'The user has a dog.'));
const never = new AbortController().signal;

/** A memory of which calls fail as the test says. */
async function watched() {
  const clock = new ManualClock();
  const kept: MemoryStore = new MemoryInArrays();
  const faults: { open?: Error; reads?: Error; searches?: Error; writes?: Error } = {};
  const seen = { opened: 0, probes: 0, back: 0, disposed: false };
  const statuses: EngineStatus[] = [];
  const late = new LateMemoryStore('sqlite', async () => {
    seen.opened++;
    if (faults.open) throw faults.open;
    return Object.assign(Object.create(kept), {
      profile: async (...args: Parameters<MemoryStore['profile']>) => {
        seen.probes++;
        if (faults.reads) throw faults.reads;
        return await kept.profile(...args);
      },
      search: async (...args: Parameters<MemoryStore['search']>) => {
        const fault = faults.reads ?? faults.searches;
        if (fault) throw fault;
        return await kept.search(...args);
      },
      apply: async (...args: Parameters<MemoryStore['apply']>) => {
        if (faults.writes) throw faults.writes;
        return await kept.apply(...args);
      },
      [Symbol.asyncDispose]: async () => {
        seen.disposed = true;
      },
    });
  });
  const store = new WatchedMemoryStore({
    store: late,
    where: 'on this machine',
    clock,
    onChange: (status) => void statuses.push(status),
    onBack: () => void seen.back++,
  });
  return { clock, faults, seen, statuses, late, store };
}

const failed = (text: string) => new VivavoceError('store_failed', text);

describe('the status of the memory', () => {
  test('is that it starts, then that it is there; it is told once', async () => {
    const { store, statuses, clock, seen } = await watched();
    expect(store.status()).toMatchObject({ part: 'memory', engine: 'sqlite', state: 'starting' });
    await store.start();
    expect(store.status()).toMatchObject({ detail: 'embedded', state: 'ready' });
    await clock.advance(90_000);
    expect(statuses).toEqual([store.status()]);
    expect(seen).toMatchObject({ opened: 1, probes: 4, back: 0 });
  });

  test('is why it cannot be opened, until it can: it is tried later and later', async () => {
    const { store, faults, seen, clock } = await watched();
    faults.open = failed('memory.db is damaged: restore a backup');
    await store.start();
    expect(store.status()).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(/nothing is recalled .*memory\.db is damaged: restore a backup/),
    });
    await clock.advance(3_500);
    expect(seen.opened).toBe(4);
    // Nobody who asks meanwhile has it tried once more, nor waits for it.
    await expect(find(store, ALICE, 'dog')).rejects.toThrow('is damaged');
    await clock.settle();
    expect(seen.opened).toBe(4);
    delete faults.open;
    await clock.advance(4_000);
    expect(store.status().state).toBe('ready');
    expect(seen.back).toBe(1);
  });

  test('is found out at once when a call fails, and when one is answered again', async () => {
    const { store, faults, seen, statuses, clock } = await watched();
    await store.start();
    faults.reads = failed('the disk has gone');
    await expect(find(store, ALICE, 'dog')).rejects.toThrow('the disk has gone');
    await clock.settle();
    expect(statuses.at(-1)).toMatchObject({ state: 'failed', reason: expect.stringContaining('disk') });
    delete faults.reads;
    await find(store, ALICE, 'dog');
    await clock.settle();
    expect(statuses.at(-1)?.state).toBe('ready');
    expect(seen.back).toBe(1);
  });

  test('keeps the reason while a breaker only says that it is open', async () => {
    const { store, faults, clock } = await watched();
    await store.start();
    faults.reads = failed('the disk has gone');
    await expect(find(store, ALICE, 'dog')).rejects.toThrow();
    await clock.settle();
    const told = store.status();
    faults.reads = new VivavoceError('breaker_open', 'memory:qdrant is left alone');
    await clock.advance(10_000);
    expect(store.status()).toEqual(told);
  });

  test('is degraded while writes are refused and reads are not', async () => {
    const { store, faults, clock, seen } = await watched();
    await store.start();
    faults.writes = failed('the disk is full: free some space');
    await expect(store.apply(ALICE, [DOG])).rejects.toThrow('full');
    await clock.settle();
    expect(store.status()).toMatchObject({
      state: 'degraded',
      reason: expect.stringMatching(/what is learned waits.*free some space/),
    });
    await find(store, ALICE, 'dog');
    expect(store.status().state).toBe('degraded');
    delete faults.writes;
    await store.apply(ALICE, [DOG]);
    expect(store.status().state).toBe('ready');
    expect(seen.back).toBe(0);
  });

  test('is degraded while only some of it can be read, and for a minute when nobody asks again', async () => {
    const { store, faults, clock } = await watched();
    await store.start();
    faults.searches = failed('memory.db is damaged');
    await expect(find(store, ALICE, 'dog')).rejects.toThrow();
    await clock.settle();
    expect(store.status()).toMatchObject({ state: 'degraded', reason: expect.stringContaining('damaged') });
    await clock.advance(59_000);
    expect(store.status().state).toBe('degraded');
    await clock.advance(1_000);
    expect(store.status().state).toBe('ready');
  });

  test('says nothing about who asks for something wrong, or goes away', async () => {
    const { store, faults, statuses, clock } = await watched();
    await store.start();
    faults.reads = new VivavoceError('invalid_request', 'limit is too high');
    await expect(find(store, ALICE, 'dog')).rejects.toThrow();
    faults.reads = new VivavoceError('cancelled', 'nobody waits for this');
    await expect(store.search(ALICE, { text: 'dog', vector: null, limit: 1 }, never)).rejects.toThrow();
    await clock.settle();
    expect(statuses).toHaveLength(1);
  });

  test('is not looked at any more when it is closed', async () => {
    const { store, faults, statuses, clock, seen } = await watched();
    await store.start();
    faults.writes = failed('full');
    await expect(store.apply(ALICE, [DOG])).rejects.toThrow();
    await clock.settle();
    const told = statuses.length;
    await store[Symbol.asyncDispose]();
    expect(clock.pending).toBe(0);
    expect(seen.disposed).toBe(true);
    await expect(find(store, ALICE, 'dog')).rejects.toThrow('the memory is closed');
    expect(statuses).toHaveLength(told);
  });
});

test('a memory that is closed while it opens is given up, and nothing is left open', async () => {
  let told: AbortSignal | undefined;
  const late = new LateMemoryStore('qdrant', (signal) => {
    told = signal;
    const { promise, reject } = Promise.withResolvers<never>();
    signal.addEventListener('abort', () => reject(signal.reason));
    return promise;
  });
  const search = find(late, ALICE, 'dog');
  const given = expect(search).rejects.toThrow();
  await late[Symbol.asyncDispose]();
  await given;
  expect(told?.aborted).toBe(true);
});
