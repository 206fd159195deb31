import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { chatCompletion, chatCompletionChunk } from '../../src/protocol/rest-chat.ts';
import { RealtimeClient, type WireEvent } from '../support/realtime-client.ts';
import { RestClient } from '../support/rest-client.ts';
import { RunningApp } from '../support/running-app.ts';
import { untimedClock } from '../support/untimed-clock.ts';

const PATH = '/v1/chat/completions';
const HELLO = 'Hello from the stand-in.';

let app: RunningApp;
let rest: RestClient;

beforeAll(async () => {
  app = await RunningApp.start({ clock: untimedClock });
  rest = new RestClient(app.url);
});
afterAll(() => app[Symbol.asyncDispose]());
afterEach(() => {
  app.ollama.fault = null;
  app.ollama.reply = HELLO;
});

const user = (content: string) => ({ role: 'user', content });
const ask = (content: string, fields: object = {}) =>
  rest.post(PATH, { messages: [user(content)], ...fields });

/** The `data:` lines of a stream as they come; JSON is parsed. */
async function* eventsOf(response: Response): AsyncGenerator<WireEvent> {
  let rest = '';
  for await (const chunk of (response.body as ReadableStream<Uint8Array>).pipeThrough(
    new TextDecoderStream(),
  )) {
    rest += chunk;
    for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
      const event = rest.slice(0, end);
      rest = rest.slice(end + 2);
      expect(event).toMatch(/^data: /);
      const data = event.slice('data: '.length);
      yield data === '[DONE]' ? data : JSON.parse(data);
    }
  }
  expect(rest).toBe('');
}

async function streamed(content: string, fields: object = {}) {
  const response = await rest.open('POST', PATH, { messages: [user(content)], stream: true, ...fields });
  return { response, events: await Array.fromAsync(eventsOf(response)) };
}

async function stored(query: string): Promise<{ id: string; items: WireEvent[] }[]> {
  const { body } = await rest.get(`/v1/conversations?${query}`);
  return await Promise.all(
    body.data.map(async ({ id }: { id: string }) => {
      const page = await rest.get(`/v1/conversations/${id}/items?order=asc&${query}`);
      return { id, items: page.body.data };
    }),
  );
}

const wordsOf = (items: WireEvent[]) => items.map(({ role, content }) => `${role}: ${content[0].text}`);

