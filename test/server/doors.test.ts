import { once } from 'node:events';
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { tempDir } from '../conversation/temp-dir.ts';
import { OllamaServer } from '../support/ollama-server.ts';
import { RealtimeClient, type WireEvent } from '../support/realtime-client.ts';
import { RestClient } from '../support/rest-client.ts';
import { RunningApp } from '../support/running-app.ts';
import { ServiceProcess } from '../support/service-process.ts';
import { SpeechServer } from '../support/speech-server.ts';

const KEY = 'alice-secret';
const FRIEND = 'https://friend.example';
const STRANGER = 'https://stranger.example';

/** Wall time that a test can turn forward; timers are real. */
let laterMs = 0;
const clock = { ...systemClock, nowMs: () => Date.now() + laterMs };

let locked: RunningApp;
let open: RunningApp;

beforeAll(async () => {
  locked = await RunningApp.start({
    env: { API_KEYS: `alice:${KEY}, bob:bob-secret-2`, ALLOWED_ORIGINS: FRIEND },
    clock,
  });
  open = await RunningApp.start();
});
afterAll(() => Promise.all([locked[Symbol.asyncDispose](), open[Symbol.asyncDispose]()]));

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

/** A request with headers that `fetch` would not let through. */
async function knock(app: RunningApp, path: string, headers: Record<string, string> = {}, method = 'GET') {
  const request = httpRequest(`${app.url}${path}`, { method, headers }).end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const body = await text(response);
  const isJson = response.headers['content-type']?.startsWith('application/json');
  return {
    status: response.statusCode,
    headers: response.headers as IncomingHttpHeaders,
    body: (isJson ? JSON.parse(body) : body) as WireEvent,
  };
}

const UNAUTHORIZED = { type: 'invalid_request_error', code: 'invalid_api_key', param: null };
const FORBIDDEN = { type: 'invalid_request_error', code: 'forbidden', param: null };

describe('with API_KEYS', () => {
  const WRONG: [string, Record<string, string>, RegExp][] = [
    ['no key', {}, /Authorization: Bearer/],
    ['a wrong key', bearer('alice-secreT'), /not one of the API_KEYS/],
    ['the name of a key', bearer('alice'), /not one of the API_KEYS/],
    ['an empty key', { authorization: 'Bearer ' }, /Authorization: Bearer/],
    ['another scheme', { authorization: `Basic ${KEY}` }, /Authorization: Bearer/],
    ['an ephemeral key that was never made', bearer('ek_AAAA'), /expired/],
  ];

  test.each(WRONG)('%s is 401 on REST and on the upgrade, in one shape', async (_name, headers, why) => {
    const error = { ...UNAUTHORIZED, message: expect.stringMatching(why) };
    for (const path of ['/v1/models', '/v1/conversations', '/v1/nothing', '/v1/realtime']) {
      const { status, body } = await knock(locked, path, headers);
      expect({ path, status, body }).toEqual({ path, status: 401, body: { error } });
    }
    const upgrade = await RealtimeClient.refused(locked.url, { headers });
    expect(upgrade).toMatchObject({ status: 401, body: { error } });
    expect(upgrade.headers['content-type']).toBe('application/json');
  });

  test('a right key opens REST and the socket', async () => {
    expect((await knock(locked, '/v1/models', bearer(KEY))).status).toBe(200);
    expect((await knock(locked, '/v1/models', { authorization: `bearer  ${KEY}` })).status).toBe(200);
    await using client = await RealtimeClient.connect(locked.url, { headers: bearer(KEY) });
    await client.next('session.created');
  });

  test('a browser names its key as a subprotocol, and gets "realtime" back and never the key', async () => {
    const protocols = ['realtime', `openai-insecure-api-key.${KEY}`];
    await using client = await RealtimeClient.connect(locked.url, { protocols });
    expect(client.socket.protocol).toBe('realtime');
    const wrong = await RealtimeClient.refused(locked.url, {
      protocols: ['realtime', 'openai-insecure-api-key.no'],
    });
    expect(wrong.status).toBe(401);
    expect(JSON.stringify(wrong)).not.toContain('insecure');
  });

  test('health, the page and the description of the API need none', async () => {
    expect([200, 503]).toContain((await knock(locked, '/readyz')).status);
    for (const path of ['/livez', '/openapi.json', '/', '/docs']) {
      expect({ path, status: (await knock(locked, path)).status }).toEqual({ path, status: 200 });
    }
  });

  test('a body without a key is not even read', async () => {
    const answer = await new RestClient(locked.url).post('/v1/chat/completions', '{ not json');
    expect(answer.status).toBe(401);
  });

  test('any name of the server will do: a proxy may have its own', async () => {
    const headers = { ...bearer(KEY), host: 'voice.example' };
    expect((await knock(locked, '/v1/models', headers)).status).toBe(200);
  });
});

