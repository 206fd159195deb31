import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { RealtimeClient, type WireEvent } from '../support/realtime-client.ts';
import { RestClient } from '../support/rest-client.ts';
import { RunningApp } from '../support/running-app.ts';
import { untimedClock } from '../support/untimed-clock.ts';

let app: RunningApp;
let rest: RestClient;

beforeAll(async () => {
  app = await RunningApp.start({ clock: untimedClock });
  rest = new RestClient(app.url);
});
afterAll(() => app[Symbol.asyncDispose]());
afterEach(() => {
  app.ollama.fault = null;
  app.ollama.reply = 'Hello from the stand-in.';
});

const connect = (query: Record<string, string> = {}) => RealtimeClient.connect(app.url, { query });

async function items(conversationId: string): Promise<WireEvent[]> {
  const { body } = await rest.get(`/v1/conversations/${conversationId}/items?order=asc`);
  return body.data;
}

/** The connection still takes a whole turn. */
async function expectAlive(client: RealtimeClient): Promise<void> {
  expect((await client.turn('Are you still there?')).response.status).toBe('completed');
}

describe('one wrong event is one error, and the connection goes on:', () => {
  const item = (fields: object) => ({ type: 'conversation.item.create', event_id: 'e1', item: fields });
  const userMessage = (content: unknown) => item({ type: 'message', role: 'user', content });
  const cases: [string, object | string | Buffer, object][] = [
    ['JSON that is cut off', '{"type":"response.crea', { code: 'invalid_event' }],
    ['an empty frame', '', { code: 'invalid_event' }],
    ['a list', '[]', { code: 'invalid_event' }],
    ['a word', '"response.create"', { code: 'invalid_event' }],
    ['no type', { event_id: 'e1' }, { code: 'invalid_event', param: 'type', event_id: 'e1' }],
    ['a number for a type', { type: 7 }, { code: 'invalid_event', param: 'type' }],
    [
      'an unknown type',
      { type: 'response.sing', event_id: 'e1' },
      { code: 'unknown_event', param: 'type', event_id: 'e1' },
    ],
    [
      'a field of the wrong type',
      {
        type: 'session.update',
        event_id: 'e1',
        session: { type: 'realtime', audio: { output: { speed: 'fast' } } },
      },
      { code: 'invalid_value', param: 'session.audio.output.speed', event_id: 'e1' },
    ],
    [
      'a missing field',
      { type: 'conversation.item.delete', event_id: 'e1' },
      { code: 'missing_required_parameter', param: 'item_id', event_id: 'e1' },
    ],
    [
      'an unknown role',
      item({ type: 'message', role: 'robot', content: [] }),
      { code: 'invalid_value', param: 'item.role' },
    ],
    ['a number as text', userMessage([{ type: 'input_text', text: 5 }]), { param: 'item.content[0].text' }],
    [
      'a message without parts',
      userMessage([]),
      { code: 'invalid_request', param: 'item.content', event_id: 'e1' },
    ],
    ['a message of blanks', userMessage([{ type: 'input_text', text: ' \n' }]), { param: 'item.content' }],
    [
      'a text of more than a million characters',
      userMessage([{ type: 'input_text', text: 'x'.repeat(1_000_001) }]),
      { code: 'invalid_value', param: 'item.content[0].text' },
    ],
    [
      'an id that is too long',
      item({
        id: 'x'.repeat(257),
        type: 'message',
        role: 'user',
        content: [{ type: 'input_text', text: 'x' }],
      }),
      { param: 'item.id' },
    ],
    [
      'an empty id',
      item({ id: '', type: 'message', role: 'user', content: [{ type: 'input_text', text: 'x' }] }),
      { param: 'item.id' },
    ],
    [
      'an id with NUL',
      item({ id: 'a\0b', type: 'message', role: 'user', content: [{ type: 'input_text', text: 'x' }] }),
      { param: 'item.id' },
    ],
    [
      'half a character for an id',
      `{"type":"conversation.item.create","item":{"id":"\\ud800","type":"message","role":"user","content":[{"type":"input_text","text":"x"}]}}`,
      { param: 'item.id' },
    ],
    [
      'to retrieve what is not there',
      { type: 'conversation.item.retrieve', event_id: 'e1', item_id: 'item_0' },
      { code: 'item_retrieve_invalid_item_id', param: 'item_id', event_id: 'e1' },
    ],
    [
      'to delete what is not there',
      { type: 'conversation.item.delete', event_id: 'e1', item_id: 'item_0' },
      { code: 'item_delete_invalid_item_id', param: 'item_id', event_id: 'e1' },
    ],
    [
      'to truncate what is not there',
      {
        type: 'conversation.item.truncate',
        event_id: 'e1',
        item_id: 'item_0',
        content_index: 0,
        audio_end_ms: 5,
      },
      { code: 'item_truncate_invalid_item_id', param: 'item_id', event_id: 'e1' },
    ],
    [
      'an item behind one that is not there',
      { ...userMessage([{ type: 'input_text', text: 'x' }]), previous_item_id: 'item_0' },
      { code: 'not_found', param: 'previous_item_id', event_id: 'e1' },
    ],
    [
      'a reference to what is not there',
      {
        type: 'response.create',
        event_id: 'e1',
        response: { input: [{ type: 'item_reference', id: 'item_0' }] },
      },
      { code: 'not_found', param: 'response.input[0].id', event_id: 'e1' },
    ],
    [
      'metadata with a key that is too long',
      { type: 'response.create', response: { metadata: { ['k'.repeat(65)]: 'v' } } },
      { code: 'invalid_value' },
    ],
    [
      'metadata that is no text',
      { type: 'response.create', response: { metadata: { k: 1 } } },
      { code: 'invalid_value', param: 'response.metadata.k' },
    ],
    [
      'a cancel of nothing',
      { type: 'response.cancel', event_id: 'e1' },
      { code: 'response_cancel_not_active', event_id: 'e1' },
    ],
    [
      'a commit of nothing',
      { type: 'input_audio_buffer.commit', event_id: 'e1' },
      { code: 'input_audio_buffer_commit_empty', event_id: 'e1' },
    ],
    [
      'audio that nobody can hear',
      { type: 'input_audio_buffer.append', event_id: 'e1', audio: 'AAAA' },
      { code: 'input_audio_unavailable', param: 'audio', event_id: 'e1' },
    ],
    [
      'a session of an unknown kind',
      { type: 'session.update', event_id: 'e1', session: { type: 'telepathy' } },
      { code: 'invalid_value', param: 'session.type', event_id: 'e1' },
    ],
    [
      'a binary frame',
      Buffer.from('{"type":"response.create"}'),
      { code: 'invalid_event', message: expect.stringContaining('text') },
    ],
    ['bytes', randomBytes(1_000), { code: 'invalid_event', message: expect.stringContaining('text') }],
    [
      'hostile depth',
      `{"type":"session.update","session":{"type":"realtime","tracing":${'['.repeat(9_000)}${']'.repeat(9_000)}}}`,
      { code: 'invalid_value', param: 'session.tracing' },
    ],
  ];

  test.each(cases)('%s', async (_name, event, expected) => {
    await using client = await connect();
    client.send(event);
    client.send({ type: 'input_audio_buffer.clear' });
    await client.next('input_audio_buffer.cleared');
    expect(client.all('error')).toEqual([
      {
        type: 'error',
        event_id: expect.stringMatching(/^event_/),
        error: expect.objectContaining({
          type: 'invalid_request_error',
          code: expect.any(String),
          message: expect.stringMatching(/\w{3,}/),
          ...expected,
        }),
      },
    ]);
    // What was refused was not announced as an item either.
    expect(client.types()).not.toContain('conversation.item.added');
  });
});

