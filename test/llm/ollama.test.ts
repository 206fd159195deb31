import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { isAbort, type VivavoceError } from '../../src/errors.ts';
import type { ChatRequest } from '../../src/llm/chat-model.ts';
import { OllamaChatModel, type OllamaOptions } from '../../src/llm/ollama.ts';
import { collect } from '../support/collect.ts';
import { OllamaServer, type OllamaServerOptions } from '../support/ollama-server.ts';
import type { Fault } from '../support/scripted-reply.ts';

const never = new AbortController().signal;
const hello: ChatRequest = { messages: [{ role: 'user', text: 'Hello' }] };
const thinker = { name: 'qwen3:latest', capabilities: ['completion', 'tools', 'thinking'] };
const embedder = { name: 'nomic-embed-text:latest', capabilities: ['embedding'] };
const weather = {
  name: 'weather',
  description: 'The weather of a place',
  parameters: { type: 'object', properties: { place: { type: 'string' } } },
};

async function setUp(serverOptions: OllamaServerOptions = {}, options: Partial<OllamaOptions> = {}) {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await new OllamaServer(serverOptions).start());
  const model = stack.use(new OllamaChatModel({ baseUrl: server.url, model: null, ...options }));
  return { server, model, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

describe('a turn', () => {
  test('streams the text as it comes and ends with the usage that Ollama counted', async () => {
    await using at = await setUp({ reply: 'Good evening, Ada.' });
    const { parts, text } = await collect(at.model.stream(hello, never));
    expect(text).toBe('Good evening, Ada.');
    expect(parts.map((part) => part.type)).toEqual(['text', 'text', 'text', 'usage']);
    expect(parts.at(-1)).toMatchObject({
      finishReason: 'stop',
      usage: { outputTokens: 3, cachedInputTokens: 0 },
    });
  });

  test('asks nothing but the model once a probe has been there, on connections that are kept', async () => {
    await using at = await setUp();
    await at.model.probe(never);
    const before = at.server.requests.length;
    for (let turn = 0; turn < 8; turn++) await collect(at.model.stream(hello, never));
    const asked = at.server.requests.slice(before);
    expect(asked.map((request) => request.path)).toEqual(Array.from({ length: 8 }, () => '/api/chat'));
    // Two and not one: a turn may begin before the last bytes of the one before have left its connection.
    expect(at.server.connectionCount).toBeLessThanOrEqual(2);
  });

  test('keeps the model loaded in one context size, whatever the turn asks for', async () => {
    await using at = await setUp({}, { contextTokens: 6000 });
    await collect(at.model.stream(hello, never));
    await collect(at.model.stream({ ...hello, maxTokens: 7, temperature: 0.2 }, never));
    const [plain, bounded] = at.server.requestsTo('/api/chat').map((request) => request.body);
    expect(plain).toMatchObject({ keep_alive: '30m', options: { num_ctx: 6000, num_predict: 1024 } });
    expect(bounded).toMatchObject({ options: { num_ctx: 6000, num_predict: 7, temperature: 0.2 } });
  });

  test('never asks for a longer context than the model was trained for', async () => {
    const small = { name: 'tiny:latest', capabilities: ['completion'], contextLength: 2048 };
    await using at = await setUp({ models: [small] });
    await collect(at.model.stream(hello, never));
    expect(at.model.contextTokens).toBe(2048);
    expect(at.server.requestsTo('/api/chat')[0]?.body.options.num_ctx).toBe(2048);
  });

  test('stops at exactly maxTokens and says so', async () => {
    await using at = await setUp({ reply: 'one two three four five' });
    const { text, parts } = await collect(at.model.stream({ ...hello, maxTokens: 3 }, never));
    expect(text).toBe('one two three');
    expect(parts.at(-1)).toMatchObject({ finishReason: 'length', usage: { outputTokens: 3 } });
  });

  test('asks for JSON by its schema and takes what the model makes of it', async () => {
    const schema = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] };
    const request: ChatRequest = { ...hello, format: { name: 'person', schema } };
    await using at = await setUp();
    expect((await collect(at.model.stream(request, never))).text).toBe('{"name":""}');
    expect(at.server.requestsTo('/api/chat')[0]?.body.format).toEqual(schema);
    await collect(at.model.stream(hello, never));
    expect(at.server.requestsTo('/api/chat')[1]?.body).not.toHaveProperty('format');

    await using careless = await setUp({ ignoresFormat: true });
    expect((await collect(careless.model.stream(request, never))).text).toBe('Hello from the stand-in.');
  });

  test('switches thinking off in a model that can think, and says nothing about it to others', async () => {
    await using at = await setUp({ models: [thinker], reply: { text: 'Hi.', reasoning: 'Hm, a greeting.' } });
    const { text, reasoning } = await collect(at.model.stream(hello, never));
    expect({ text, reasoning }).toEqual({ text: 'Hi.', reasoning: '' });
    expect(at.server.requestsTo('/api/chat')[0]?.body.think).toBe(false);

    await using plain = await setUp();
    await collect(plain.model.stream(hello, never));
    expect(plain.server.requestsTo('/api/chat')[0]?.body).not.toHaveProperty('think');
  });

  test('delivers thoughts of a model that thinks anyway apart from its words', async () => {
    await using at = await setUp({ models: [thinker], reply: { text: 'Hi.', reasoning: 'Hm, a greeting.' } });
    await at.model.probe(never);
    // The stand-in now believes that think was not switched off.
    at.server.reply = (body) => {
      body.think = undefined;
      return { text: 'Hi.', reasoning: 'Hm, a greeting.' };
    };
    const { text, reasoning } = await collect(at.model.stream(hello, never));
    expect({ text, reasoning }).toEqual({ text: 'Hi.', reasoning: 'Hm, a greeting.' });
  });

  test('offers tools and delivers two calls of one answer, each whole', async () => {
    const toolCalls = [
      { name: 'weather', arguments: { place: 'Oslo' } },
      { name: 'weather', arguments: { place: 'Bergen' } },
    ];
    await using at = await setUp({ reply: { toolCalls } });
    const { parts } = await collect(at.model.stream({ ...hello, tools: [weather] }, never));
    const calls = parts.flatMap((part) => (part.type === 'tool-call' ? [part.call] : []));
    expect(calls.map((call) => JSON.parse(call.arguments))).toEqual([{ place: 'Oslo' }, { place: 'Bergen' }]);
    expect(new Set(calls.map((call) => call.callId)).size).toBe(2);
    expect(parts.at(-1)).toMatchObject({ type: 'usage', finishReason: 'tool-calls' });
    expect(at.server.requestsTo('/api/chat')[0]?.body.tools).toEqual([
      { type: 'function', function: weather },
    ]);
  });

  test('shows the model its own calls and the results with the names of their tools', async () => {
    await using at = await setUp();
    const call = { callId: 'call_1', name: 'weather', arguments: '{"place":"Oslo"}' };
    await collect(
      at.model.stream(
        {
          messages: [
            { role: 'system', text: 'Be brief.' },
            { role: 'user', text: 'Rain?' },
            { role: 'assistant', text: '', toolCalls: [call] },
            { role: 'tool', callId: 'call_1', name: 'weather', text: 'sunny' },
          ],
        },
        never,
      ),
    );
    expect(at.server.requestsTo('/api/chat')[0]?.body.messages).toMatchObject([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Rain?' },
      { role: 'assistant', tool_calls: [{ function: { name: 'weather', arguments: { place: 'Oslo' } } }] },
      { role: 'tool', content: 'sunny', tool_name: 'weather' },
    ]);
  });

  test('sends no tools with toolChoice none, only the named one, and none to a model that cannot call them', async () => {
    await using at = await setUp();
    const tools = [weather, { ...weather, name: 'clock' }];
    await collect(at.model.stream({ ...hello, tools, toolChoice: 'none' }, never));
    await collect(at.model.stream({ ...hello, tools, toolChoice: { name: 'clock' } }, never));
    const [none, named] = at.server.requestsTo('/api/chat').map((request) => request.body.tools);
    expect(none).toBeUndefined();
    expect(named).toMatchObject([{ function: { name: 'clock' } }]);

    await using dull = await setUp({ models: [{ name: 'dull:latest', capabilities: ['completion'] }] });
    expect((await collect(dull.model.stream({ ...hello, tools }, never))).text).toBe(
      'Hello from the stand-in.',
    );
    expect((await dull.model.probe(never)).reason).toContain('it cannot call tools');
  });

  test('warms up with the same context and one token', async () => {
    await using at = await setUp();
    await at.model.warm(hello, never);
    expect(at.server.requestsTo('/api/chat')[0]?.body).toMatchObject({
      messages: [{ role: 'user', content: 'Hello' }],
      options: { num_predict: 1, num_ctx: 8192 },
    });
  });
});

