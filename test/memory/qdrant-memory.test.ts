import { afterAll } from 'vitest';
import { type OpenedQdrant, openOnRealServer, openOnStandIn } from '../support/qdrant-store.ts';
import { describeIsolation } from './memory-isolation.ts';
import { describeMemoryStore } from './memory-store-contract.ts';
import { OWNERS } from './sample-memories.ts';

type Opened = Pick<OpenedQdrant, 'store'> & AsyncDisposable;

/** One for all tests, because collections and their indexes take their time; each test leaves it empty. */
async function describeShared(name: string, opening: Promise<Opened>): Promise<void> {
  const opened = await opening;
  afterAll(() => opened[Symbol.asyncDispose]());
  const { store } = opened;
  const open = async () => ({
    store,
    async [Symbol.asyncDispose]() {
      for (const owner of OWNERS) await store.eraseAll(owner);
      await store.useSpace(null);
    },
  });
  describeMemoryStore(name, open);
  describeIsolation(name, open);
}

await describeShared('the memory in Qdrant', openOnStandIn());

const url = process.env.QDRANT_URL;
if (url) await describeShared('the memory in a real Qdrant', openOnRealServer(url));
