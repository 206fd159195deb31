import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VivavoceError } from '../../src/errors.ts';
import type { NewMemory } from '../../src/memory/memory.ts';
import { memoryId } from '../../src/memory/memory-id.ts';
import {
  memory as memorySchema,
  memoryWithHistory,
  type RestMemory,
} from '../../src/protocol/rest-memories.ts';
import { MemoriesApp } from '../support/memories-app.ts';
import { MemoryInArrays } from '../support/memory-in-arrays.ts';
import { RestClient } from '../support/rest-client.ts';

const NOT_FOUND = { type: 'invalid_request_error', code: 'not_found', message: expect.any(String) };
const NOBODYS = '00000000-0000-5000-8000-000000000000';

let app: MemoriesApp;
let alice: RestClient;
let bob: RestClient;

beforeAll(async () => {
  app = await MemoriesApp.start({ alice: 'alice-secret', bob: 'bob-secret-2' });
  alice = new RestClient(app.url, 'alice-secret');
  bob = new RestClient(app.url, 'bob-secret-2');
});
afterAll(() => app[Symbol.asyncDispose]());

async function written(body: object, user = 'default'): Promise<RestMemory> {
  await app.clock.advance(1_000);
  const answer = await alice.post(`/v1/memories?user=${user}`, body);
  expect(answer.status).toBe(200);
  return memorySchema.parse(answer.body);
}

/** As the extraction does it. */
async function learned(
  user: string,
  text: string,
  more: Partial<NewMemory> = {},
  ago = 0,
): Promise<NewMemory> {
  const owner = { key: 'alice', user };
  const source = { conversationId: 'conv_1', itemId: 'item_1' };
  const atMs = app.clock.nowMs() - ago;
  const memory: NewMemory = {
    ...{ id: memoryId(owner, source, text), kind: 'fact', text, subject: 'user', attribute: null },
    ...{ value: null, importance: 0.5, validAtMs: atMs, createdAtMs: atMs, source, context: '' },
    ...more,
  };
  await app.keeper.apply(owner, [{ type: 'add', memory, supersedes: [] }]);
  return memory;
}

const textsOf = (data: readonly { text: string }[]) => data.map(({ text }) => text);

