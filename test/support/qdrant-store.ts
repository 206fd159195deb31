import { randomBytes } from 'node:crypto';
import { QdrantClient } from '@qdrant/js-client-rest';
import { type Clock, systemClock } from '../../src/clock.ts';
import { QdrantMemory } from '../../src/memory/qdrant/qdrant-memory.ts';
import { QdrantServer } from './qdrant-server.ts';
import type { RecordedRequest } from './recorded-http.ts';

export const PREFIX = 'vivavoce_memory';

export interface OpenedQdrant extends AsyncDisposable {
  readonly server: QdrantServer;
  readonly store: QdrantMemory;
}

/** A memory in a stand-in of its own. */
export async function openOnStandIn(clock: Clock = systemClock): Promise<OpenedQdrant> {
  const server = await new QdrantServer().start();
  const store = await openMemory(server, clock);
  return {
    server,
    store,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

export function openMemory({ url }: { url: string }, clock: Clock = systemClock): Promise<QdrantMemory> {
  return QdrantMemory.open({ url, apiKey: null, clock }, AbortSignal.timeout(10_000));
}

/** A memory in collections of its own on a real server, which are removed afterwards. */
export async function openOnRealServer(url: string): Promise<{ store: QdrantMemory } & AsyncDisposable> {
  const apiKey = process.env.QDRANT_API_KEY ?? null;
  const prefix = `vivavoce_test_${randomBytes(6).toString('hex')}`;
  const options = { url, apiKey, clock: systemClock, prefix };
  const store = await QdrantMemory.open(options, AbortSignal.timeout(30_000));
  return {
    store,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      const client = new QdrantClient({ url, ...(apiKey !== null && { apiKey }), checkCompatibility: false });
      const { collections } = await client.getCollections();
      for (const { name } of collections) if (name.startsWith(prefix)) await client.deleteCollection(name);
    },
  };
}

export const isWrite = ({ path }: RecordedRequest) => path.endsWith('/points/batch');
export const isSearch = ({ path }: RecordedRequest) => path.includes('/points/query');
export const isOfPoints = ({ path }: RecordedRequest) => path.includes('/points');
