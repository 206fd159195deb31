import { describe, expect, test } from 'vitest';
import { isAbort, type VivavoceError } from '../../src/errors.ts';
import type { ChatRequest } from '../../src/llm/chat-model.ts';
import { OpenAiChatModel, type OpenAiOptions } from '../../src/llm/openai.ts';
import { collect } from '../support/collect.ts';
import { OpenAiServer, type OpenAiServerOptions } from '../support/openai-server.ts';
import type { Fault } from '../support/scripted-reply.ts';

const never = new AbortController().signal;
const hello: ChatRequest = { messages: [{ role: 'user', text: 'Hello' }] };
const weather = {
  name: 'weather',
  description: 'The weather of a place',
  parameters: { type: 'object', properties: { place: { type: 'string' } } },
};
const CHAT = '/v1/chat/completions';

async function setUp(serverOptions: OpenAiServerOptions = {}, options: Partial<OpenAiOptions> = {}) {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await new OpenAiServer(serverOptions).start());
  const model = stack.use(
    new OpenAiChatModel({ baseUrl: server.baseUrl, apiKey: null, model: 'stand-in-1', ...options }),
  );
  return { server, model, port: server.port, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

describe('a turn', () => {
  test('streams the text and ends with the usage, cached tokens apart', async () => {
    await using at = await setUp({ reply: { text: 'Good evening, Ada.', cachedTokens: 5 } });
    const { text, parts } = await collect(at.model.stream(hello, never));
    expect(text).toBe('Good evening, Ada.');
    expect(parts.map((part) => part.type)).toEqual(['text', 'text', 'text', 'usage']);
    expect(parts.at(-1)).toMatchObject({
      finishReason: 'stop',
      usage: { cachedInputTokens: 5, outputTokens: 3 },
    });
    expect(at.server.requestsTo(CHAT)[0]?.body).toMatchObject({
      stream: true,
      stream_options: { include_usage: true },
      messages: [{ role: 'user', content: 'Hello' }],
    });
  });

  test('asks nothing but the model when one is named, on connections that are kept', async () => {
    await using at = await setUp();
    for (let turn = 0; turn < 8; turn++) await collect(at.model.stream(hello, never));
    expect(at.server.requests.map((request) => request.path)).toEqual(Array.from({ length: 8 }, () => CHAT));
    expect(at.server.connectionCount).toBeLessThanOrEqual(2);
  });

  test('stops at exactly maxTokens and says so', async () => {
    await using at = await setUp({ reply: 'one two three four five' });
    const { text, parts } = await collect(
      at.model.stream({ ...hello, maxTokens: 3, temperature: 0.5 }, never),
    );
    expect(text).toBe('one two three');
    expect(parts.at(-1)).toMatchObject({ finishReason: 'length' });
    expect(at.server.requestsTo(CHAT)[0]?.body).toMatchObject({ max_tokens: 3, temperature: 0.5 });
  });

  test('estimates the usage of a server that does not count', async () => {
    await using at = await setUp({ reportsUsage: false, reply: 'twelve chars' });
    const { parts } = await collect(at.model.stream(hello, never));
    expect(parts.at(-1)).toMatchObject({ usage: { inputTokens: 6, outputTokens: 3, cachedInputTokens: 0 } });
  });

  test('keeps thoughts apart from words', async () => {
    await using at = await setUp({ reply: { text: 'Hi.', reasoning: 'A greeting, hm.' } });
    const { text, reasoning } = await collect(at.model.stream(hello, never));
    expect({ text, reasoning }).toEqual({ text: 'Hi.', reasoning: 'A greeting, hm.' });
  });

  test('puts calls together that come in pieces', async () => {
    const toolCalls = [
      { name: 'weather', arguments: { place: 'Oslo' } },
      { name: 'weather', arguments: { place: 'Bergen' } },
    ];
    await using at = await setUp({ reply: { text: 'Let me look.', toolCalls } });
    const request = { ...hello, tools: [weather], toolChoice: 'required' as const };
    const { parts, text } = await collect(at.model.stream(request, never));
    expect(text).toBe('Let me look.');
    expect(parts.filter((part) => part.type === 'tool-call').map((part) => part.call)).toEqual([
      { callId: 'call_0', name: 'weather', arguments: '{"place":"Oslo"}' },
      { callId: 'call_1', name: 'weather', arguments: '{"place":"Bergen"}' },
    ]);
    expect(parts.at(-1)).toMatchObject({ type: 'usage', finishReason: 'tool-calls' });
    expect(at.server.requestsTo(CHAT)[0]?.body).toMatchObject({
      tools: [{ type: 'function', function: weather }],
      tool_choice: 'required',
    });
  });

  test('drops a call whose arguments were cut off', async () => {
    await using at = await setUp({
      reply: { toolCalls: [{ name: 'weather', arguments: { place: 'Oslo' } }] },
    });
    const { parts } = await collect(at.model.stream({ ...hello, tools: [weather], maxTokens: 2 }, never));
    expect(parts).toMatchObject([{ type: 'usage', finishReason: 'length' }]);
  });

  test('names the one tool that has to be called, and shows calls and results', async () => {
    await using at = await setUp();
    const call = { callId: 'call_1', name: 'weather', arguments: '{"place":"Oslo"}' };
    const messages = [
      { role: 'user', text: 'Rain?' },
      { role: 'assistant', text: '', toolCalls: [call, { ...call, callId: 'call_2', arguments: 'Oslo?' }] },
      { role: 'tool', callId: 'call_1', name: 'weather', text: 'sunny' },
    ] as const;
    await collect(at.model.stream({ messages, tools: [weather], toolChoice: { name: 'weather' } }, never));
    const { body } = at.server.requestsTo(CHAT)[0] ?? {};
    expect(body.tool_choice).toEqual({ type: 'function', function: { name: 'weather' } });
    expect(body.messages[1].tool_calls).toMatchObject([
      { id: 'call_1', function: { name: 'weather', arguments: '{"place":"Oslo"}' } },
      // Malformed arguments have to be an object again; the model sees what it wrote.
      { id: 'call_2', function: { arguments: '{"malformed":"Oslo?"}' } },
    ]);
    expect(body.messages[2]).toMatchObject({ role: 'tool', tool_call_id: 'call_1', content: 'sunny' });
  });

  test('sends the key, and none at all to a server that wants none', async () => {
    await using keyed = await setUp({ apiKey: 'sk-1' }, { apiKey: 'sk-1' });
    expect((await collect(keyed.model.stream(hello, never))).text).toBe('Hello from the stand-in.');
    await using open = await setUp();
    await collect(open.model.stream(hello, never));
    expect(open.server.requestsTo(CHAT)[0]?.headers).not.toHaveProperty('authorization');
  });
});

describe('an answer in JSON', () => {
  const request: ChatRequest = {
    messages: [{ role: 'user', text: 'Answer in JSON.' }],
    format: {
      name: 'colours',
      schema: {
        type: 'object',
        properties: { colours: { type: 'array', items: { type: 'string' } } },
        required: ['colours'],
        additionalProperties: false,
      },
    },
  };
  const formatsAsked = (server: OpenAiServer) =>
    server.requestsTo(CHAT).map(({ body }) => body.response_format?.type ?? 'none');

  test('is asked for by its schema, and a turn without one asks for nothing', async () => {
    await using at = await setUp({ reply: 'Red, I think.' });
    expect((await collect(at.model.stream(request, never))).text).toBe('{"colours":[]}');
    expect(at.server.requestsTo(CHAT)[0]?.body.response_format).toEqual({
      type: 'json_schema',
      json_schema: { ...request.format, strict: true },
    });
    await collect(at.model.stream(hello, never));
    expect(at.server.requestsTo(CHAT)[1]?.body).not.toHaveProperty('response_format');
  });

  test('may be anything at a server that does not look at the format', async () => {
    await using at = await setUp({ reply: 'Red, I think.', ignoresFormat: true });
    expect((await collect(at.model.stream(request, never))).text).toBe('Red, I think.');
  });

  test('is asked for less exactly where schemas are refused, and the server is not tried twice', async () => {
    await using at = await setUp({ reply: '{"colours":["red"]}', refusesFormats: ['json_schema'] });
    for (let call = 0; call < 2; call++) {
      expect((await collect(at.model.stream(request, never))).text).toBe('{"colours":["red"]}');
    }
    expect(formatsAsked(at.server)).toEqual(['json_schema', 'json_object', 'json_object']);
  });

  test('is left to the prompt where every format is refused', async () => {
    await using at = await setUp({ reply: 'Red.', refusesFormats: ['json_schema', 'json_object'] });
    expect((await collect(at.model.stream(request, never))).text).toBe('Red.');
    expect(formatsAsked(at.server)).toEqual(['json_schema', 'json_object', 'none']);
  });

  test('is not asked for again when something else is wrong with the request', async () => {
    await using at = await setUp();
    at.server.fault = { kind: 'status', status: 400, message: 'maximum context length is 512 tokens' };
    await expect(collect(at.model.stream(request, never))).rejects.toThrow('maximum context length');
    at.server.fault = null;
    await collect(at.model.stream(request, never));
    expect(formatsAsked(at.server)).toEqual(['json_schema', 'json_schema']);
  });
});

describe('an abort', () => {
  test('before the first byte closes the connection', async () => {
    await using at = await setUp();
    at.server.fault = { kind: 'stall', afterTokens: 0 };
    const abort = new AbortController();
    const asked = at.server.nextRequest(CHAT);
    const turn = collect(at.model.stream(hello, abort.signal)).catch((error: unknown) => error);
    const request = await asked;
    abort.abort();
    expect(isAbort(await turn)).toBe(true);
    expect((await request.closed).finished).toBe(false);
  });

  test('in the middle closes its own connection and leaves a stream beside it alone', async () => {
    await using at = await setUp();
    at.server.reply = (body) =>
      body.messages[0].content === 'Hello'
        ? { text: 'one two three', fault: { kind: 'stall', afterTokens: 2 } }
        : { text: 'the other one goes on', msPerToken: 20 };
    const abort = new AbortController();
    const asked = at.server.nextRequest(CHAT);
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
    const asked = at.server.nextRequest(CHAT);
    for await (const _ of at.model.stream(hello, never)) break;
    expect((await (await asked).closed).finished).toBe(false);
  });
});

describe('a fault', () => {
  const cases: [string, Fault, string, RegExp][] = [
    [
      'an end without a finish',
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
      'an error event',
      { kind: 'error-line', afterTokens: 1, message: 'CUDA error' },
      'engine_failed',
      /CUDA error/,
    ],
    ['garbage', { kind: 'garbage', afterTokens: 1 }, 'engine_failed', /malformed/],
    ['a 500', { kind: 'status', status: 500, message: 'oops' }, 'engine_unavailable', /500.*oops/],
    ['a 429', { kind: 'status', status: 429, message: 'slow down' }, 'engine_unavailable', /429.*slow down/],
    ['a 504', { kind: 'status', status: 504, message: 'late' }, 'engine_timeout', /504/],
    [
      'a 400',
      { kind: 'status', status: 400, message: 'context too long' },
      'engine_failed',
      /context too long/,
    ],
  ];
  test.each(cases)('%s says what went wrong and is not retried here', async (_, fault, code, message) => {
    await using at = await setUp({ reply: 'one two three' });
    at.server.fault = fault;
    const error = await collect(at.model.stream(hello, never)).catch((thrown: VivavoceError) => thrown);
    expect(error).toMatchObject({ name: 'VivavoceError', code, message: expect.stringMatching(message) });
    expect(at.server.requestsTo(CHAT)).toHaveLength(1);
    at.server.fault = null;
    expect((await collect(at.model.stream(hello, never))).text).toBe('one two three');
  });

  test('of a wrong or missing key names the setting and the server', async () => {
    await using wrong = await setUp({ apiKey: 'sk-1' }, { apiKey: 'sk-2' });
    await expect(collect(wrong.model.stream(hello, never))).rejects.toMatchObject({
      code: 'engine_failed',
      message: expect.stringContaining(`OPENAI_API_KEY is refused by ${wrong.server.baseUrl}`),
    });
    await using missing = await setUp({ apiKey: 'sk-1' });
    await expect(missing.model.probe(never)).rejects.toMatchObject({
      message: expect.stringContaining(`${missing.server.baseUrl} wants a key: set OPENAI_API_KEY`),
    });
  });

  test('of a server that is not there asks whether it runs', async () => {
    const gone = await setUp();
    await gone[Symbol.asyncDispose]();
    const baseUrl = `http://127.0.0.1:${gone.port}/v1`;
    await using model = new OpenAiChatModel({ baseUrl, apiKey: null, model: 'x' });
    await expect(collect(model.stream(hello, never))).rejects.toMatchObject({
      code: 'engine_unavailable',
      message: expect.stringMatching(/does not answer at .*is it running/),
    });
  });
});

describe('a probe', () => {
  test('takes the named model, else the first, and the context that the server allows', async () => {
    await using at = await setUp({ models: ['a', 'b'], maxModelLen: 4096 }, { model: null });
    expect(await at.model.probe(never)).toMatchObject({ state: 'ready', engine: 'openai', detail: 'a' });
    expect(at.model).toMatchObject({ model: 'a', contextTokens: 4096 });
    await using named = await setUp({ models: ['a', 'b'] }, { model: 'b' });
    expect(await named.model.probe(never)).toMatchObject({ state: 'ready', detail: 'b' });
  });

  test('is run by a turn that comes before it when no model is named', async () => {
    await using at = await setUp({}, { model: null });
    expect((await collect(at.model.stream(hello, never))).text).toBe('Hello from the stand-in.');
    expect(at.server.requests.map((request) => request.path)).toEqual(['/v1/models', CHAT]);
  });

  test('tells of a named model that is not listed, and of a server without any', async () => {
    await using at = await setUp({}, { model: 'other' });
    expect(await at.model.probe(never)).toMatchObject({
      state: 'degraded',
      reason: `${at.server.baseUrl} does not list OPENAI_MODEL 'other'; it lists stand-in-1`,
    });
    await using empty = await setUp({ models: [] }, { model: null });
    expect(await empty.model.probe(never)).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('lists no model'),
    });
    await expect(collect(empty.model.stream(hello, never))).rejects.toMatchObject({ code: 'engine_failed' });
  });
});