describe('an ephemeral key', () => {
  const alice = () => new RestClient(locked.url, KEY);
  const mint = async (body: object = {}, path = '/v1/realtime/client_secrets') => {
    const answer = await alice().post(path, body);
    expect(answer.status).toBe(200);
    return answer.body;
  };
  const whose = async (id: string, user: string) =>
    (await alice().get(`/v1/conversations/${id}/items?user=${user}`)).status;

  test('may do what its maker may, and operates only when that was asked for', async () => {
    const guardsWith = async (body: object) => {
      const { value } = await mint(body);
      return (await new RestClient(locked.url, value).get('/v1/guards')).status;
    };
    expect(await guardsWith({})).toBe(403);
    expect(await guardsWith({ scopes: ['talk', 'operate'] })).toBe(200);
    const { value } = await mint({ scopes: ['talk'] });
    expect((await new RestClient(locked.url, value).get('/v1/memories')).status).toBe(403);
  });

  test('has the shape that clients know and carries the session into session.created', async () => {
    const session = {
      type: 'realtime',
      model: 'gpt-realtime',
      instructions: 'You are a parrot.',
      audio: { output: { voice: 'alloy', speed: 1.2 } },
    };
    const secret = await mint({ session, expires_after: { anchor: 'created_at', seconds: 60 } });
    expect(secret.value).toMatch(/^ek_[\w-]{20,}$/);
    expect(Math.abs(secret.expires_at - Date.now() / 1000 - 60)).toBeLessThan(5);
    const effective = {
      instructions: 'You are a parrot.',
      audio: { output: { voice: 'alloy', speed: 1.2 } },
    };
    expect(secret.session).toMatchObject(effective);

    await using client = await RealtimeClient.connect(locked.url, { headers: bearer(secret.value) });
    expect((await client.next('session.created')).session).toMatchObject({
      ...effective,
      model: 'gpt-realtime',
    });
    await client.turn('Who is a good bird?');
    const { body } = await locked.asked('Who is a good bird?');
    expect(body.messages[0].content).toBe('You are a parrot.');
  });

  test('stands for the user that it was made for, whoever its holder says to be', async () => {
    const { value } = await mint({ user: 'ada' });
    const protocols = ['realtime', `openai-insecure-api-key.${value}`];
    await using client = await RealtimeClient.connect(locked.url, { protocols, query: { user: 'eve' } });
    const { conversation } = await client.next('conversation.created');
    await client.turn('Hello.');
    expect([await whose(conversation.id, 'ada'), await whose(conversation.id, 'eve')]).toEqual([200, 404]);

    const holder = new RestClient(locked.url, value);
    expect((await holder.get(`/v1/conversations/${conversation.id}?user=eve`)).status).toBe(200);
    const messages = [{ role: 'user', content: 'Keep this.' }];
    const metadata = { conversation_id: 'by-the-holder' };
    await holder.post('/v1/chat/completions?user=eve', {
      messages,
      metadata,
      user: 'eve',
      safety_identifier: 'eve',
    });
    expect([await whose('by-the-holder', 'ada'), await whose('by-the-holder', 'eve')]).toEqual([200, 404]);
  });

  test('stands for the user of ?user= when the body names none, and for that of the key alone otherwise', async () => {
    const { value } = await mint({}, '/v1/realtime/client_secrets?user=carol');
    const made = await new RestClient(locked.url, value).post('/v1/conversations');
    expect([await whose(made.body.id, 'carol'), await whose(made.body.id, 'default')]).toEqual([200, 404]);
    const plain = await new RestClient(locked.url, (await mint()).value).post('/v1/conversations');
    expect(await whose(plain.body.id, 'default')).toBe(200);
  });

  test('cannot make another one', async () => {
    const { value } = await mint();
    const { status, body } = await new RestClient(locked.url, value).post('/v1/realtime/client_secrets');
    expect({ status, error: body.error }).toEqual({
      status: 403,
      error: { ...FORBIDDEN, message: expect.stringContaining('API key') },
    });
  });

  test('ends at its time: from then on it is 401 everywhere', async () => {
    const { value, expires_at } = await mint({ expires_after: { seconds: 30 } });
    const holder = new RestClient(locked.url, value);
    try {
      laterMs = expires_at * 1000 - Date.now() - 2_000;
      expect((await holder.get('/v1/models')).status).toBe(200);
      laterMs += 3_000;
      expect((await holder.get('/v1/models')).body.error).toMatchObject(UNAUTHORIZED);
      expect((await RealtimeClient.refused(locked.url, { headers: bearer(value) })).status).toBe(401);
    } finally {
      laterMs = 0;
    }
  });

  test.each([
    [{ expires_after: { seconds: 9 } }, 'expires_after.seconds'],
    [{ expires_after: { seconds: 7_201 } }, 'expires_after.seconds'],
    [{ session: { audio: { output: { speed: 9 } } } }, 'session.audio.output.speed'],
    [{ user: '' }, 'user'],
    [{ user: 'a\u0007b' }, 'user'],
    [{ user: '\ud800' }, 'user'],
  ])('is not made of %j', async (body, param) => {
    const { status, body: answer } = await alice().post('/v1/realtime/client_secrets', body);
    expect({ status, param: answer.error.param }).toEqual({ status: 400, param });
  });
});