describe('an abort', () => {
  test('before the first byte closes the connection', async () => {
    await using at = await setUp();
    await at.model.probe(never);
    at.server.fault = { kind: 'stall', afterTokens: 0 };
    const abort = new AbortController();
    const asked = at.server.nextRequest('/api/chat');
    const turn = collect(at.model.stream(hello, abort.signal)).catch((error: unknown) => error);
    const request = await asked;
    abort.abort();
    expect(isAbort(await turn)).toBe(true);
    expect((await request.closed).finished).toBe(false);
  });

  test('in the middle closes its own connection and leaves a stream beside it alone', async () => {
    await using at = await setUp();
    await at.model.probe(never);
    at.server.reply = (body) =>
      body.messages[0].content === 'Hello'
        ? { text: 'one two three', fault: { kind: 'stall', afterTokens: 2 } }
        : { text: 'the other one goes on', msPerToken: 20 };
    const abort = new AbortController();
    const asked = at.server.nextRequest('/api/chat');
    const aborted = (async () => {
      let seen = 0;
      for await (const _ of at.model.stream(hello, abort.signal)) if (++seen === 2) abort.abort();
    })().catch((error: unknown) => error);
    const request = await asked;
    const other = collect(at.model.stream({ messages: [{ role: 'user', text: 'Other' }] }, never));
    expect(isAbort(await aborted)).toBe(true);
    expect((await request.closed).finished).toBe(false);
    expect((await other).text).toBe('the other one goes on');
  });

  test('is what a consumer does that stops reading', async () => {
    await using at = await setUp({ reply: { text: 'one two', fault: { kind: 'stall', afterTokens: 1 } } });
    await at.model.probe(never);
    const asked = at.server.nextRequest('/api/chat');
    for await (const _ of at.model.stream(hello, never)) break;
    expect((await (await asked).closed).finished).toBe(false);
  });

  test('that came before the turn asks nothing at all', async () => {
    await using at = await setUp();
    await expect(collect(at.model.stream(hello, AbortSignal.abort()))).rejects.toSatisfy(isAbort);
    expect(at.server.requests).toEqual([]);
  });

  test('by a deadline with a reason of its own is still told apart from a fault', async () => {
    await using at = await setUp();
    await at.model.probe(never);
    at.server.fault = { kind: 'stall', afterTokens: 0 };
    const abort = new AbortController();
    const asked = at.server.nextRequest('/api/chat');
    const turn = collect(at.model.stream(hello, abort.signal)).catch((error: unknown) => error);
    await asked;
    abort.abort(new Error('too slow'));
    expect(isAbort(await turn)).toBe(true);
  });
});

