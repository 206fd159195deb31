import { describe, expect, test } from 'vitest';
import { isAbort } from '../../../src/errors.ts';
import { OllamaEmbedder } from '../../../src/memory/embedding/ollama-embedder.ts';
import { OllamaServer, type OllamaServerOptions } from '../../support/ollama-server.ts';
import { letterVector } from '../../support/scripted-embeddings.ts';

const never = new AbortController().signal;
const chat = { name: 'llama3.2:latest', capabilities: ['completion', 'tools'] };
const nomic = { name: 'nomic-embed-text:latest', capabilities: ['embedding'] };
const minilm = { name: 'all-minilm:latest', capabilities: ['embedding'] };

async function setUp(
  { models = [chat, nomic], ...options }: OllamaServerOptions = {},
  model: string | null = null,
) {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await new OllamaServer({ models, ...options }).start());
  const embedder = stack.use(new OllamaEmbedder({ baseUrl: `${server.url}/`, model }));
  return { server, embedder, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

function inputs(server: OllamaServer): string[][] {
  return server.requestsTo('/api/embed').map(({ body }) => body.input);
}

describe('a probe', () => {
  test('takes the first installed model that can embed, and measures it', async () => {
    await using at = await setUp();
    expect(at.embedder.space).toBeNull();
    expect(await at.embedder.probe(never)).toEqual({
      ...{ part: 'embeddings', engine: 'ollama', detail: 'nomic-embed-text:latest', state: 'ready' },
      reason: `Ollama answers at ${at.server.url}; it is the first installed model that can embed`,
    });
    expect(at.embedder.space).toEqual({ model: 'ollama:nomic-embed-text', dimensions: 26 });
  });

  test('takes the named one, and calls its space by the same name', async () => {
    await using at = await setUp({ models: [chat, minilm, nomic] }, 'nomic-embed-text');
    expect(await at.embedder.probe(never)).toMatchObject({ state: 'ready', detail: 'nomic-embed-text' });
    expect(at.embedder.space).toEqual({ model: 'ollama:nomic-embed-text', dimensions: 26 });
  });

  test('loads the model once, and later ones only look whether it is there', async () => {
    await using at = await setUp();
    for (let n = 0; n < 3; n++) await at.embedder.probe(never);
    expect(at.server.requestsTo('/api/embed')).toHaveLength(1);
  });

  test('stays with the model that it has found when another one is installed', async () => {
    await using at = await setUp();
    await at.embedder.probe(never);
    at.server.models.unshift(minilm);
    expect((await at.embedder.probe(never)).detail).toBe('nomic-embed-text:latest');
    at.server.models.splice(at.server.models.indexOf(nomic), 1);
    expect((await at.embedder.probe(never)).detail).toBe('all-minilm:latest');
    expect(at.embedder.space?.model).toBe('ollama:all-minilm');
  });

  test.each([
    ['none that can embed', null, [chat], 'but has no embedding model: ollama pull nomic-embed-text'],
    ['not the named one', 'bge-m3', [nomic], "model 'bge-m3' is not installed: ollama pull bge-m3"],
  ])('says what to pull when there is %s', async (_, model, models, reason) => {
    await using at = await setUp({ models }, model);
    const status = await at.embedder.probe(never);
    expect(status.state).toBe('failed');
    expect(status.reason).toContain(reason);
    expect(at.embedder.space).toBeNull();
    expect(at.server.requestsTo('/api/pull')).toEqual([]);
  });

  test('refuses a named model of another kind', async () => {
    await using at = await setUp({}, 'llama3.2');
    await expect(at.embedder.probe(never)).rejects.toThrow(
      "model 'llama3.2' cannot embed (it can: completion, tools): set EMBEDDINGS_MODEL to another",
    );
  });

  test('says that nobody answers', async () => {
    await using nobody = new OllamaEmbedder({ baseUrl: 'http://127.0.0.1:1', model: null });
    await expect(nobody.probe(never)).rejects.toMatchObject({
      code: 'engine_unavailable',
      message: 'Ollama does not answer at http://127.0.0.1:1 (ECONNREFUSED): is it running?',
    });
  });
});

describe('texts', () => {
  test('are embedded in one request, cut by the server, and the model stays loaded', async () => {
    await using at = await setUp({ models: [minilm] });
    await at.embedder.probe(never);
    const vectors = await at.embedder.embed(['a cat', 'the sea'], 'document', never);
    expect(vectors.map((vector) => vector.length)).toEqual([26, 26]);
    expect(vectors[1]).toEqual(Float32Array.from(letterVector('the sea')));
    const [, request] = at.server.requestsTo('/api/embed');
    expect(request?.body).toEqual({
      ...{ model: 'all-minilm:latest', input: ['a cat', 'the sea'] },
      ...{ truncate: true, keep_alive: '30m' },
    });
    expect(at.server.connectionCount).toBeLessThanOrEqual(2);
  });

  test('become unit vectors, whatever their length was', async () => {
    await using at = await setUp();
    await at.embedder.probe(never);
    at.server.embeddings.fault = { kind: 'instead', vectors: [[3, 4, ...Array(24).fill(0)]] };
    const [vector] = await at.embedder.embed(['a cat'], 'query', never);
    expect([...(vector ?? [])].slice(0, 3).map((value) => Number(value.toFixed(4)))).toEqual([0.6, 0.8, 0]);
  });

  test('get the prefix that their model wants, and half a character is not sent', async () => {
    await using at = await setUp();
    await at.embedder.probe(never);
    const long = `${'x'.repeat(1_999)}😀`;
    await at.embedder.embed(['Where?', long], 'query', never);
    await at.embedder.embed(['There.'], 'document', never);
    expect(inputs(at.server).slice(1)).toEqual([
      ['search_query: Where?', `search_query: ${'x'.repeat(1_999)}\u{fffd}`],
      ['search_document: There.'],
    ]);
  });

  test('are not sent when there are none, or before a model was found', async () => {
    await using at = await setUp();
    expect(await at.embedder.embed([], 'query', never)).toEqual([]);
    await expect(at.embedder.embed(['a'], 'query', never)).rejects.toMatchObject({
      code: 'engine_unavailable',
    });
    expect(at.server.requests).toEqual([]);
  });

  test('that nobody waits for any more are not computed further: the connection closes', async () => {
    await using at = await setUp();
    await at.embedder.probe(never);
    at.server.embeddings.fault = { kind: 'stall' };
    const controller = new AbortController();
    const asked = at.server.nextRequest('/api/embed');
    const embedded = at.embedder.embed(['a cat'], 'query', controller.signal);
    embedded.catch(() => {});
    const request = await asked;
    controller.abort();
    await expect(embedded).rejects.toSatisfy(isAbort);
    expect((await request.closed).finished).toBe(false);
  });
});

describe('an answer that is none', () => {
  test.each([
    ['too few vectors', [[1, 0]], '1 vectors for 2 texts'],
    ['none at all', undefined, 'no vectors for 2 texts'],
    ['another length', [Array(26).fill(1), [1, 0]], 'a vector of 2 numbers instead of 26'],
    ['no numbers', [Array(26).fill('x'), Array(26).fill(1)], 'a vector without a direction'],
    ['nothing but zeros', [Array(26).fill(0), Array(26).fill(1)], 'a vector without a direction'],
    ['something else', ['vector', 'vector'], 'something that is no vector'],
  ])('is an error: %s', async (_, vectors, message) => {
    await using at = await setUp();
    await at.embedder.probe(never);
    at.server.embeddings.fault = { kind: 'instead', vectors };
    await expect(at.embedder.embed(['a', 'b'], 'query', never)).rejects.toMatchObject({
      code: 'engine_failed',
      message: expect.stringContaining(message),
    });
  });

  test.each([
    [{ kind: 'status', status: 503, message: 'server busy' } as const, 'engine_unavailable'],
    [{ kind: 'status', status: 500, message: 'NaN' } as const, 'engine_failed'],
    [{ kind: 'status', status: 400, message: 'too long' } as const, 'invalid_request'],
    [{ kind: 'reset' } as const, 'engine_unavailable'],
    [{ kind: 'garbage' } as const, 'engine_failed'],
  ])('is an error: %o', async (fault, code) => {
    await using at = await setUp();
    await at.embedder.probe(never);
    at.server.embeddings.fault = fault;
    await expect(at.embedder.embed(['a'], 'query', never)).rejects.toMatchObject({ code });
  });

  test('makes the next probe measure again: the model may have become another one', async () => {
    await using at = await setUp();
    await at.embedder.probe(never);
    at.server.embeddings.dimensions = 13;
    await expect(at.embedder.embed(['a'], 'query', never)).rejects.toThrow('13 numbers instead of 26');
    await at.embedder.probe(never);
    expect(at.embedder.space?.dimensions).toBe(13);
  });
});