test('after all of these a turn works, on the same connection', async () => {
  await using client = await connect();
  for (const frame of ['{', '[]', '{"type":"x"}', Buffer.from([0, 1]), { type: 'response.cancel' }])
    client.send(frame);
  await expectAlive(client);
  expect(client.all('error')).toHaveLength(5);
});

test('text that is no UTF-8 closes this connection, as WebSocket demands, and no other', async () => {
  await using other = await connect();
  await using client = await connect();
  client.socket.on('error', () => undefined);
  client.socket.send(Buffer.from([0xff, 0xfe]), { binary: false });
  expect((await client.closed).code).toBe(1007);
  await expectAlive(other);
});

test('a hundred pieces of junk in a row are a hundred errors, and then a turn works', async () => {
  await using client = await connect();
  await using other = await connect();
  for (let n = 0; n < 100; n++) client.send(n % 2 === 0 ? `{"type":"junk.${n}"}` : `junk ${n}`);
  await expectAlive(other);
  await expectAlive(client);
  expect(client.all('error')).toHaveLength(100);
  expect(new Set(client.events.map(({ event_id }) => event_id)).size).toBe(client.events.length);
});

test('10,000 of them are no client: it is told the first hundred, and why it is closed', async () => {
  await using client = await connect();
  await using other = await connect();
  for (let n = 0; n < 10_000; n++) client.send(`junk ${n}`);
  expect(await client.closed).toEqual({
    code: 1008,
    reason: expect.stringContaining('not of this protocol'),
  });
  expect(client.all('error').length).toBeLessThanOrEqual(101);
  await expectAlive(other);
});

test('fifty frames of audio a second that nobody can hear are one error, not fifty', async () => {
  await using client = await connect();
  for (let n = 0; n < 50; n++) client.send({ type: 'input_audio_buffer.append', audio: 'AAAA' });
  await expectAlive(client);
  expect(client.all('error')).toHaveLength(1);
});

