import { afterEach, beforeEach, expect, test } from 'vitest';
import { readAgent } from '../src/agent-file.ts';
import { systemClock } from '../src/clock.ts';
import { readConfig } from '../src/config.ts';
import { createChatModel, createExtractionModel, type EngineDeps } from '../src/engines.ts';
import { createHearing } from '../src/hearing-engines.ts';
import { createEmbeddings, createMemoryStore } from '../src/memory-engines.ts';
import { Guards } from '../src/resilience/guards.ts';
import { Telemetry } from '../src/telemetry/events.ts';
import { createLogger } from '../src/telemetry/logger.ts';
import { createVoice } from '../src/voice-engines.ts';
import { type TempDir, tempDir } from './conversation/temp-dir.ts';
import { ALICE, find } from './memory/sample-memories.ts';
import { OllamaServer } from './support/ollama-server.ts';
import { OpenAiServer } from './support/openai-server.ts';
import { QdrantServer } from './support/qdrant-server.ts';
import { forever } from './support/speech.ts';
import { SpeechServer } from './support/speech-server.ts';
import { TranscriptionServer } from './support/transcription-server.ts';

/** What an operator holds open is asked nothing: so whatever is still asked goes past its guard. */

let dir: TempDir;
let resources: AsyncDisposableStack;

beforeEach(async () => {
  dir = await tempDir();
  resources = new AsyncDisposableStack();
});
afterEach(async () => {
  await resources.disposeAsync();
  await dir[Symbol.asyncDispose]();
});

async function deps(env: Record<string, string>): Promise<EngineDeps> {
  return {
    config: readConfig({ DATA_DIR: dir.path, TTS_WORKERS: '1', VOICE_CACHE_MB: '0', VAD: 'energy', ...env }),
    agent: await readAgent(undefined),
    clock: systemClock,
    telemetry: new Telemetry(createLogger('silent')),
    guards: new Guards(),
    resources,
  };
}

/** Holds all of them open; returns their names. */
function holdAll({ guards }: EngineDeps): string[] {
  const names = guards.all().map(({ name }) => name);
  for (const name of names) guards.open(name);
  return names;
}

const held = { code: 'breaker_open', message: expect.stringContaining('held open by an operator') };
const request = { messages: [{ role: 'user' as const, text: 'Hello?' }] };
const nothing = () => undefined;

test('no turn and no work in the background goes past the guards of Ollama', async () => {
  await using server = await new OllamaServer().start();
  const at = await deps({ LLM: 'ollama', OLLAMA_BASE_URL: server.url, EXTRACTION_MODEL: 'llama3.2' });
  const model = createChatModel(at, nothing);
  const extraction = createExtractionModel(at);
  expect(holdAll(at)).toEqual([
    ...['llm:ollama', 'llm:ollama:background'],
    ...['extraction:ollama', 'extraction:ollama:background'],
  ]);
  for (const chat of [model, model.inBackground(), extraction, extraction?.inBackground()])
    await expect(Array.fromAsync(chat?.stream(request, forever()) ?? [])).rejects.toMatchObject(held);
  expect(server.requests).toEqual([]);
});

test('nor past those of a server with OpenAI’s API', async () => {
  await using server = await new OpenAiServer().start();
  const at = await deps({ LLM: 'openai', OPENAI_BASE_URL: server.baseUrl });
  const model = createChatModel(at, nothing);
  expect(holdAll(at)).toEqual(['llm:openai', 'llm:openai:background']);
  for (const chat of [model, model.inBackground()])
    await expect(Array.fromAsync(chat.stream(request, forever()))).rejects.toMatchObject(held);
  expect(server.requests).toEqual([]);
});

test('no sentence goes past the guards of the voices, the local one included', async () => {
  await using server = await SpeechServer.start();
  const at = await deps({ TTS_BASE_URL: server.baseUrl });
  const { voice } = await createVoice(at, nothing);
  expect(holdAll(at)).toEqual(expect.arrayContaining(['tts:openai', 'tts:flite']));
  const spoken = Array.fromAsync(voice.speak({ text: 'Hello.', voice: null, speed: 1 }, forever()));
  await expect(spoken).rejects.toMatchObject(held);
  expect(server.requests).toEqual([]);
});

test('nothing that was said goes past the guard of a recogniser', async () => {
  await using server = await TranscriptionServer.start();
  const at = await deps({ STT: 'openai', STT_BASE_URL: server.baseUrl });
  const { hearing } = await createHearing(at, nothing);
  expect(holdAll(at)).toContain('stt:openai');
  using recognition = hearing.transcriber.recognise({
    ...{ language: null, prompt: null, speaker: 's', onPartial: nothing },
  });
  recognition.push(new Int16Array(16_000).fill(1_000));
  await expect(recognition.read(forever())).rejects.toMatchObject({ code: 'breaker_open' });
  expect(server.requests).toEqual([]);
});

test('no text goes past the guard of an embedder', async () => {
  await using server = await new OpenAiServer({ models: ['text-embedding-3-small'] }).start();
  const at = await deps({ EMBEDDINGS: 'openai', EMBEDDINGS_BASE_URL: server.baseUrl });
  const embeddings = createEmbeddings(at, nothing);
  embeddings.start({ useSpace: async () => {}, unembedded: async () => [], setVectors: async () => {} });
  await expect.poll(() => embeddings.status().state, { timeout: 5_000 }).toBe('ready');
  const probes = server.requests.length;
  expect(await embeddings.embedQuery('a cat', forever())).not.toBeNull();
  expect(server.requests).toHaveLength(probes + 1);
  expect(holdAll(at)).toEqual(['embeddings:openai']);
  expect(await embeddings.embedQuery('a dog', forever())).toBeNull();
  expect(server.requests).toHaveLength(probes + 1);
});

test('no memory goes past the guards of Qdrant, read or written', async () => {
  await using server = await new QdrantServer().start();
  const at = await deps({ QDRANT_URL: server.url });
  const store = resources.use(createMemoryStore(at));
  await store.open();
  const opening = server.requests.length;
  expect(holdAll(at)).toEqual(['memory:qdrant', 'memory:qdrant-writes', 'memory:qdrant-vectors']);
  const id = '00000000-0000-4000-8000-000000000001';
  const calls = [
    () => find(store, ALICE, 'dog'),
    () => store.profile(ALICE, forever()),
    () => store.list(ALICE, { limit: 10 } as never),
    () => store.get(ALICE, id),
    () => store.history(ALICE, id),
    () => store.apply(ALICE, []),
    () => store.touch(ALICE, [id], 1),
    () => store.delete(ALICE, id),
    () => store.eraseAll(ALICE),
    () => store.useSpace(null),
    () => store.unembedded(10),
    () => store.setVectors([]),
  ];
  for (const call of calls) await expect(call()).rejects.toMatchObject(held);
  expect(server.requests).toHaveLength(opening);
});