describe('a memory', () => {
  test('is written down with a text alone, and read again with its history', async () => {
    const made = await written({ text: '  The user likes tea. ' });
    expect(made).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-5/),
      object: 'memory',
      kind: 'fact',
      text: 'The user likes tea.',
      subject: 'user',
      attribute: null,
      value: null,
      importance: 0.8,
      valid_at: Math.floor(app.clock.nowMs() / 1000),
      invalid_at: null,
      superseded_by: null,
      source: null,
      created_at: Math.floor(app.clock.nowMs() / 1000),
      last_used_at: null,
    });
    const { body } = await alice.get(`/v1/memories/${made.id}`);
    expect(memoryWithHistory.parse(body)).toEqual({ ...made, history: [made] });
  });

  test('is the one that is there when that says the same', async () => {
    const first = await written({ text: 'The user plays chess.' }, 'twice');
    const again = await written({ text: 'the user plays CHESS' }, 'twice');
    expect(again).toEqual(first);
  });

  test('takes the place of what it contradicts, and the history shows both', async () => {
    const home = { kind: 'profile', subject: 'User', attribute: 'home' };
    const berlin = await written({ ...home, text: 'The user lives in Berlin.', value: 'Berlin' }, 'moved');
    const oslo = await written({ ...home, text: 'The user lives in Oslo.', value: 'Oslo' }, 'moved');
    const { body } = await alice.get(`/v1/memories/${oslo.id}?user=moved`);
    expect(body.history).toEqual([
      { ...berlin, invalid_at: oslo.valid_at, superseded_by: oslo.id },
      { ...oslo, subject: 'user' },
    ]);
    const profile = await alice.get('/v1/memories/profile?user=moved');
    expect(profile.body).toEqual({ object: 'memory.profile', data: [oslo] });
  });

  test('tells where it was said', async () => {
    const { id } = await learned('said', 'The user has a dog.');
    const { body } = await alice.get(`/v1/memories/${id}?user=said`);
    expect(body.source).toEqual({ conversation_id: 'conv_1', item_id: 'item_1' });
  });

  test('is corrected: what is not given stays, and other words have no value of before', async () => {
    const given = { text: 'The user lives in Rom.', attribute: 'home', value: 'Rom', importance: 0.5 };
    const { id } = await written(given, 'corrects');
    const path = `/v1/memories/${id}?user=corrects`;
    const important = await alice.patch(path, { importance: 0.9, kind: 'profile' });
    expect(important.body).toMatchObject({ ...given, kind: 'profile', importance: 0.9 });
    const same = await alice.patch(path, { text: given.text });
    expect(same.body).toEqual(important.body);
    const reworded = await alice.patch(path, { text: 'The user lives in Rome.' });
    expect(reworded.body).toEqual({ ...important.body, text: 'The user lives in Rome.', value: null });
    const valued = await alice.patch(path, { text: 'The user lives in Rome, Italy.', value: 'Rome' });
    expect(valued.body).toMatchObject({ text: 'The user lives in Rome, Italy.', value: 'Rome' });
  });

  test('is deleted for good', async () => {
    const { id } = await written({ text: 'The user has a secret.' });
    const gone = await alice.delete(`/v1/memories/${id}`);
    expect(gone.body).toEqual({ id, object: 'memory.deleted', deleted: true });
    for (const answer of [
      await alice.get(`/v1/memories/${id}`),
      await alice.patch(`/v1/memories/${id}`, { importance: 1 }),
      await alice.delete(`/v1/memories/${id}`),
    ]) {
      expect(answer.status).toBe(404);
      expect(answer.body.error).toMatchObject({ ...NOT_FOUND, param: 'memory_id' });
    }
  });

  test.each([
    ['no text', {}, 'text'],
    ['an empty text', { text: '  ' }, 'text'],
    ['a text of 1001 characters', { text: 'x'.repeat(1_001) }, 'text'],
    ['a text with a NUL', { text: 'a\0b' }, 'text'],
    ['a text of two lines', { text: 'a\nb' }, 'text'],
    ['half a character', { text: 'a\ud800' }, 'text'],
    ['another kind', { text: 'a', kind: 'rumour' }, 'kind'],
    ['too much importance', { text: 'a', importance: 1.5 }, 'importance'],
    ['a long attribute', { text: 'a', attribute: 'x'.repeat(65) }, 'attribute'],
    ['an empty value', { text: 'a', value: '' }, 'value'],
  ])('is refused: %s', async (_name, body, param) => {
    const answer = await alice.post('/v1/memories?user=refused', body);
    expect(answer.status).toBe(400);
    expect(answer.body.error).toMatchObject({ code: 'invalid_request', param });
    expect((await alice.get('/v1/memories?user=refused')).body.data).toEqual([]);
  });

  test('cannot be corrected by nothing, nor by what cannot be a memory', async () => {
    const { id } = await written({ text: 'The user sings.' });
    const nothing = await alice.patch(`/v1/memories/${id}`, { subject: 'sister' });
    expect(nothing.status).toBe(400);
    expect(nothing.body.error.message).toContain('nothing to correct');
    const bad = await alice.patch(`/v1/memories/${id}`, { text: '' });
    expect(bad.body.error).toMatchObject({ code: 'invalid_request', param: 'text' });
  });
});

