import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RealtimeClient } from '../support/realtime-client.ts';
import { RestClient } from '../support/rest-client.ts';
import { RunningApp } from '../support/running-app.ts';

const ALICE = 'alice-secret';
const BOB = 'bob-secret-2';
const NOT_FOUND = {
  error: { type: 'invalid_request_error', code: 'not_found', message: expect.any(String) },
};

let app: RunningApp;
let alice: RestClient;
let bob: RestClient;

beforeAll(async () => {
  app = await RunningApp.start({ env: { API_KEYS: `alice:${ALICE},bob:${BOB}` } });
  alice = new RestClient(app.url, ALICE);
  bob = new RestClient(app.url, BOB);
});
afterAll(() => app[Symbol.asyncDispose]());

function connect(query: Record<string, string> = {}, key = ALICE): Promise<RealtimeClient> {
  return RealtimeClient.connect(app.url, { query, headers: { authorization: `Bearer ${key}` } });
}

async function created(body: object = {}, user = ''): Promise<string> {
  const { status, body: conversation } = await alice.post(
    `/v1/conversations${user && `?user=${user}`}`,
    body,
  );
  expect(status).toBe(200);
  return conversation.id;
}

const userSays = (text: string) => ({ type: 'message', role: 'user', content: text });
const texts = (items: { content: { text: string }[] }[]) => items.map(({ content }) => content[0]?.text);

describe('a conversation', () => {
  test('is made with metadata, read, given other metadata, and deleted', async () => {
    const made = await alice.post('/v1/conversations', { metadata: { topic: 'garden' } });
    const { id } = made.body;
    expect(made.body).toEqual({
      id: expect.stringMatching(/^conv_/),
      object: 'conversation',
      created_at: expect.any(Number),
      metadata: { topic: 'garden' },
    });
    expect((await alice.get(`/v1/conversations/${id}`)).body).toEqual(made.body);

    const changed = await alice.post(`/v1/conversations/${id}`, { metadata: { topic: 'kitchen' } });
    expect(changed.body).toEqual({ ...made.body, metadata: { topic: 'kitchen' } });
    const cleared = await alice.post(`/v1/conversations/${id}`, { metadata: null });
    expect(cleared.body.metadata).toEqual({});

    const gone = await alice.delete(`/v1/conversations/${id}`);
    expect(gone.body).toEqual({ id, object: 'conversation.deleted', deleted: true });
    for (const answer of [
      await alice.get(`/v1/conversations/${id}`),
      await alice.delete(`/v1/conversations/${id}`),
    ]) {
      expect(answer.status).toBe(404);
      expect(answer.body).toMatchObject(NOT_FOUND);
    }
  });

  test('has metadata of up to 16 pairs, keys of up to 64 and values of up to 512 characters', async () => {
    const pairs = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`key${i}`, 'v']));
    await created({ metadata: { ...pairs(15), ['k'.repeat(64)]: 'v'.repeat(512) } });
    for (const metadata of [pairs(17), { ['k'.repeat(65)]: 'v' }, { k: 'v'.repeat(513) }, { k: 1 }, 'text']) {
      const { status, body } = await alice.post('/v1/conversations', { metadata });
      expect(status).toBe(400);
      expect(body.error).toMatchObject({ type: 'invalid_request_error', code: 'invalid_request' });
      expect(body.error.param).toMatch(/^metadata/);
    }
  });

  test('can begin with items', async () => {
    const id = await created({ items: [userSays('one'), { role: 'assistant', content: 'two' }] });
    const { body } = await alice.get(`/v1/conversations/${id}/items?order=asc`);
    expect(body.data).toMatchObject([
      { type: 'message', role: 'user', status: 'completed', content: [{ type: 'input_text', text: 'one' }] },
      {
        type: 'message',
        role: 'assistant',
        status: 'completed',
        content: [{ type: 'output_text', text: 'two', annotations: [] }],
      },
    ]);
  });

  test('is not made at all when one of its items cannot be', async () => {
    const twice = { ...userSays('one'), id: 'item_twice' };
    const { status, body } = await alice.post('/v1/conversations?user=nobody', { items: [twice, twice] });
    expect(status).toBe(409);
    expect(body.error).toMatchObject({ code: 'conflict', param: 'item.id' });
    expect((await alice.get('/v1/conversations?user=nobody')).body.data).toEqual([]);
  });

  test('is listed by its newest activity, page by page in both orders', async () => {
    const ids: string[] = [];
    for (const _ of Array(5)) ids.push(await created({}, 'pages'));
    for (const order of ['asc', 'desc']) {
      const seen: string[] = [];
      for (let after = '', more = true; more; ) {
        const { body } = await alice.get(`/v1/conversations?user=pages&order=${order}&limit=2${after}`);
        const page: string[] = body.data.map((entry: { id: string }) => entry.id);
        expect(body).toMatchObject({ object: 'list', first_id: page[0], last_id: page.at(-1) });
        expect(page.length).toBeLessThanOrEqual(2);
        seen.push(...page);
        more = body.has_more;
        after = `&after=${body.last_id}`;
      }
      expect(seen).toEqual(order === 'asc' ? ids : ids.toReversed());
    }
    const empty = await alice.get('/v1/conversations?user=somebody-new');
    expect(empty.body).toEqual({ object: 'list', data: [], first_id: null, last_id: null, has_more: false });
  });
});