describe('a key with scopes', () => {
  let scoped: RunningApp;
  const KEYS = { talk: 'key-to-talk', history: 'key-to-read', memory: 'key-to-know', operate: 'key-to-run' };
  const NAMES = Object.keys(KEYS) as (keyof typeof KEYS)[];

  beforeAll(async () => {
    scoped = await RunningApp.start({
      env: {
        API_KEYS: Object.entries(KEYS)
          .map(([name, key]) => `${name}:${key}`)
          .join(),
        API_KEY_SCOPES: NAMES.map((name) => `${name}:${name}`).join(),
      },
    });
  });
  afterAll(() => scoped[Symbol.asyncDispose]());

  test.each([
    ['talk', 'GET', '/v1/models'],
    ['talk', 'POST', '/v1/chat/completions'],
    ['talk', 'POST', '/v1/audio/speech'],
    ['talk', 'POST', '/v1/audio/transcriptions'],
    ['talk', 'POST', '/v1/realtime/client_secrets'],
    ['history', 'GET', '/v1/conversations'],
    ['history', 'DELETE', '/v1/Conversations/some/'],
    ['memory', 'GET', '/v1/memories'],
    ['memory', 'GET', '/v1/memories/export'],
    ['operate', 'GET', '/v1/guards'],
    ['operate', 'GET', '/metrics'],
  ] as const)('of %s alone opens %s %s', async (scope, method, path) => {
    for (const name of NAMES) {
      const { status, body } = await knock(scoped, path, bearer(KEYS[name]), method);
      if (name === scope) expect([401, 403]).not.toContain(status);
      else {
        const message = `The key "${name}" may not do this: it lacks the scope "${scope}" (see API_KEY_SCOPES).`;
        expect({ name, status, error: body.error }).toEqual({
          ...{ name, status: 403 },
          error: { ...FORBIDDEN, message },
        });
      }
    }
  });

  test('opens a session with talk only', async () => {
    await using client = await RealtimeClient.connect(scoped.url, { headers: bearer(KEYS.talk) });
    await client.next('session.created');
    const refused = await RealtimeClient.refused(scoped.url, { headers: bearer(KEYS.memory) });
    expect(refused).toMatchObject({ status: 403, body: { error: FORBIDDEN } });
  });

  test('reads why an engine is as it is with operate only', async () => {
    const reasonsFor = async (key: string) =>
      (await knock(scoped, '/readyz', bearer(key))).body.engines.map(({ reason }: WireEvent) => reason);
    expect(new Set(await reasonsFor(KEYS.talk))).toEqual(
      new Set(['send a key with the scope "operate" to read why']),
    );
    expect(String(await reasonsFor(KEYS.operate))).toContain('kept on this machine');
  });
});