describe('the answer', () => {
  test('as a whole has the shape that clients know, with the usage of the model', async () => {
    const { status, body } = await ask('Hello?', { model: 'whatever' });
    expect(status).toBe(200);
    expect(chatCompletion.parse(body)).toEqual(body);
    expect(body).toMatchObject({
      id: expect.stringMatching(/^chatcmpl_/),
      object: 'chat.completion',
      model: 'whatever',
      choices: [{ index: 0, message: { role: 'assistant', content: HELLO }, finish_reason: 'stop' }],
    });
    const { prompt_tokens, completion_tokens, total_tokens } = body.usage;
    expect(completion_tokens).toBe(4);
    expect(total_tokens).toBe(prompt_tokens + completion_tokens);
    expect(Math.abs(body.created - Date.now() / 1000)).toBeLessThan(60);
  });

  test('as a stream is chunks of one id, the role first and the reason last, then [DONE]', async () => {
    const { response, events } = await streamed('Hello?');
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(response.headers.get('cache-control')).toBe('no-cache');
    expect(events.pop()).toBe('[DONE]');
    for (const chunk of events) expect(chatCompletionChunk.parse(chunk)).toEqual(chunk);
    expect(new Set(events.map(({ id }) => id)).size).toBe(1);
    expect(events.map(({ choices }) => choices[0].delta.role)).toEqual(['assistant', ...Array(4)]);
    expect(events.map(({ choices }) => choices[0].delta.content ?? '').join('')).toBe(HELLO);
    expect(events.map(({ choices }) => choices[0].finish_reason)).toEqual([null, null, null, null, 'stop']);
    expect(events.some((chunk) => 'usage' in chunk)).toBe(false);
  });

  test('as a stream ends with the usage when it is asked for', async () => {
    const { events } = await streamed('Hello?', { stream_options: { include_usage: true } });
    expect(events.at(-1)).toBe('[DONE]');
    expect(events.at(-2)).toMatchObject({ choices: [], usage: { completion_tokens: 4 } });
    expect(events.slice(0, -2).every(({ usage }) => usage === null)).toBe(true);
  });

  test('comes word by word: the first is there while the model still writes', async () => {
    app.ollama.fault = { kind: 'stall', afterTokens: 2 };
    const leave = new AbortController();
    const response = await rest.open(
      'POST',
      PATH,
      { messages: [user('Slowly, please.')], stream: true },
      { signal: leave.signal },
    );
    const events = eventsOf(response);
    const words = [await events.next(), await events.next()];
    expect(words.map(({ value }) => value.choices[0].delta.content)).toEqual(['Hello', ' from']);
    leave.abort();
    await expect(events.next()).rejects.toThrow(/abort/i);
    expect((await (await app.asked('Slowly, please.')).closed).finished).toBe(false);
  });

  test('that was cut at max_tokens says so', async () => {
    const { body } = await ask('Hello?', { max_tokens: 2 });
    expect(body.choices[0]).toMatchObject({ message: { content: 'Hello from' }, finish_reason: 'length' });
    const { events } = await streamed('Hello?', { max_completion_tokens: 2 });
    expect(events.at(-2).choices[0].finish_reason).toBe('length');
  });

  test('can be a call of a tool, whole and streamed; its output goes back to the model', async () => {
    const tools = [
      { type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: {} } } },
    ];
    app.ollama.reply = { toolCalls: [{ name: 'weather', arguments: { city: 'Graz' } }] };
    const { body } = await ask('How is the weather?', { tools });
    const { message, finish_reason } = body.choices[0];
    expect(finish_reason).toBe('tool_calls');
    expect(message.content).toBeNull();
    expect(message.tool_calls).toEqual([
      {
        id: expect.any(String),
        type: 'function',
        function: { name: 'weather', arguments: '{"city":"Graz"}' },
      },
    ]);
    expect((await app.asked('How is the weather?')).body.tools[0].function.name).toBe('weather');

    const { events } = await streamed('How is the weather?', { tools });
    expect(events[0].choices[0].delta.tool_calls).toEqual([
      { index: 0, ...message.tool_calls[0], id: expect.any(String) },
    ]);
    expect(events.at(-2).choices[0].finish_reason).toBe('tool_calls');

    app.ollama.reply = 'It rains.';
    const [call] = message.tool_calls;
    const output = { role: 'tool', tool_call_id: call.id, content: 'rain in Graz' };
    const answered = await rest.post(PATH, {
      messages: [user('How is the weather?'), message, output],
      tools,
    });
    expect(answered.body.choices[0].message.content).toBe('It rains.');
    expect(
      (await app.asked('rain in Graz')).body.messages.map(({ role }: { role: string }) => role),
    ).toContain('tool');
  });
});

describe('the prompt', () => {
  const systemOf = async (words: string) => (await app.asked(words)).body.messages[0];

  test('begins with the persona of the agent when the client has none', async () => {
    await ask('Who are you?');
    expect(await systemOf('Who are you?')).toEqual({
      role: 'system',
      content: expect.stringContaining('Vivavoce'),
    });
  });

  test('begins with the system message of the client instead when it has one', async () => {
    const messages = [{ role: 'system', content: 'You are a pirate.' }, user('Who are you really?')];
    await rest.post(PATH, { messages });
    const { body } = await app.asked('Who are you really?');
    expect(body.messages[0]).toEqual({ role: 'system', content: 'You are a pirate.' });
    expect(JSON.stringify(body.messages)).not.toContain('Vivavoce');
  });

  test('joins the parts of a message and keeps the order of the chat', async () => {
    const parts = [
      { type: 'text', text: 'first half, ' },
      { type: 'text', text: 'second half' },
    ];
    await rest.post(PATH, {
      messages: [user('one'), { role: 'assistant', content: 'two' }, { role: 'user', content: parts }],
    });
    const { body } = await app.asked('first half, second half');
    const chat = body.messages.filter(({ role }: { role: string }) => role !== 'system');
    expect(chat.map(({ content }: { content: string }) => content)).toEqual([
      'one',
      'two',
      'first half, second half',
    ]);
  });
});

