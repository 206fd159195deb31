import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readAgent } from '../src/agent-file.ts';
import { systemClock } from '../src/clock.ts';
import { readConfig } from '../src/config.ts';
import type { EngineStatus } from '../src/engine-status.ts';
import type { EngineDeps } from '../src/engines.ts';
import { DEFAULT_LOCAL_MODEL } from '../src/memory/embedding/local-embedder.ts';
import { createEmbeddings } from '../src/memory-engines.ts';
import { Guards } from '../src/resilience/guards.ts';
import { Telemetry } from '../src/telemetry/events.ts';
import { createLogger } from '../src/telemetry/logger.ts';
import { type TempDir, tempDir } from './conversation/temp-dir.ts';
import { HubServer } from './support/hub-server.ts';
import { ManualClock } from './support/manual-clock.ts';
import { OllamaServer } from './support/ollama-server.ts';
import { OpenAiServer } from './support/openai-server.ts';
import { tinyEmbeddingModel } from './support/tiny-embedding-model.ts';
import { writeModel } from './support/tiny-speech-models.ts';

const NOWHERE = 'http://127.0.0.1:1';
const never = new AbortController().signal;
/** Real threads and sockets, on a machine that may be busy. */
const PATIENT = { interval: 5, timeout: 10_000 };
const nomic = { name: 'nomic-embed-text:latest', capabilities: ['embedding'] };
const emptyStore = { useSpace: async () => {}, unembedded: async () => [], setVectors: async () => {} };

let resources = new AsyncDisposableStack();
let dir: TempDir;
let hub: HubServer;

