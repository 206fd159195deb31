import { describe, expect, test } from 'vitest';
import { OpenAiEmbedder } from '../../../src/memory/embedding/openai-embedder.ts';
import { OpenAiServer, type OpenAiServerOptions } from '../../support/openai-server.ts';
import { letterVector } from '../../support/scripted-embeddings.ts';

const never = new AbortController().signal;
const SMALL = 'text-embedding-3-small';

async function setUp(
  { models = [SMALL], ...options }: OpenAiServerOptions = {},
  embedding: { apiKey?: string; model?: string; maxTexts?: number } = {},
) {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await new OpenAiServer({ models, ...options }).start());
  const embedder = stack.use(new OpenAiEmbedder({ baseUrl: server.baseUrl, ...embedding }));
  return { server, embedder, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test('a probe embeds a word, and so learns the length of the vectors', async () => {
  await using at = await setUp({ apiKey: 'secret' }, { apiKey: 'secret' });
  expect(await at.embedder.probe(never)).toEqual({
    ...{ part: 'embeddings', engine: 'openai', detail: SMALL, state: 'ready' },
    reason: `texts are embedded at ${at.server.baseUrl}`,
  });
  expect(at.embedder.space).toEqual({ model: `openai:${SMALL}`, dimensions: 26 });
});

test('the vectors come in the order of the texts, whatever the order of the answer, over connections that are kept', async () => {
  await using at = await setUp();
  await at.embedder.probe(never);
  const texts = ['a cat', 'the sea', 'zebra'];
  const vectors = await at.embedder.embed(texts, 'document', never);
  expect(vectors).toEqual(texts.map((text) => Float32Array.from(letterVector(text))));
  expect(at.server.requests.at(-1)?.body).toEqual({ model: SMALL, input: texts, encoding_format: 'float' });
  for (let n = 0; n < 8; n++) await at.embedder.embed(texts, 'query', never);
  expect(at.server.connectionCount).toBeLessThanOrEqual(2);
});

test('no request has more texts than servers take', async () => {
  await using at = await setUp({ maxInputs: 32 });
  await at.embedder.probe(never);
  const texts = Array.from({ length: 70 }, (_, n) => 'a'.repeat(n + 1));
  expect(await at.embedder.embed(texts, 'document', never)).toHaveLength(70);
  expect(at.server.requests.slice(1).map(({ body }) => body.input.length)).toEqual([32, 32, 6]);
});

test('the address may lack its /v1', async () => {
  await using at = await setUp();
  await using bare = new OpenAiEmbedder({ baseUrl: `${at.server.url}/` });
  expect((await bare.probe(never)).state).toBe('ready');
});

test('a model that wants to know what a text is for is told here too', async () => {
  await using at = await setUp(
    { models: ['intfloat/multilingual-e5-small'] },
    { model: 'intfloat/multilingual-e5-small' },
  );
  await at.embedder.probe(never);
  await at.embedder.embed(['Where?'], 'query', never);
  await at.embedder.embed(['There.'], 'document', never);
  const [, query, document] = at.server.requests.map(({ body }) => body.input);
  expect([query, document]).toEqual([['query: Where?'], ['passage: There.']]);
});

describe('what is wrong is said with what to do about it:', () => {
  test.each([
    ['a wrong key', { apiKey: 'right' }, { apiKey: 'wrong' }, 'engine_failed', 'check EMBEDDINGS_API_KEY'],
    ['no such model', {}, { model: 'other' }, 'engine_failed', 'EMBEDDINGS_MODEL'],
  ])('%s', async (_, server, embedding, code, message) => {
    await using at = await setUp(server, embedding);
    await expect(at.embedder.probe(never)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });

  test('a server that is busy may be asked again', async () => {
    await using at = await setUp();
    at.server.embeddings.fault = { kind: 'status', status: 429, message: 'Rate limit reached' };
    await expect(at.embedder.probe(never)).rejects.toMatchObject({ code: 'engine_unavailable' });
  });

  test('the words of a person that a server sends back are not repeated', async () => {
    await using at = await setUp();
    await at.embedder.probe(never);
    at.server.embeddings.answer = async (texts, response) => {
      response.writeHead(422, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ detail: [{ input: texts }] }));
      return null;
    };
    await expect(at.embedder.embed(['my secret'], 'query', never)).rejects.toMatchObject({
      code: 'invalid_request',
      message: `the embedding server answered 422 at ${at.server.baseUrl}/embeddings`,
    });
  });
});