describe('items', () => {
  test('are added, read, listed page by page in both orders, and deleted', async () => {
    const id = await created();
    const inputs = [1, 2, 3, 4, 5].map((n) => ({ ...userSays(`word ${n}`), id: `item_n${n}` }));
    const added = await alice.post(`/v1/conversations/${id}/items`, { items: inputs });
    expect(added.body).toMatchObject({
      object: 'list',
      first_id: 'item_n1',
      last_id: 'item_n5',
      has_more: false,
    });
    for (const order of ['asc', 'desc']) {
      const first = await alice.get(`/v1/conversations/${id}/items?order=${order}&limit=3`);
      const rest = await alice.get(
        `/v1/conversations/${id}/items?order=${order}&after=${first.body.last_id}`,
      );
      expect([first.body.has_more, rest.body.has_more]).toEqual([true, false]);
      const seen = texts([...first.body.data, ...rest.body.data]);
      const ascending = [1, 2, 3, 4, 5].map((n) => `word ${n}`);
      expect(seen).toEqual(order === 'asc' ? ascending : ascending.toReversed());
    }
    const one = await alice.get(`/v1/conversations/${id}/items/item_n2`);
    expect(texts([one.body])).toEqual(['word 2']);

    const removed = await alice.delete(`/v1/conversations/${id}/items/item_n2`);
    expect(removed.body).toMatchObject({ id, object: 'conversation' });
    expect((await alice.get(`/v1/conversations/${id}/items/item_n2`)).status).toBe(404);
    expect((await alice.delete(`/v1/conversations/${id}/items/item_n2`)).status).toBe(404);
    expect((await alice.get(`/v1/conversations/${id}/items`)).body.data).toHaveLength(4);
  });

  test('can be calls of functions and their outputs', async () => {
    const id = await created();
    const call = { type: 'function_call', call_id: 'call_1', name: 'time', arguments: '{}' };
    const output = { type: 'function_call_output', call_id: 'call_1', output: 'noon' };
    await alice.post(`/v1/conversations/${id}/items`, { items: [call, output] });
    const { body } = await alice.get(`/v1/conversations/${id}/items?order=asc`);
    expect(body.data).toMatchObject([call, output]);
  });

  test('are refused whole when one of them is wrong or there already', async () => {
    const id = await created({ items: [{ ...userSays('first'), id: 'item_taken' }] });
    const refused = async (items: unknown, status: number, param: string | RegExp) => {
      const answer = await alice.post(`/v1/conversations/${id}/items`, { items });
      expect(answer.status).toBe(status);
      expect(answer.body.error.param).toMatch(param);
    };
    await refused([userSays('new'), { ...userSays('again'), id: 'item_taken' }], 409, 'item.id');
    await refused([userSays('new'), { role: 'robot', content: 'x' }], 400, 'items.1.role');
    await refused([{ type: 'function_call', call_id: 'c', name: 'n' }], 400, 'items.0.arguments');
    await refused([], 400, 'items');
    await refused(undefined, 400, 'items');
    await refused(Array(21).fill(userSays('x')), 400, 'items');
    expect(texts((await alice.get(`/v1/conversations/${id}/items`)).body.data)).toEqual(['first']);
  });

  test('have a page of 1 to 100, an order, and a cursor that is there', async () => {
    const id = await created();
    for (const [query, status, param] of [
      ['limit=0', 400, 'limit'],
      ['limit=101', 400, 'limit'],
      ['limit=many', 400, 'limit'],
      ['order=random', 400, 'order'],
      ['after=item_nowhere', 404, 'after'],
    ] as const) {
      for (const path of [`/v1/conversations/${id}/items`, '/v1/conversations']) {
        const answer = await alice.get(`${path}?${query}`);
        expect({ query, status: answer.status, param: answer.body.error.param }).toEqual({
          query,
          status,
          param,
        });
      }
    }
  });
});