describe('a web page', () => {
  test('from a listed origin may read: CORS says so, also before the request', async () => {
    const { status, headers } = await knock(locked, '/v1/models', { ...bearer(KEY), origin: FRIEND });
    expect(status).toBe(200);
    expect(headers['access-control-allow-origin']).toBe(FRIEND);
    const preflight = await knock(
      locked,
      '/v1/chat/completions',
      {
        origin: FRIEND,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
      'OPTIONS',
    );
    expect(preflight.status).toBe(204);
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': FRIEND,
      'access-control-allow-headers': 'authorization,content-type',
      'access-control-allow-methods': expect.stringContaining('DELETE'),
    });
    await using client = await RealtimeClient.connect(locked.url, {
      headers: { ...bearer(KEY), origin: FRIEND },
    });
    await client.next('session.created');
  });

  test.each([
    ['another origin', STRANGER],
    ['one that begins like a listed one', `${FRIEND}.evil.example`],
    ['a listed name without TLS', FRIEND.replace('https', 'http')],
    ['no origin that can be named', 'null'],
    ['this machine at another port', 'http://127.0.0.1:1'],
  ])('from %s is refused, right key or not, on REST and on the upgrade', async (_name, origin) => {
    const error = { ...FORBIDDEN, message: expect.stringContaining('ALLOWED_ORIGINS') };
    for (const app of [locked, open]) {
      const headers = { ...bearer(KEY), origin };
      for (const [method, path] of [
        ['GET', '/v1/models'],
        ['OPTIONS', '/v1/models'],
        ['GET', '/livez'],
      ] as const) {
        const { status, headers: said, body } = await knock(app, path, headers, method);
        expect({ method, path, status, body }).toEqual({ method, path, status: 403, body: { error } });
        expect(said['access-control-allow-origin']).toBeUndefined();
      }
      const upgrade = await RealtimeClient.refused(app.url, { headers });
      expect(upgrade).toMatchObject({ status: 403, body: { error } });
    }
  });

  test('of our own may connect', async () => {
    await using client = await RealtimeClient.connect(open.url, { headers: { origin: open.url } });
    await client.next('session.created');
    expect((await knock(open, '/v1/models', { origin: open.url })).status).toBe(200);
  });
});