describe('what is kept', () => {
  test('is nothing by default', async () => {
    await ask('Forget this.', { user: 'forgotten' });
    await streamed('Forget this.', { user: 'forgotten' });
    expect(await stored('user=forgotten')).toEqual([]);
  });

  test.each([
    ['whole', {}],
    ['streamed', { stream: true }],
  ])('with store: true is the last user message and the reply, once for the same request (%s)', async (how, fields) => {
    const messages = [user('Hi.'), { role: 'assistant', content: 'Hi!' }, user('What now?')];
    const request = { messages, store: true, safety_identifier: `keeper-${how}`, ...fields };
    for (const _ of Array(3)) {
      const response = await rest.open('POST', PATH, request);
      expect(response.status).toBe(200);
      await response.text();
    }
    const [conversation, ...others] = await stored(`user=keeper-${how}`);
    expect(others).toEqual([]);
    expect(wordsOf(conversation?.items ?? [])).toEqual(['user: What now?', `assistant: ${HELLO}`]);
    expect(conversation?.items.every(({ status }) => status === 'completed')).toBe(true);
  });

  test('is stored once when the same request comes twice at the same time', async () => {
    const fields = { store: true, user: 'impatient' };
    await Promise.all([ask('Hurry.', fields), streamed('Hurry.', fields), ask('Hurry.', fields)]);
    const [conversation, ...others] = await stored('user=impatient');
    expect(others).toEqual([]);
    expect(wordsOf(conversation?.items ?? [])).toEqual(['user: Hurry.', `assistant: ${HELLO}`]);
  });

  test('of a chat that goes on is one conversation, with the same words said again as new ones', async () => {
    const messages: object[] = [];
    for (const words of ['Knock knock.', 'Again.', 'Again.']) {
      messages.push(user(words));
      await rest.post(PATH, { messages, store: true, user: 'joker' });
      messages.push({ role: 'assistant', content: HELLO });
    }
    const [conversation, ...others] = await stored('user=joker');
    expect(others).toEqual([]);
    expect(wordsOf(conversation?.items ?? []).filter((words) => words.startsWith('user'))).toEqual([
      'user: Knock knock.',
      'user: Again.',
      'user: Again.',
    ]);
  });

  test('with metadata.conversation_id goes into that conversation, which a socket can open', async () => {
    const { body: made } = await rest.post('/v1/conversations');
    await ask('My cat is called Miez.', { metadata: { conversation_id: made.id } });
    await using client = await RealtimeClient.connect(app.url, { query: { conversation: made.id } });
    await client.turn('What is my cat called?');
    const { body } = await app.asked('What is my cat called?');
    expect(JSON.stringify(body.messages)).toContain('My cat is called Miez.');
    const { body: page } = await rest.get(`/v1/conversations/${made.id}/items?order=asc`);
    expect(wordsOf(page.data)[0]).toBe('user: My cat is called Miez.');
  });

  test('with a conversation_id that is new begins it under this name', async () => {
    await ask('Hello.', { metadata: { conversation_id: 'my-own-name' } });
    const { body } = await rest.get('/v1/conversations/my-own-name/items?order=asc');
    expect(wordsOf(body.data)).toEqual(['user: Hello.', `assistant: ${HELLO}`]);
  });

  test.each([
    [true],
    [false],
  ])('with the conversation_id of somebody else is refused (stream: %s)', async (stream) => {
    const metadata = { conversation_id: `taken-${stream}` };
    await ask('Hello.', { metadata, user: 'first' });
    const { status, body } = await ask('Let me in.', { metadata, user: 'second', stream });
    expect({ status, code: body.error.code }).toEqual({ status: 409, code: 'conflict' });
    expect(await stored('user=second')).toEqual([]);
  });

  test('of an answer that was cut off is what there was, and the whole one when the client asks again', async () => {
    app.ollama.fault = { kind: 'error-line', afterTokens: 2, message: 'the model is tired' };
    const { events } = await streamed('Tell me.', { store: true, user: 'patient' });
    expect(events.at(-1)).toHaveProperty('error');
    const [cut] = await stored('user=patient');
    expect(cut?.items[1]).toMatchObject({
      status: 'incomplete',
      content: [{ text: expect.stringMatching(/^Hello/) }],
    });

    app.ollama.fault = null;
    await streamed('Tell me.', { store: true, user: 'patient' });
    const [whole] = await stored('user=patient');
    expect(wordsOf(whole?.items ?? [])).toEqual(['user: Tell me.', `assistant: ${HELLO}`]);
    expect(whole?.items[1].status).toBe('completed');
  });

  test('of an answer that the client left is what it got', async () => {
    app.ollama.fault = { kind: 'stall', afterTokens: 2 };
    const leave = new AbortController();
    const request = { messages: [user('I may leave.')], stream: true, store: true, user: 'leaver' };
    const response = await rest.open('POST', PATH, request, { signal: leave.signal });
    const events = eventsOf(response);
    await events.next();
    await events.next();
    leave.abort();
    await expect(events.next()).rejects.toThrow(/abort/i);
    await (await app.asked('I may leave.')).closed;
    const [conversation] = await stored('user=leaver');
    expect(conversation?.items).toMatchObject([
      { role: 'user', status: 'completed' },
      { role: 'assistant', status: 'incomplete', content: [{ text: 'Hello from' }] },
    ]);
  });
});