beforeEach(async () => {
  dir = await tempDir();
  hub = await HubServer.start();
});
afterEach(async () => {
  await resources.disposeAsync();
  resources = new AsyncDisposableStack();
  await hub[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

async function started(env: Record<string, string>, clock: EngineDeps['clock'] = systemClock) {
  const statuses: EngineStatus[] = [];
  const deps: EngineDeps = {
    config: readConfig({ DATA_DIR: dir.path, OLLAMA_BASE_URL: NOWHERE, MODEL_HUB_URL: hub.url, ...env }),
    agent: await readAgent(undefined),
    clock,
    telemetry: new Telemetry(createLogger('silent')),
    guards: new Guards(),
    resources,
  };
  const embeddings = createEmbeddings(deps, (status) => void statuses.push(status));
  embeddings.start(emptyStore);
  return { embeddings, statuses };
}

type Started = Awaited<ReturnType<typeof started>>;
const settled = ({ embeddings }: Started, state: EngineStatus['state'] = 'ready') =>
  expect.poll(() => embeddings.status().state, PATIENT).toBe(state);

const installModel = () => writeModel(join(dir.path, 'models', DEFAULT_LOCAL_MODEL), tinyEmbeddingModel());

describe('EMBEDDINGS=auto', () => {
  test('takes a server that is named before all else', async () => {
    await using ollama = await new OllamaServer({ models: [nomic] }).start();
    await using openai = await new OpenAiServer({
      models: ['text-embedding-3-small'],
      apiKey: 'key',
    }).start();
    const at = await started({
      OLLAMA_BASE_URL: ollama.url,
      EMBEDDINGS_BASE_URL: openai.baseUrl,
      EMBEDDINGS_API_KEY: 'key',
    });
    await settled(at);
    expect(at.embeddings.space?.model).toBe('openai:text-embedding-3-small');
    expect(await at.embeddings.embedQuery('Where?', never)).toHaveLength(26);
  });

  test('takes an embedding model of Ollama, and pays nobody who was not named', async () => {
    await using ollama = await new OllamaServer({ models: [nomic] }).start();
    await using openai = await new OpenAiServer({ models: ['text-embedding-3-small'] }).start();
    await installModel();
    const at = await started({ OLLAMA_BASE_URL: ollama.url, OPENAI_BASE_URL: openai.baseUrl });
    await settled(at);
    expect(at.embeddings.space?.model).toBe('ollama:nomic-embed-text');
    expect(openai.requests).toEqual([]);
  });

  test('takes a local model that is there already', async () => {
    await installModel();
    const clock = new ManualClock();
    const at = await started({}, clock);
    await settled(at, 'degraded');
    // Ollama gets some time to come up first.
    await expect
      .poll(async () => {
        await clock.advance(1_000);
        return at.embeddings.status().state;
      }, PATIENT)
      .toBe('ready');
    expect(at.embeddings.space?.model).toBe(`local:${DEFAULT_LOCAL_MODEL}`);
    expect(hub.requests).toEqual([]);
  });

  test('fetches nothing: words are compared, and the status says what could be done', async () => {
    const at = await started({}, new ManualClock());
    await settled(at, 'degraded');
    await expect
      .poll(() => at.embeddings.status().reason, PATIENT)
      .toBe(
        'retrieval is lexical, by words and their stems: ' +
          `Ollama does not answer at ${NOWHERE} (ECONNREFUSED): is it running?; ` +
          `there is no embedding model on this machine: EMBEDDINGS=local fetches ${DEFAULT_LOCAL_MODEL}`,
      );
    expect(hub.requests).toEqual([]);
    expect(at.statuses.at(-1)).toEqual(at.embeddings.status());
  });
});

describe('a named engine', () => {
  test('is the only one: EMBEDDINGS=local fetches its model', async () => {
    await using ollama = await new OllamaServer({ models: [nomic] }).start();
    for (const [path, bytes] of tinyEmbeddingModel()) hub.files.set(`some/e5-small/${path}`, bytes);
    const at = await started({
      EMBEDDINGS: 'local',
      EMBEDDINGS_MODEL: 'some/e5-small',
      OLLAMA_BASE_URL: ollama.url,
    });
    await settled(at);
    expect(at.embeddings.space).toEqual({ model: 'local:some/e5-small', dimensions: 5 });
    expect(ollama.requests).toEqual([]);
  });

  test('EMBEDDINGS=openai uses the server and the key of the language model', async () => {
    await using openai = await new OpenAiServer({
      models: ['text-embedding-3-small'],
      apiKey: 'key',
    }).start();
    const at = await started({
      EMBEDDINGS: 'openai',
      OPENAI_BASE_URL: openai.baseUrl,
      OPENAI_API_KEY: 'key',
    });
    await settled(at);
    expect(at.embeddings.status()).toMatchObject({ engine: 'openai', detail: 'text-embedding-3-small' });
  });

  test('EMBEDDINGS=ollama says what to pull', async () => {
    await using ollama = await new OllamaServer().start();
    const at = await started({
      EMBEDDINGS: 'ollama',
      EMBEDDINGS_MODEL: 'bge-m3',
      OLLAMA_BASE_URL: ollama.url,
    });
    await settled(at, 'degraded');
    expect(at.embeddings.status().reason).toContain("model 'bge-m3' is not installed: ollama pull bge-m3");
  });

  test('EMBEDDINGS=none asks nobody', async () => {
    await using ollama = await new OllamaServer({ models: [nomic] }).start();
    const at = await started({ EMBEDDINGS: 'none', OLLAMA_BASE_URL: ollama.url });
    await settled(at);
    expect(at.embeddings.status()).toMatchObject({ engine: 'none', state: 'ready' });
    expect(ollama.requests).toEqual([]);
  });
});

test('an engine that fails again and again is not asked any more', async () => {
  await using ollama = await new OllamaServer({ models: [nomic] }).start();
  const at = await started({ OLLAMA_BASE_URL: ollama.url });
  await settled(at);
  ollama.embeddings.fault = { kind: 'status', status: 503, message: 'busy' };
  const before = ollama.requestsTo('/api/embed').length;
  for (let n = 0; n < 12; n++) expect(await at.embeddings.embedQuery(`question ${n}`, never)).toBeNull();
  const asked = ollama.requestsTo('/api/embed').slice(before);
  expect(asked.filter(({ body }) => body.input[0].includes('question'))).toHaveLength(5);
});
