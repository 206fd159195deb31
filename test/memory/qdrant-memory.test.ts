import { openOnRealServer, openOnStandIn } from '../support/qdrant-store.ts';
import { describeIsolation } from './memory-isolation.ts';
import { describeMemoryStore } from './memory-store-contract.ts';

describeMemoryStore('the memory in Qdrant', openOnStandIn);
describeIsolation('the memory in Qdrant', openOnStandIn);

const url = process.env.QDRANT_URL;
if (url) {
  describeMemoryStore('the memory in a real Qdrant', () => openOnRealServer(url));
  describeIsolation('the memory in a real Qdrant', () => openOnRealServer(url));
}