describe('without API_KEYS', () => {
  test('anybody on this machine may in, and whatever key is sent counts as none', async () => {
    const made = await new RestClient(open.url).post('/v1/conversations');
    const other = await new RestClient(open.url, 'any-key').get(`/v1/conversations/${made.body.id}`);
    expect(other.status).toBe(200);
    expect((await new RestClient(open.url, 'ek_invented').get('/v1/models')).status).toBe(401);
  });

  test.each([
    'evil.example',
    'evil.example:4000',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '10.0.0.7',
  ])('a name that is not of this machine, "%s", is refused: it may have been made to lead here', async (host) => {
    const error = { ...FORBIDDEN, message: expect.stringContaining('localhost') };
    for (const path of ['/v1/models', '/livez', '/']) {
      const { status, body } = await knock(open, path, { host });
      expect({ path, status, body }).toEqual({ path, status: 403, body: { error } });
    }
    const upgrade = await RealtimeClient.refused(open.url, { headers: { host } });
    expect(upgrade).toMatchObject({ status: 403, body: { error } });
  });

  test.each([
    'localhost',
    'localhost:4000',
    'LOCALHOST',
    '127.0.0.1',
    '127.1.2.3:80',
    '[::1]',
    '[::1]:4000',
  ])('names of this machine will do: %s', async (host) =>
    expect((await knock(open, '/v1/models', { host })).status).toBe(200));
});

describe('every answer', () => {
  test.each([
    '/',
    '/docs',
    '/v1/models',
    '/v1/nothing',
    '/livez',
  ])('of %s carries the headers that protect a browser', async (path) => {
    const { headers } = await knock(open, path);
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    });
    expect(headers).not.toHaveProperty('x-powered-by');
    const policy = String(headers['content-security-policy']);
    for (const rule of [
      "default-src 'none'",
      "script-src 'self'",
      "connect-src 'self'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ]) {
      expect(policy).toContain(rule);
    }
    expect(policy).not.toContain('unsafe-eval');
    // The viewer of the API styles itself; nothing may run that is not ours, there or elsewhere.
    expect(policy.includes('unsafe-inline')).toBe(path === '/docs');
    expect(policy).not.toMatch(/script-src [^;]*unsafe|script-src-/);
    expect(headers['permissions-policy']).toMatch(/^microphone=\(self\).* camera=\(\)/);
  });

  test('has the name that the request came with, or a new one when that is none', async () => {
    const nameOf = async (id: string) =>
      (await knock(open, '/v1/models', { 'x-request-id': id })).headers['x-request-id'];
    expect(await nameOf('of-my-proxy.7_a')).toBe('of-my-proxy.7_a');
    for (const id of ['', 'two words', 'x'.repeat(65), '<script>', 'a;b', 'caf\u00e9']) {
      expect(await nameOf(id)).toMatch(/^req_[\w-]+$/);
    }
    expect((await knock(open, '/v1/nothing')).headers['x-request-id']).toMatch(/^req_/);
  });

  test('of the page is HTML, and its files may be kept for ever', async () => {
    const page = await knock(open, '/');
    expect(page.headers).toMatchObject({
      'content-type': expect.stringContaining('text/html'),
      'cache-control': 'no-cache',
    });
    const [, file] = /src="(?:\.\/)?(\/?assets\/[^"]+\.js)"/.exec(page.body) ?? [];
    const script = await knock(open, `/${file}`.replace('//', '/'));
    expect(script.status).toBe(200);
    expect(script.headers['cache-control']).toContain('immutable');
    expect((await knock(open, '/docs')).headers['content-type']).toContain('text/html');
  });
});