describe('over the socket and over REST it is one conversation:', () => {
  test('items added over REST are seen by the model in an open connection', async () => {
    await using client = await connect();
    const { conversation } = await client.next('conversation.created');
    await client.turn('My name is Ada.');
    await alice.post(`/v1/conversations/${conversation.id}/items`, {
      items: [{ role: 'system', content: 'Ada plays the cello.' }],
    });
    await client.turn('What do I play?');
    const { body } = await app.asked('What do I play?');
    const said = body.messages.map(({ content }: { content: string }) => content);
    expect(said.indexOf('Ada plays the cello.')).toBeGreaterThan(said.indexOf('My name is Ada.'));

    const { body: page } = await alice.get(`/v1/conversations/${conversation.id}/items?order=asc`);
    expect(texts(page.data)).toEqual([
      'My name is Ada.',
      'Hello from the stand-in.',
      'Ada plays the cello.',
      'What do I play?',
      'Hello from the stand-in.',
    ]);
  });

  test('?conversation= opens one again with all that was said in it', async () => {
    let id = '';
    {
      await using client = await connect();
      id = (await client.next('conversation.created')).conversation.id;
      await client.turn('The password of the day is marzipan.');
    }
    await using again = await connect({ conversation: id });
    expect((await again.next('conversation.created')).conversation.id).toBe(id);
    await again.turn('What was it?');
    const { body } = await app.asked('What was it?');
    expect(JSON.stringify(body.messages)).toContain('marzipan');
    expect((await alice.get(`/v1/conversations/${id}/items`)).body.data).toHaveLength(4);
  });

  test('two connections of one conversation know what each other said', async () => {
    const id = await created();
    await using one = await connect({ conversation: id });
    await using other = await connect({ conversation: id });
    await one.turn('The first of us is called Uno.');
    await other.turn('Who is the first?');
    expect(JSON.stringify((await app.asked('Who is the first?')).body.messages)).toContain('Uno');
  });

  test('a connection that says nothing leaves no conversation behind', async () => {
    await using client = await connect({ user: 'silent' });
    const { conversation } = await client.next('conversation.created');
    expect((await alice.get('/v1/conversations?user=silent')).body.data).toEqual([]);
    expect((await alice.get(`/v1/conversations/${conversation.id}?user=silent`)).status).toBe(404);
  });

  test('an unknown or an empty id is refused before the upgrade', async () => {
    const headers = { authorization: `Bearer ${ALICE}` };
    const unknown = await RealtimeClient.refused(app.url, {
      query: { conversation: 'conv_nowhere' },
      headers,
    });
    expect(unknown.status).toBe(404);
    expect(unknown.body).toMatchObject(NOT_FOUND);
    expect(unknown.body.error.param).toBe('conversation');
    const empty = await RealtimeClient.refused(app.url, { query: { conversation: '' }, headers });
    expect(empty.status).toBe(400);
  });
});

