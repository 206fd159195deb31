import { join } from 'node:path';
import type { EngineStatus } from './engine-status.ts';
import { type EngineDeps, guard, OPENAI_URL, patient } from './engines.ts';
import { BatchingEmbedder } from './memory/embedding/batching-embedder.ts';
import type { Embedder } from './memory/embedding/embedder.ts';
import { Embeddings } from './memory/embedding/embeddings.ts';
import { LocalEmbedder } from './memory/embedding/local-embedder.ts';
import { OllamaEmbedder } from './memory/embedding/ollama-embedder.ts';
import { OpenAiEmbedder } from './memory/embedding/openai-embedder.ts';
import { LateMemoryStore } from './memory/late-memory-store.ts';
import { QdrantMemory } from './memory/qdrant/qdrant-memory.ts';
import { SqliteMemory } from './memory/sqlite/sqlite-memory.ts';
import { withDeadline } from './resilience/deadline.ts';
import { EMBEDDING_LIMITS, guardEmbedder } from './resilience/guarded-embedder.ts';
import { guardMemoryStore } from './resilience/guarded-memory-store.ts';
import { ModelFiles } from './speech/model-files.ts';

/** Calls, each of up to 32 texts of as many sessions. */
const EMBEDDINGS_CONCURRENT = 16;
const EMBEDDINGS_WAITING = 256;
/** A turn gives a search up after 2 s: what is too slow has failed before, or the breaker would never know. */
const QDRANT_DEADLINES = { readMs: 1_500, writeMs: 10_000 };
const QDRANT_CONCURRENT = 64;
const QDRANT_WAITING = 1_024;

/**
 * What compares meanings in the memory, as the settings allow: each behind its guard, and the texts of all sessions
 * together. It does nothing before its `start`.
 */
export function createEmbeddings(deps: EngineDeps, onChange: (status: EngineStatus) => void): Embeddings {
  const { config, clock, resources } = deps;
  const wanted = config.EMBEDDINGS;
  const embedders: Embedder[] = [];
  if (wanted === 'openai' || (wanted === 'auto' && config.EMBEDDINGS_BASE_URL)) {
    embedders.push(openAiEmbedder(deps));
  }
  if (wanted === 'ollama' || wanted === 'auto') embedders.push(ollamaEmbedder(deps));
  if (wanted === 'local' || wanted === 'auto') embedders.push(localEmbedder(deps));
  const batched = embedders.map((embedder) => new BatchingEmbedder(embedder, { clock }));
  return resources.use(new Embeddings({ embedders: batched, clock, onChange }));
}

/** Where memories are kept, behind its guards when it is a server. It is opened by its first call. */
export function createMemoryStore(deps: EngineDeps): LateMemoryStore {
  const { config, clock } = deps;
  const { QDRANT_URL: url, QDRANT_API_KEY: apiKey = null } = config;
  if (url === undefined) {
    const path = join(config.DATA_DIR, 'memory.db');
    return new LateMemoryStore('sqlite', () => SqliteMemory.open({ path }));
  }
  const guarded = (name: string) => guard(`memory:${name}`, QDRANT_CONCURRENT, QDRANT_WAITING, deps);
  const guards = {
    reads: guarded('qdrant'),
    writes: guarded('qdrant-writes'),
    vectors: guarded('qdrant-vectors'),
  };
  const deadlines = patient(QDRANT_DEADLINES, deps);
  const opening = { clock, deadlineMs: deadlines.writeMs, name: `Qdrant at ${url}` };
  return new LateMemoryStore('qdrant', async (signal) => {
    const memory = await withDeadline(
      opening,
      (own) => QdrantMemory.open({ url, apiKey, clock }, own),
      signal,
    );
    return Object.assign(guardMemoryStore(memory, guards, deadlines), {
      [Symbol.asyncDispose]: () => memory[Symbol.asyncDispose](),
    });
  });
}

function openAiEmbedder(deps: EngineDeps): Embedder {
  const { config, resources } = deps;
  const apiKey = config.EMBEDDINGS_API_KEY ?? config.OPENAI_API_KEY;
  const remote = resources.use(
    new OpenAiEmbedder({
      baseUrl: config.EMBEDDINGS_BASE_URL ?? config.OPENAI_BASE_URL ?? OPENAI_URL,
      ...(config.EMBEDDINGS_MODEL !== undefined && { model: config.EMBEDDINGS_MODEL }),
      ...(apiKey !== undefined && { apiKey }),
    }),
  );
  return guarded(remote, 'openai', deps);
}

function ollamaEmbedder(deps: EngineDeps): Embedder {
  const { config, resources } = deps;
  const ollama = resources.use(
    new OllamaEmbedder({ baseUrl: config.OLLAMA_BASE_URL, model: config.EMBEDDINGS_MODEL ?? null }),
  );
  return guarded(ollama, 'ollama', deps);
}

/** With `auto` nothing is fetched: it is there, or somebody puts it there. */
function localEmbedder(deps: EngineDeps): Embedder {
  const { config, clock, resources } = deps;
  const models = { modelsDir: join(config.DATA_DIR, 'models'), hubUrl: config.MODEL_HUB_URL, clock };
  const local = resources.use(
    new LocalEmbedder({
      files: (onProgress) => new ModelFiles({ ...models, onProgress }),
      mayFetch: config.EMBEDDINGS === 'local',
      ...(config.EMBEDDINGS_MODEL !== undefined && { model: config.EMBEDDINGS_MODEL }),
      clock,
    }),
  );
  return guarded(local, 'local', deps);
}

function guarded(embedder: Embedder, name: string, deps: EngineDeps): Embedder {
  const own = guard(`embeddings:${name}`, EMBEDDINGS_CONCURRENT, EMBEDDINGS_WAITING, deps);
  return guardEmbedder(embedder, own, patient(EMBEDDING_LIMITS, deps));
}