describe('a fault', () => {
  const cases: [string, Fault, string, RegExp][] = [
    [
      'an end without done',
      { kind: 'eof', afterTokens: 2 },
      'engine_failed',
      /ended its answer in the middle/,
    ],
    ['an empty answer', { kind: 'eof', afterTokens: 0 }, 'engine_failed', /ended its answer/],
    ['a reset in the middle', { kind: 'reset', afterTokens: 2 }, 'engine_failed', /closed the connection/],
    [
      'a reset before the first byte',
      { kind: 'reset', afterTokens: 0 },
      'engine_unavailable',
      /closed the conn/,
    ],
    [
      'an error line',
      { kind: 'error-line', afterTokens: 1, message: 'llama runner process has terminated' },
      'engine_failed',
      /llama runner process has terminated/,
    ],
    ['garbage', { kind: 'garbage', afterTokens: 1 }, 'engine_failed', /not JSON/],
    [
      'a 500',
      { kind: 'status', status: 500, message: 'out of memory' },
      'engine_unavailable',
      /500.*out of memory/,
    ],
    ['a 429', { kind: 'status', status: 429, message: 'busy' }, 'engine_unavailable', /429/],
    [
      'a 400',
      { kind: 'status', status: 400, message: 'invalid options' },
      'engine_failed',
      /invalid options/,
    ],
  ];
  test.each(cases)('%s says what went wrong', async (_, fault, code, message) => {
    await using at = await setUp({ reply: 'one two three' });
    await at.model.probe(never);
    at.server.fault = fault;
    const error = await collect(at.model.stream(hello, never)).catch((thrown: VivavoceError) => thrown);
    expect(error).toMatchObject({ name: 'VivavoceError', code, message: expect.stringMatching(message) });
    at.server.fault = null;
    expect((await collect(at.model.stream(hello, never))).text).toBe('one two three');
  });

  test('of a server that is not there asks whether it runs', async () => {
    const port = await freePort();
    await using model = new OllamaChatModel({ baseUrl: `http://127.0.0.1:${port}`, model: 'llama3.2' });
    await expect(collect(model.stream(hello, never))).rejects.toMatchObject({
      code: 'engine_unavailable',
      message: expect.stringMatching(`Ollama does not answer at http://127.0.0.1:${port} .*is it running`),
    });
  });

  test('of a model that went away in between says how to get it back', async () => {
    await using at = await setUp({}, { model: 'llama3.2' });
    await at.model.probe(never);
    at.server.models = [];
    await expect(collect(at.model.stream(hello, never))).rejects.toMatchObject({
      code: 'engine_failed',
      message: "model 'llama3.2' is not installed: ollama pull llama3.2",
    });
  });

  test('of a URL that is no Ollama names the setting', async () => {
    await using at = await setUp();
    await using model = new OllamaChatModel({ baseUrl: `${at.server.url}/elsewhere/`, model: null });
    await expect(model.probe(never)).rejects.toMatchObject({
      message: expect.stringContaining('OLLAMA_BASE_URL'),
    });
  });
});

