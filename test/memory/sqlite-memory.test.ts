import { afterAll } from 'vitest';
import { SqliteMemory } from '../../src/memory/sqlite/sqlite-memory.ts';
import { tempDir } from '../conversation/temp-dir.ts';
import { describeIsolation } from './memory-isolation.ts';
import { describeMemoryStore } from './memory-store-contract.ts';
import { OWNERS } from './sample-memories.ts';

const dir = await tempDir();
const store = await SqliteMemory.open({ path: dir.file('memory.db') });
afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

/** One for all tests, because a thread takes its time to start; each test leaves it empty. */
async function open() {
  const empty = async () => {
    for (const owner of OWNERS) await store.eraseAll(owner);
    await store.useSpace(null);
  };
  return { store, [Symbol.asyncDispose]: empty };
}

describeMemoryStore('SqliteMemory', open);
describeIsolation('SqliteMemory', open);