test('a frame of 20 MiB closes with 1009; others go on, and the turn that was running is kept', async () => {
  await using other = await connect();
  await using client = await connect();
  const { conversation } = await client.next('conversation.created');
  app.ollama.reply = 'One two three four five six.';
  app.ollama.fault = { kind: 'stall', afterTokens: 3 };
  client.say('Count, please.');
  await client.next('response.output_text.delta', ({ delta }) => delta.includes('three'));
  const asked = await app.asked('Count, please.');
  app.ollama.fault = null;

  client.send({ type: 'input_audio_buffer.append', audio: 'A'.repeat(20 * 1024 * 1024) });
  expect((await client.closed).code).toBe(1009);
  expect((await asked.closed).finished).toBe(false);
  await expectAlive(other);
  expect(await items(conversation.id)).toMatchObject([
    { role: 'user', status: 'completed', content: [{ text: 'Count, please.' }] },
    { role: 'assistant', status: 'incomplete', content: [{ text: 'One two three' }] },
  ]);
});

test('audio of 15 MiB, the most that the protocol allows, still passes', async () => {
  await using client = await connect();
  client.send({ type: 'input_audio_buffer.append', audio: 'A'.repeat(15 * 1024 * 1024) });
  expect((await client.next('error')).error.code).toBe('input_audio_unavailable');
  await expectAlive(client);
});

test('a message of 100 kB reaches the model as it is, and is durable when it is acknowledged', async () => {
  await using client = await connect();
  const { conversation } = await client.next('conversation.created');
  const words = `Once ${'upon a time — ünïcödé 🙂 '.repeat(4_000)}the end.`;
  expect(words.length).toBeGreaterThan(100_000 - 4_000);
  client.write(words, 'item_long');
  await client.next('conversation.item.done', ({ item }) => item.id === 'item_long');
  expect((await items(conversation.id))[0].content[0].text).toBe(words);
  client.send({ type: 'response.create', response: { output_modalities: ['text'] } });
  expect((await client.next('response.done')).response.status).toBe('completed');
  const { body } = await app.asked('the end.');
  expect(body.messages.at(-1)).toEqual({ role: 'user', content: words });
});

describe('a client that goes away in the middle of an answer', () => {
  const ANSWER = 'One two three four five six.';

  async function inTheMiddle() {
    const client = await connect();
    const { conversation } = await client.next('conversation.created');
    app.ollama.reply = ANSWER;
    app.ollama.fault = { kind: 'stall', afterTokens: 4 };
    const words = `Count for ${conversation.id}`;
    client.say(words);
    await client.next('response.output_text.delta', ({ delta }) => delta.includes('four'));
    return { client, id: conversation.id, asked: await app.asked(words) };
  }

  test('with a goodbye: the model is stopped, and what was sent is kept as incomplete', async () => {
    const { client, id, asked } = await inTheMiddle();
    client.socket.close();
    expect((await asked.closed).finished).toBe(false);
    await client.closed;
    expect(await items(id)).toMatchObject([
      { role: 'user', status: 'completed' },
      {
        role: 'assistant',
        status: 'incomplete',
        content: [{ type: 'output_text', text: 'One two three four' }],
      },
    ]);
  });

  test('finds it as it was left when it comes back', async () => {
    const { client, id, asked } = await inTheMiddle();
    client.socket.close();
    await asked.closed;
    app.ollama.fault = null;
    await using again = await connect({ conversation: id });
    await again.turn('Where were you?');
    const { body } = await app.asked('Where were you?');
    expect(body.messages).toContainEqual({ role: 'assistant', content: 'One two three four' });
  });
});

describe('a handshake that is broken', () => {
  async function raw(request: string): Promise<string> {
    const socket = connectTcp(Number(new URL(app.url).port), '127.0.0.1');
    socket.setEncoding('utf8');
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.write(request);
    await once(socket, 'close');
    return answer;
  }
  const upgrade = (path: string) =>
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;

  test('to another path is 404 in our shape', async () => {
    const { status, body } = await RealtimeClient.refused(app.url, { path: '/v1/elsewhere' });
    expect(status).toBe(404);
    expect(body.error).toMatchObject({ code: 'not_found', message: expect.stringContaining('/v1/realtime') });
  });

  test('with an address that is none is 400 in our shape', async () => {
    const answer = await raw(upgrade('//'));
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(JSON.parse(answer.slice(answer.indexOf('{'))).error.code).toBe('invalid_request');
  });

  test('with a user that cannot be is 400 with the reason', async () => {
    const { status, body } = await RealtimeClient.refused(app.url, { query: { user: 'x'.repeat(400) } });
    expect(status).toBe(400);
    expect(body.error.param).toBe('user');
  });
});