describe('a probe', () => {
  test('takes the first installed model that can chat, and stays with it when another is installed', async () => {
    await using at = await setUp({ models: [embedder, thinker] });
    expect(await at.model.probe(never)).toMatchObject({
      state: 'ready',
      engine: 'ollama',
      detail: 'qwen3:latest',
    });
    at.server.models = [{ name: 'newest:latest', capabilities: ['completion'] }, embedder, thinker];
    expect((await at.model.probe(never)).detail).toBe('qwen3:latest');
    at.server.models = [{ name: 'newest:latest', capabilities: ['completion'] }];
    expect((await at.model.probe(never)).detail).toBe('newest:latest');
  });

  test('says what to do when nothing can chat', async () => {
    await using at = await setUp({ models: [embedder] });
    expect(await at.model.probe(never)).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('ollama pull'),
    });
    await using named = await setUp({ models: [embedder] }, { model: 'nomic-embed-text' });
    expect(await named.model.probe(never)).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('cannot chat'),
    });
  });

  test('pulls a missing named model, says how far it is, and is ready when it is there', async () => {
    const steps: PromiseWithResolvers<void>[] = [];
    const reached: PromiseWithResolvers<void>[] = Array.from({ length: 20 }, () =>
      Promise.withResolvers<void>(),
    );
    await using at = await setUp(
      {
        models: [],
        pulls: { 'llama3.2': { layers: [2000] } },
        pullGate: () => {
          const step = Promise.withResolvers<void>();
          steps.push(step);
          reached[steps.length - 1]?.resolve();
          return step.promise;
        },
      },
      { model: 'llama3.2', pullMissing: true },
    );
    expect(await at.model.probe(never)).toMatchObject({ state: 'starting', reason: 'pulling llama3.2' });
    // Lines: manifest, layer without bytes, 25 %, 50 %. At the fifth gate the fourth line is on its way.
    for (let line = 0; line < 4; line++) {
      await reached[line]?.promise;
      steps[line]?.resolve();
    }
    await expect
      .poll(async () => (await at.model.probe(never)).reason, { interval: 5 })
      .toBe('pulling llama3.2: 50 %');
    await expect(collect(at.model.stream(hello, never))).rejects.toMatchObject({
      code: 'engine_unavailable',
      message: 'pulling llama3.2: 50 %',
    });
    for (let line = 4; line < 8; line++) {
      await reached[line]?.promise;
      steps[line]?.resolve();
    }
    await expect.poll(async () => (await at.model.probe(never)).state, { interval: 5 }).toBe('ready');
    expect(at.server.requestsTo('/api/pull')).toHaveLength(1);
  });

  test('does not ask the registry again at once when a pull has failed', async () => {
    let nowMs = 0;
    const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, after: () => ({ [Symbol.dispose]() {} }) };
    await using at = await setUp({ models: [] }, { model: 'nonsense', pullMissing: true, clock });
    await at.model.probe(never);
    await expect.poll(async () => (await at.model.probe(never)).state, { interval: 5 }).toBe('failed');
    expect((await at.model.probe(never)).reason).toContain('file does not exist');
    expect(at.server.requestsTo('/api/pull')).toHaveLength(1);
    nowMs = 60_000;
    expect((await at.model.probe(never)).state).toBe('starting');
  });

  test('leaves a missing named model alone when pulling is not wished', async () => {
    await using at = await setUp({ models: [] }, { model: 'llama3.2' });
    expect(await at.model.probe(never)).toMatchObject({
      state: 'failed',
      reason: "model 'llama3.2' is not installed: ollama pull llama3.2",
    });
    expect(at.server.requestsTo('/api/pull')).toEqual([]);
  });
});

describe('a pull', () => {
  test('reports its bytes over all layers', async () => {
    await using at = await setUp({ models: [], pulls: { m: { layers: [400, 100] } } });
    const seen: string[] = [];
    await at.model.pull('m', (p) => seen.push(`${p.status} ${p.completedBytes}/${p.totalBytes}`), never);
    expect(seen).toContain('pulling 000000000000 200/400');
    expect(seen).toContain('pulling 000000000001 425/500');
    expect(seen.at(-1)).toBe('success 500/500');
  });

  test('that is aborted stops the download', async () => {
    const gate = Promise.withResolvers<void>();
    await using at = await setUp({
      models: [],
      pulls: { m: { layers: [400] } },
      pullGate: () => gate.promise,
    });
    const abort = new AbortController();
    const asked = at.server.nextRequest('/api/pull');
    const pull = at.model.pull('m', () => {}, abort.signal).catch((error: unknown) => error);
    const request = await asked;
    abort.abort();
    expect(isAbort(await pull)).toBe(true);
    expect((await request.closed).finished).toBe(false);
    gate.resolve();
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
