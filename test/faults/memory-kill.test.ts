import { readdir, readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type TempDir, tempDir } from '../conversation/temp-dir.ts';
import { OllamaServer } from '../support/ollama-server.ts';
import { isWrite } from '../support/qdrant-store.ts';
import type { RecordedRequest } from '../support/recorded-http.ts';
import { RestClient } from '../support/rest-client.ts';
import { ServiceProcess } from '../support/service-process.ts';
import { connect, memories, PluggedQdrant, say, until } from './faulty-memory.ts';

// Processes start many times here, and each takes seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const BERLIN = 'The user lives in Berlin.';
const KNEE = "The user's knee hurts since an accident.";
const FACTS = JSON.stringify({
  facts: [{ text: KNEE, from: [1], replaces: [], kind: 'fact', subject: 'user', importance: 3 }],
});

const NO_FACTS = JSON.stringify({ facts: [] });

/** A request that asks what can be learned from the message about the knee. */
// biome-ignore lint/suspicious/noExplicitAny: the body of a request is whatever the service sent.
const isAboutTheKnee = (body: any): boolean => body.format && body.messages.at(-1).content.includes('knee');

// biome-ignore lint/suspicious/noExplicitAny: the same.
function answer(body: any): string {
  if (!body.format) return 'I see.';
  return isAboutTheKnee(body) ? FACTS : NO_FACTS;
}

let dir: TempDir;
let qdrant: PluggedQdrant;
let ollama: OllamaServer;

beforeAll(async () => {
  ollama = await new OllamaServer({ reply: answer }).start();
});
afterAll(() => ollama[Symbol.asyncDispose]());
beforeEach(async () => {
  dir = await tempDir();
  qdrant = await PluggedQdrant.start();
});
afterEach(async () => {
  await qdrant[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

const start = (env: Readonly<Record<string, string>> = {}) =>
  ServiceProcess.start({
    DATA_DIR: dir.path,
    LLM: 'offline',
    QDRANT_URL: qdrant.url,
    EMBEDDINGS: 'none',
    ...env,
  });

/** Resolves when Qdrant is asked to write, which it then does not do. */
function atWrite(isMeant: (request: RecordedRequest) => boolean = () => true): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  qdrant.server.failWith({ kind: 'stall' }, (request) => {
    const isHit = isWrite(request) && isMeant(request);
    if (isHit) resolve();
    return isHit;
  });
  return promise;
}

const learned = (...texts: readonly string[]) =>
  until(
    () => qdrant.points,
    (points) => texts.every((text) => points.includes(text)),
  );

test('kills before, in the middle of and after learning: everything is learned after the restart, once', async () => {
  const env = { LLM: 'ollama', OLLAMA_BASE_URL: ollama.url };
  {
    await using service = await start(env);
    const writing = atWrite();
    await using client = await connect(service);
    client.write('I live in Berlin.');
    await client.next('conversation.item.done');
    await writing;
    await service.kill('SIGKILL');
    expect(qdrant.points).toEqual([]);
  }
  {
    // This time it is written, and the service never hears of it; and the model does not come to an end.
    qdrant.server.failWith({ kind: 'lost-answer' }, isWrite);
    const asked = Promise.withResolvers<void>();
    ollama.reply = (body) => {
      if (!isAboutTheKnee(body)) return answer(body);
      asked.resolve();
      return { text: FACTS, fault: { kind: 'stall', afterTokens: 2 } };
    };
    await using service = await start(env);
    await say(service, 'Ever since that accident my knee has been hurting a lot.');
    await Promise.all([learned(BERLIN), asked.promise]);
    await service.kill('SIGKILL');
    qdrant.server.failWith(null);
  }
  ollama.reply = answer;
  await using service = await start(env);
  await learned(BERLIN, KNEE);
  expect(await memories(service)).toEqual([BERLIN, KNEE]);
  expect(qdrant.points).toEqual([BERLIN, KNEE].toSorted());
});

test('a kill in the middle of an erasure: it goes on at the next start, until everything is gone', async () => {
  let erasure: string;
  {
    await using service = await start();
    await say(service, 'I live in Berlin and my sister is called Xanthippe.');
    await learned(BERLIN);
    const erasing = atWrite(({ body }) => JSON.stringify(body).includes('"delete"'));
    const asked = await new RestClient(service.url).delete('/v1/memories?confirm=everything');
    erasure = asked.headers.get('location') as string;
    await erasing;
    await service.kill('SIGKILL');
  }
  expect(qdrant.points).toContain(BERLIN);
  qdrant.server.failWith(null);
  await using service = await start();
  const rest = new RestClient(service.url);
  await until(
    () => rest.get(erasure),
    ({ body }) => body.status === 'completed',
  );
  expect(qdrant.points).toEqual([]);
  expect(await memories(service)).toEqual([]);
  expect((await rest.get('/v1/conversations')).body.data).toEqual([]);
  await until(
    async () => {
      const files = (await readdir(dir.path)).filter((name) => name !== 'vivavoce.lock');
      return await Promise.all(files.map((name) => readFile(dir.file(name))));
    },
    (files) => ['Berlin', 'Xanthippe'].every((word) => files.every((bytes) => !bytes.includes(word))),
  );
});