describe('the list', () => {
  test('is newest first, page by page in both orders, without what no longer holds', async () => {
    const names = ['one', 'two', 'three', 'four', 'five'];
    for (const name of names) await written({ text: `Number ${name}.` }, 'pages');
    for (const [order, expected] of [
      ['asc', names],
      ['desc', names.toReversed()],
    ] as const) {
      const seen: string[] = [];
      for (let after = '', more = true; more; ) {
        const { body } = await alice.get(`/v1/memories?user=pages&order=${order}&limit=2${after}`);
        expect(body).toMatchObject({ object: 'list', first_id: body.data[0].id });
        seen.push(...textsOf(body.data));
        more = body.has_more;
        after = `&after=${body.last_id}`;
      }
      expect(seen).toEqual(expected.map((name) => `Number ${name}.`));
    }
    const unordered = await alice.get('/v1/memories?user=pages&limit=1');
    expect(textsOf(unordered.body.data)).toEqual(['Number five.']);
  });

  test('has what no longer holds when it is asked for', async () => {
    const job = { attribute: 'job' };
    const cook = await learned('works', 'The user is a cook.', { ...job, value: 'cook' }, 60_000);
    const baker = await learned('works', 'The user is a baker.', { ...job, value: 'baker' });
    const now = await alice.get('/v1/memories?user=works');
    expect(textsOf(now.body.data)).toEqual([baker.text]);
    const ever = await alice.get('/v1/memories?user=works&history=true');
    expect(textsOf(ever.body.data)).toEqual([baker.text, cook.text]);
    expect(ever.body.data[1]).toMatchObject({ superseded_by: baker.id });
  });

  test('is empty for who is new, and refuses what it cannot read', async () => {
    const empty = await alice.get('/v1/memories?user=new');
    expect(empty.body).toEqual({ object: 'list', data: [], first_id: null, last_id: null, has_more: false });
    expect((await alice.get('/v1/memories?user=new&history=perhaps')).body.error.param).toBe('history');
    expect((await alice.get('/v1/memories?user=new&limit=101')).body.error.param).toBe('limit');
    const lost = await alice.get(`/v1/memories?user=new&after=${NOBODYS}`);
    expect(lost.status).toBe(404);
    expect(lost.body.error).toMatchObject({ ...NOT_FOUND, param: 'after' });
  });
});

describe('a search', () => {
  test('finds what fits, best first, and says how well', async () => {
    await written({ text: 'The sister of the user is called Ada.' }, 'asks');
    await written({ text: 'The user likes the mountains.' }, 'asks');
    const { body } = await alice.get('/v1/memories/search?user=asks&q=sister+called&limit=1');
    expect(body).toMatchObject({ object: 'list', has_more: false, last_id: body.first_id });
    expect(body.data).toEqual([
      expect.objectContaining({
        object: 'memory',
        text: 'The sister of the user is called Ada.',
        score: expect.any(Number),
        relevance: expect.any(Number),
      }),
    ]);
    const nothing = await alice.get('/v1/memories/search?user=asks&q=zebra');
    expect(nothing.body).toMatchObject({ data: [], first_id: null });
  });

  test('needs something to look for', async () => {
    for (const query of ['', '?q=', '?q=%20', `?q=${'x'.repeat(1_001)}`]) {
      const { status, body } = await alice.get(`/v1/memories/search${query}`);
      expect({ status, param: body.error.param }).toEqual({ status: 400, param: 'q' });
    }
  });
});

describe('taking everything away', () => {
  test('gives one memory on each line, oldest first, with the history', async () => {
    for (let day = 250; day > 0; day--) {
      const more = { attribute: 'mood', value: `mood ${day}` };
      await learned('leaves', `The user feels like day ${day}.`, more, day * 86_400_000);
    }
    const { status, headers, body } = await alice.get('/v1/memories/export?user=leaves');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^application\/x-ndjson/);
    expect(headers.get('content-disposition')).toBe('attachment; filename=memories.ndjson');
    const lines: string[] = body.trimEnd().split('\n');
    const all = lines.map((line) => memorySchema.parse(JSON.parse(line)));
    expect(textsOf(all)).toEqual(
      Array.from({ length: 250 }, (_, index) => `The user feels like day ${250 - index}.`),
    );
    expect(all.filter(({ invalid_at }) => invalid_at === null)).toHaveLength(1);
    expect(all.slice(0, -1).map((memory) => memory.superseded_by)).toEqual(all.slice(1).map(({ id }) => id));
  });

  test('gives nothing where there is nothing', async () => {
    const { status, body } = await alice.get('/v1/memories/export?user=nothing');
    expect({ status, body }).toEqual({ status: 200, body: '' });
  });

  test('has a status when the memory fails before the first line, and breaks off when it fails later', async () => {
    let pages = 0;
    class Failing extends MemoryInArrays {
      override async list(...asked: Parameters<MemoryInArrays['list']>) {
        if (pages-- > 0) return { ...(await super.list(...asked)), hasMore: true };
        throw new VivavoceError('store_failed', 'The disk is full.');
      }
    }
    await using broken = await MemoriesApp.start({}, new Failing());
    const client = new RestClient(broken.url);
    await client.post('/v1/memories', { text: 'The user is here.' });
    const failed = await client.get('/v1/memories/export');
    expect(failed.status).toBe(500);
    expect(failed.body.error).toMatchObject({ code: 'store_failed', message: 'The disk is full.' });
    pages = 1;
    await expect(client.get('/v1/memories/export')).rejects.toThrow();
  });
});