describe('a request that nobody can serve', () => {
  const rest = () => new RestClient(open.url);

  test.each([
    ['GET', '/v1/nothing'],
    ['GET', '/v1'],
    ['PUT', '/v1/models'],
    ['DELETE', '/v1/conversations'],
    ['GET', '/nothing'],
    ['POST', '/'],
    ['GET', '/../src/main.ts'],
    ['GET', '/assets/../../package.json'],
    ['GET', '/.env'],
    ['GET', '/v1/realtime'],
  ])('%s %s is 404 in JSON', async (method, path) => {
    const { status, headers, body } = await knock(open, path, {}, method);
    expect(status).toBe(404);
    expect(headers['content-type']).toMatch(/^application\/json/);
    expect(body.error).toMatchObject({ type: 'invalid_request_error', code: 'not_found', param: null });
  });

  test.each([
    ['JSON that is cut off', '{"messages":[', {}],
    ['a number', '5', {}],
    ['a form', 'messages=hello', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['no type', '{"messages":[]}', { 'content-type': '' }],
    ['JSON in another encoding', '{}', { 'content-type': 'application/json; charset=latin1' }],
  ])('%s is an error in our shape', async (_name, body, headers) => {
    const response = await rest().open('POST', '/v1/chat/completions', body, { headers });
    expect([400, 415]).toContain(response.status);
    const { error } = (await response.json()) as WireEvent;
    expect(error).toMatchObject({ type: 'invalid_request_error', code: 'invalid_request', param: null });
    expect(error.message).toMatch(/JSON|charset/);
  });

  test('a path that is no text is 400', async () => {
    const { status, body } = await knock(open, '/v1/conversations/%E0%A4%A');
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ type: 'invalid_request_error' });
  });

  test('a body of more than 24 MiB is 413 in our shape', async () => {
    const { status, body } = await rest().post('/v1/chat/completions', `"${'x'.repeat(25 * 1024 * 1024)}"`);
    expect(status).toBe(413);
    expect(body.error).toMatchObject({
      type: 'invalid_request_error',
      message: expect.stringContaining('large'),
    });
  });
});

describe('as a process', () => {
  test('it does not listen to other machines without keys', async () => {
    await using dir = await tempDir();
    const { code, stderr } = await ServiceProcess.fail({
      HOST: '0.0.0.0',
      DATA_DIR: dir.path,
      LLM: 'offline',
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(/HOST=0\.0\.0\.0 .*API_KEYS/);
  });

  test('it prints neither keys nor what people say, whatever the log level', async () => {
    await using dir = await tempDir();
    await using ollama = await new OllamaServer({ reply: 'Of gooseberries I know nothing.' }).start();
    await using speech = await SpeechServer.start();
    const secrets = { key: 'key-of-alice-1', openai: 'sk-openai-secret', tts: 'sk-speech-secret' };
    const app = await ServiceProcess.start({
      DATA_DIR: dir.path,
      LOG_LEVEL: 'trace',
      LLM: 'ollama',
      OLLAMA_BASE_URL: ollama.url,
      OPENAI_API_KEY: secrets.openai,
      TTS_BASE_URL: speech.baseUrl,
      TTS_API_KEY: secrets.tts,
      API_KEYS: `alice:${secrets.key}`,
    });
    await using _app = app;
    const rest = new RestClient(app.url, secrets.key);
    const { body: minted } = await rest.post('/v1/realtime/client_secrets', { user: 'ada' });
    {
      await using client = await RealtimeClient.connect(app.url, { headers: bearer(minted.value) });
      await client.turn('I had gooseberries for breakfast.', { output_modalities: ['audio'] });
      client.send({ type: 'response.create', response: { metadata: { gooseberries: 1 } } });
      client.send('gooseberries');
      client.send({ type: 'gooseberries' });
      ollama.fault = { kind: 'status', status: 500, message: 'out of memory' };
      await client.turn('More gooseberries?');
      ollama.fault = null;
    }
    const messages = [{ role: 'user', content: 'gooseberries' }];
    await rest.post('/v1/chat/completions', { messages, store: true });
    await rest.post('/v1/chat/completions', '{"gooseberries');
    await rest.post('/v1/audio/speech', { input: 'gooseberries' });
    await rest.get('/v1/models?user=gooseberries');
    await new RestClient(app.url, 'wrong-gooseberries').get('/v1/models');
    expect(await app.kill('SIGTERM')).toEqual({ code: 0, signal: null });

    const printed = app.stdout + app.stderr;
    for (const event of ['connection-opened', 'turn-ended', 'client-event-refused', 'connection-closed']) {
      expect(printed).toContain(event);
    }
    expect(printed).toContain('out of memory');
    for (const secret of [...Object.values(secrets), minted.value, 'gooseberries', 'I know nothing']) {
      expect({ secret, isPrinted: printed.includes(secret) }).toEqual({ secret, isPrinted: false });
    }
  });
});
