import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { guardList } from '../../src/protocol/rest-guards.ts';
import { RestClient } from '../support/rest-client.ts';
import { RunningApp } from '../support/running-app.ts';

const GUARD = '/v1/guards/tts:openai';

let app: RunningApp;
let operator: RestClient;
let talker: RestClient;

beforeAll(async () => {
  app = await RunningApp.start({
    env: {
      API_KEYS: 'ops:operator-secret,ann:talker-secret',
      API_KEY_SCOPES: 'ann:talk',
      VOICE_CACHE_MB: '0',
      MAX_TURNS_PER_KEY: '1',
    },
  });
  operator = new RestClient(app.url, 'operator-secret');
  talker = new RestClient(app.url, 'talker-secret');
});
afterAll(() => app[Symbol.asyncDispose]());

const ask = (client: RestClient, words: string) =>
  client.post('/v1/chat/completions', { messages: [{ role: 'user', content: words }] });

describe('the guards', () => {
  test('are listed with what came of their calls', async () => {
    await ask(operator, 'Hello there');
    const { status, body } = await operator.get('/v1/guards');
    expect(status).toBe(200);
    expect(guardList.parse(body)).toEqual(body);
    const ollama = body.data.find(({ id }: { id: string }) => id === 'llm:ollama');
    expect(ollama).toMatchObject({ state: 'closed', is_held: false, reason: null, running: 0, waiting: 0 });
    expect(ollama.successes).toBeGreaterThan(0);
  });

  test('can be opened by an operator, and the engine is left alone until one resets it', async () => {
    const before = app.speech.requests.length;
    const opened = await operator.post(`${GUARD}/open`);
    expect(opened.body).toMatchObject({ id: 'tts:openai', state: 'open', is_held: true });
    expect(opened.body.reason).toBeTypeOf('string');
    const spoken = await talker.open('POST', '/v1/audio/speech', { input: 'Good morning.' });
    await spoken.arrayBuffer();
    expect(app.speech.requests.length).toBe(before);
    const closed = await operator.post(`${GUARD}/reset`);
    expect(closed.body).toMatchObject({ id: 'tts:openai', state: 'closed', is_held: false, reason: null });
    await (await talker.open('POST', '/v1/audio/speech', { input: 'Good evening.' })).arrayBuffer();
    expect(app.speech.requests.length).toBe(before + 1);
  });

  test('are 404 by a name that none has', async () => {
    const { status, body } = await operator.post('/v1/guards/llm:nobody/open');
    expect({ status, code: body.error.code }).toEqual({ status: 404, code: 'not_found' });
    expect(body.error.message).toContain('llm:ollama');
  });

  test.each(['/v1/guards', '/metrics'])('%s is for operators only', async (path) => {
    expect((await operator.get(path)).status).toBe(200);
    const refused = await talker.get(path);
    expect({ status: refused.status, code: refused.body.error.code }).toEqual({
      status: 403,
      code: 'forbidden',
    });
    expect((await new RestClient(app.url).get(path)).status).toBe(401);
  });
});

describe('/metrics', () => {
  test('is what Prometheus reads', async () => {
    const { headers, body } = await operator.get('/metrics');
    expect(headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(body).toMatch(/^vivavoce_guard_state\{guard="llm:ollama",state="closed"\} 1$/m);
    expect(body).toMatch(/^vivavoce_shedding 0$/m);
    expect(body).toMatch(/^process_resident_memory_bytes \d/m);
  });

  test('is open on a server without keys', async () => {
    await using open = await RunningApp.start();
    expect((await new RestClient(open.url).get('/metrics')).status).toBe(200);
  });
});

describe('a turn over REST', () => {
  const CALLS = {
    '/v1/chat/completions': { messages: [{ role: 'user', content: 'Are you there?' }] },
    '/v1/audio/speech': { input: 'Good morning.' },
    '/v1/audio/transcriptions': {},
  };

  test.each(
    Object.entries(CALLS),
  )('on %s is refused while the key has all of its turns', async (path, body) => {
    const gate = Promise.withResolvers<void>();
    const { answer } = app.speech;
    app.speech.answer = async (request, response) => {
      await gate.promise;
      await answer(request, response);
    };
    const asked = app.speech.requests.length;
    const running = talker.open('POST', '/v1/audio/speech', { input: 'A sentence that takes its time.' });
    await expect.poll(() => app.speech.requests.length).toBeGreaterThan(asked);
    const refused = await talker.post(path, body);
    expect(refused.status).toBe(503);
    expect(refused.body.error).toMatchObject({
      type: 'server_error',
      code: 'overloaded',
      message: expect.stringMatching(/^1 answers for this key are being made.*Try again in [1-5] s\.$/),
    });
    // Another key has its own.
    expect((await ask(operator, 'And you?')).status).toBe(200);
    gate.resolve();
    app.speech.answer = answer;
    const spoken = await running;
    expect(spoken.status).toBe(200);
    await spoken.arrayBuffer();
    await expect.poll(async () => (await ask(talker, 'Now?')).status).toBe(200);
  });
});