describe('erasing everything', () => {
  test('is refused until it is confirmed, and says what it erases', async () => {
    for (const query of ['', '?confirm=yes', '?confirm=']) {
      const { status, body } = await alice.delete(`/v1/memories${query}`);
      expect({ status, param: body.error.param }).toEqual({ status: 400, param: 'confirm' });
      expect(body.error.message).toMatch(/must be everything: .*all conversations/);
    }
  });

  test('goes on in the background, and can be asked how far it is', async () => {
    const begun = await alice.delete('/v1/memories?confirm=everything');
    const { id } = begun.body;
    expect(begun.status).toBe(202);
    expect(begun.headers.get('location')).toBe(`/v1/memories/erasures/${id}`);
    expect(begun.body).toEqual({
      id,
      object: 'memory.erasure',
      status: 'in_progress',
      requested_at: Math.floor(app.clock.nowMs() / 1000),
      completed_at: null,
    });
    expect((await alice.delete('/v1/memories?confirm=everything')).body).toEqual(begun.body);
    expect((await alice.get(`/v1/memories/erasures/${id}`)).body).toEqual(begun.body);
    await app.clock.advance(2_000);
    app.erasing.complete(id);
    expect((await alice.get(`/v1/memories/erasures/${id}`)).body).toEqual({
      ...begun.body,
      status: 'completed',
      completed_at: begun.body.requested_at + 2,
    });
  });

  test('is known to whom it belongs alone', async () => {
    const { body } = await alice.delete('/v1/memories?confirm=everything');
    for (const answer of [
      await bob.get(`/v1/memories/erasures/${body.id}`),
      await alice.get(`/v1/memories/erasures/${body.id}?user=other`),
      await alice.get('/v1/memories/erasures/erasure_none'),
    ]) {
      expect(answer.status).toBe(404);
      expect(answer.body.error).toMatchObject({ ...NOT_FOUND, param: 'erasure_id' });
    }
  });
});

describe('of somebody else', () => {
  test('nothing is seen or touched, by another key or as another user', async () => {
    const mine = await written({ text: 'The user is Alice.', kind: 'profile', attribute: 'name' }, 'alone');
    for (const [client, user] of [
      [bob, 'alone'],
      [alice, 'other'],
    ] as const) {
      const own = `?user=${user}`;
      for (const answer of [
        await client.get(`/v1/memories/${mine.id}${own}`),
        await client.patch(`/v1/memories/${mine.id}${own}`, { text: 'The user is Bob.' }),
        await client.delete(`/v1/memories/${mine.id}${own}`),
        await client.get(`/v1/memories${own}&after=${mine.id}`),
      ])
        expect(answer.status).toBe(404);
      for (const path of ['', '/search', '/profile']) {
        const { body } = await client.get(`/v1/memories${path}${own}&q=Alice`);
        expect(body.data).toEqual([]);
      }
      expect((await client.get(`/v1/memories/export${own}`)).body).toBe('');
    }
    expect((await alice.get(`/v1/memories/${mine.id}?user=alone`)).body).toMatchObject(mine);
  });

  test('nothing is answered without a key', async () => {
    const stranger = new RestClient(app.url);
    for (const path of ['', '/search?q=x', '/profile', '/export', `/${NOBODYS}`, '/erasures/x'])
      expect((await stranger.get(`/v1/memories${path}`)).status).toBe(401);
  });
});