describe('a client that leaves', () => {
  test.each([[true], [false]])('closes the connection of the model (stream: %s)', async (stream) => {
    app.ollama.fault = { kind: 'stall', afterTokens: 0 };
    const leave = new AbortController();
    const words = `Never mind (${stream}).`;
    const request = rest.open('POST', PATH, { messages: [user(words)], stream }, { signal: leave.signal });
    const asked = await app.asked(words);
    leave.abort();
    await expect(request).rejects.toThrow(/abort/i);
    expect((await asked.closed).finished).toBe(false);
  });
});

describe('a model that fails', () => {
  // An app for each: a breaker that has seen too much answers for the engine, and what is asked again counts twice.
  let own: RunningApp;
  beforeEach(async () => {
    own = await RunningApp.start();
  });
  afterEach(() => own[Symbol.asyncDispose]());

  test.each([
    ['refuses', { kind: 'status', status: 500, message: 'out of memory' }, 503, 'engine_unavailable'],
    ['complains', { kind: 'error-line', afterTokens: 0, message: 'model is sad' }, 502, 'engine_failed'],
  ] as const)('that %s before the first byte is an error in JSON, streamed or not', async (_how, fault, status, code) => {
    own.ollama.fault = fault;
    for (const stream of [false, true]) {
      const answer = await new RestClient(own.url).post(PATH, { messages: [user('Hello?')], stream });
      expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
      expect(answer.status).toBe(status);
      expect(answer.body.error).toEqual({
        message: expect.stringMatching(/ollama|model is sad/i),
        type: 'server_error',
        code,
        param: null,
      });
    }
  });

  test('that is not there at all is 503', async () => {
    await own.ollama[Symbol.asyncDispose]();
    const { status, body } = await new RestClient(own.url).post(PATH, { messages: [user('Hello?')] });
    expect(status).toBe(503);
    expect(body.error).toMatchObject({
      type: 'server_error',
      message: expect.stringContaining('is it running?'),
    });
  });

  test('after the first byte is an error event in the stream, and no [DONE]', async () => {
    app.ollama.fault = { kind: 'error-line', afterTokens: 2, message: 'the model is tired' };
    const { response, events } = await streamed('Hello?');
    expect(response.status).toBe(200);
    expect(events.at(-1)).toEqual({
      error: {
        message: expect.stringContaining('tired'),
        type: 'server_error',
        code: 'engine_failed',
        param: null,
      },
    });
    expect(events).not.toContain('[DONE]');
  });
});

describe('a request that cannot be answered is 400 with the field at fault:', () => {
  test.each([
    [{}, 'messages'],
    [{ messages: [] }, 'messages'],
    [{ messages: 'hello' }, 'messages'],
    [{ messages: [{ role: 'robot', content: 'x' }] }, 'messages.0.role'],
    [{ messages: [{ role: 'user' }] }, 'messages.0.content'],
    [{ messages: [user('x')], temperature: 9 }, 'temperature'],
    [{ messages: [user('x')], max_tokens: 0 }, 'max_tokens'],
    [{ messages: [user('x')], tool_choice: 'maybe' }, 'tool_choice'],
    [
      { messages: [user('x'), { role: 'tool', tool_call_id: 'call_0', content: 'x' }] },
      'messages.1.tool_call_id',
    ],
    [
      {
        messages: [
          { role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://a.example/b.png' } }] },
        ],
      },
      'messages.0.content',
    ],
    [{ messages: [{ role: 'system', content: 'x' }], store: true }, 'messages'],
    [{ messages: [user('x')], store: true, user: 'x\u0000' }, 'user'],
  ])('%j', async (request, param) => {
    const { status, body } = await rest.post(PATH, request);
    expect({ status, param: body.error.param }).toEqual({ status: 400, param });
    expect(body.error).toMatchObject({ type: 'invalid_request_error', code: 'invalid_request' });
  });
});
