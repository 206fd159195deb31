import { systemClock } from '../../src/clock.ts';
import { QdrantMemory } from '../../src/memory/qdrant/qdrant-memory.ts';
import { QdrantServer } from '../support/qdrant-server.ts';
import { describeIsolation } from './memory-isolation.ts';
import { describeMemoryStore, type OpenStore } from './memory-store-contract.ts';

const openOnStandIn: OpenStore = async () => {
  const server = await new QdrantServer().start();
  const options = { url: server.url, apiKey: null, clock: systemClock };
  const store = await QdrantMemory.open(options, AbortSignal.timeout(10_000));
  return {
    store,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
};

describeMemoryStore('the memory in Qdrant', openOnStandIn);
describeIsolation('the memory in Qdrant', openOnStandIn);