describe('a transcript', () => {
  const OPENING = 'Tell me of the sea.';
  const HEARD = 'The sea is wide.';
  const UNHEARD = 'Ships sail on it.';
  let id = '';

  beforeAll(async () => {
    app.ollama.reply = `${HEARD} ${UNHEARD}`;
    await using client = await connect();
    id = (await client.next('conversation.created')).conversation.id;
    const { response } = await client.turn(OPENING, { output_modalities: ['audio'] });
    // The stand-in voice takes 60 ms for a character; a pause of 220 ms comes before the second sentence.
    const endMs = HEARD.length * 60 + 100;
    client.send({
      type: 'conversation.item.truncate',
      item_id: response.output[0].id,
      content_index: 0,
      audio_end_ms: endMs,
    });
    expect(await client.next('conversation.item.truncated')).toMatchObject({ audio_end_ms: endMs });
    app.ollama.reply = 'And wind there is, too.';
    await client.turn('Go on.');
    app.ollama.reply = 'Hello from the stand-in.';
  });

  test.each([
    ['json', 'application/json; charset=utf-8', /^\{"conversation":\{.*"items":\[\n/],
    [
      'ndjson',
      'application/x-ndjson; charset=utf-8',
      /^\{"object":"conversation",.*\n\{"object":"conversation.item"/,
    ],
    ['md', 'text/markdown; charset=utf-8', /^# /],
    ['txt', 'text/plain; charset=utf-8', /Tell me of the sea/],
    ['vtt', 'text/vtt; charset=utf-8', /^WEBVTT\n/],
    ['srt', 'application/x-subrip; charset=utf-8', /^1\r?\n\d\d:\d\d:\d\d,\d{3} --> /],
  ])('as %s says what was heard and not what was cut off', async (format, type, shape) => {
    const response = await alice.open('GET', `/v1/conversations/${id}/transcript?format=${format}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(type);
    const whole = await response.text();
    expect(whole).toMatch(shape);
    // What programs read carries the unheard words as well, in a field that says so.
    const shown = whole.replace(/"(reply|content)":(\{.*?\}|\[.*?\])/g, '');
    const places = [OPENING, HEARD, 'Go on.', 'And wind there is, too.'].map((words) => shown.indexOf(words));
    expect(places.every((place) => place >= 0)).toBe(true);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(shown).not.toContain('Ships');
  });

  test('is json when nothing is said, and keeps apart what was generated and what was heard', async () => {
    const { body } = await alice.get(`/v1/conversations/${id}/transcript`);
    const [, reply] = body.items;
    expect(reply).toMatchObject({ role: 'assistant', status: 'completed', text: HEARD });
    expect(reply.reply).toEqual({
      generated: `${HEARD} ${UNHEARD}`,
      sent: `${HEARD} ${UNHEARD}`,
      heard: HEARD,
    });
  });

  test('is what the model and the list of items have, too', async () => {
    const { body } = await app.asked('Go on.');
    expect(JSON.stringify(body.messages)).not.toContain('Ships');
    const { body: page } = await alice.get(`/v1/conversations/${id}/items?order=asc`);
    expect(texts(page.data)[1]).toBe(HEARD);
  });

  test('in an unknown format is refused with those that there are', async () => {
    const { status, body } = await alice.get(`/v1/conversations/${id}/transcript?format=pdf`);
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ param: 'format', message: expect.stringContaining('ndjson') });
  });
});

describe('other people', () => {
  const PATHS = (id: string) =>
    [
      ['GET', `/v1/conversations/${id}`],
      ['POST', `/v1/conversations/${id}`, { metadata: { a: 'b' } }],
      ['GET', `/v1/conversations/${id}/items`],
      ['POST', `/v1/conversations/${id}/items`, { items: [userSays('hello')] }],
      ['GET', `/v1/conversations/${id}/items/item_secret`],
      ['DELETE', `/v1/conversations/${id}/items/item_secret`],
      ['GET', `/v1/conversations/${id}/transcript`],
      ['DELETE', `/v1/conversations/${id}`],
    ] as const;

  test.each([
    ['another user of the same key', () => alice, '?user=eve', ALICE],
    ['another key', () => bob, '', BOB],
    ['the same user name under another key', () => bob, '?user=ada', BOB],
  ])('%s finds nothing, as if it were not there', async (_who, client, query, key) => {
    const id = await created({ items: [{ ...userSays('secret'), id: 'item_secret' }] }, 'ada');
    for (const [method, path, body] of PATHS(id)) {
      const response = await client().open(method, `${path}${query}`, body);
      expect({ method, path, status: response.status }).toEqual({ method, path, status: 404 });
      expect(await response.json()).toMatchObject(NOT_FOUND);
    }
    const user = new URLSearchParams(query).get('user');
    const socket = await RealtimeClient.refused(app.url, {
      query: { conversation: id, ...(user && { user }) },
      headers: { authorization: `Bearer ${key}` },
    });
    expect(socket.status).toBe(404);
    const list = await client().get(`/v1/conversations${query}`);
    expect(JSON.stringify(list.body)).not.toContain(id);
    expect((await alice.get(`/v1/conversations/${id}/items?user=ada`)).body.data).toHaveLength(1);
  });
});

describe('a conversation that is deleted while a connection has it open', () => {
  test('is gone for that connection as well: a clear error, and nothing of it reaches the model', async () => {
    await using client = await connect();
    const { conversation } = await client.next('conversation.created');
    await client.turn('My secret is vanilla.');
    await alice.delete(`/v1/conversations/${conversation.id}`);

    client.send({ type: 'response.create', event_id: 'mine', response: { output_modalities: ['text'] } });
    const { response } = await client.next('response.done');
    expect(response.status).toBe('failed');
    expect(response.status_details.error).toMatchObject({ code: 'not_found' });

    client.send({
      type: 'conversation.item.create',
      event_id: 'evt_7',
      item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Are you there?' }] },
    });
    expect((await client.next('error')).error).toMatchObject({
      code: 'not_found',
      event_id: 'evt_7',
      message: expect.stringContaining(conversation.id),
    });
    client.send({ type: 'session.update', session: { type: 'realtime', instructions: 'Be brief.' } });
    await client.next('session.updated');
    expect((await alice.get(`/v1/conversations/${conversation.id}`)).status).toBe(404);
  });

  test('cannot be opened again, nor added to, while the old connection lives', async () => {
    await using client = await connect();
    const { conversation } = await client.next('conversation.created');
    await client.turn('Hello.');
    await alice.delete(`/v1/conversations/${conversation.id}`);
    const headers = { authorization: `Bearer ${ALICE}` };
    const { status } = await RealtimeClient.refused(app.url, {
      query: { conversation: conversation.id },
      headers,
    });
    expect(status).toBe(404);
    const added = await alice.post(`/v1/conversations/${conversation.id}/items`, { items: [userSays('x')] });
    expect(added.status).toBe(404);
  });

  test('ends an answer that is being given, without a word of it kept', async () => {
    app.ollama.fault = { kind: 'stall', afterTokens: 3 };
    await using client = await connect();
    const { conversation } = await client.next('conversation.created');
    client.say('Tell me a long story.');
    await client.next('response.output_text.delta');
    app.ollama.fault = null;
    expect((await alice.delete(`/v1/conversations/${conversation.id}`)).status).toBe(200);
    client.send({ type: 'response.cancel' });
    const { response } = await client.next('response.done');
    expect(response.status).toBe('cancelled');
    expect((await alice.get(`/v1/conversations/${conversation.id}/items`)).status).toBe(404);
    client.send({ type: 'input_audio_buffer.clear' });
    await client.next('input_audio_buffer.cleared');
  });

  test('survives a burst of items on their way at that moment', async () => {
    await using client = await connect();
    const { conversation } = await client.next('conversation.created');
    await client.turn('Hello.');
    const deleted = alice.delete(`/v1/conversations/${conversation.id}`);
    for (let n = 0; n < 200; n++) client.write(`word ${n}`, `item_burst${n}`);
    await deleted;
    client.write('the last', 'item_last');
    client.send({ type: 'input_audio_buffer.clear' });
    await client.next('input_audio_buffer.cleared');
    const answered = client.all('conversation.item.done').length + client.all('error').length;
    // The turn has two items; every one of the burst is either done or refused.
    expect(answered).toBe(2 + 201);
    expect((await alice.get('/v1/conversations?user=burst')).status).toBe(200);
  });
});
