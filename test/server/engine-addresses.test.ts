import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hideAddresses, withoutAddresses } from '../../src/server/engine-reasons.ts';
import { RealtimeClient } from '../support/realtime-client.ts';
import { RunningApp } from '../support/running-app.ts';
import { START_TIMEOUT_MS } from '../support/start-timeout.ts';

/** A port where nobody listens. */
const NOWHERE = 'http://127.0.0.1:9';
const KEYS = { guest: 'key-of-a-guest', owner: 'key-of-the-owner' };
type Key = keyof typeof KEYS;

let app: RunningApp;

beforeAll(async () => {
  app = await RunningApp.start({
    env: {
      ...{ LLM: 'ollama', OLLAMA_BASE_URL: NOWHERE },
      API_KEYS: `guest:${KEYS.guest},owner:${KEYS.owner}`,
      API_KEY_SCOPES: 'guest:talk,owner:talk+operate',
    },
  });
}, START_TIMEOUT_MS);
afterAll(() => app[Symbol.asyncDispose]());

const headers = (key: Key) => ({ authorization: `Bearer ${KEYS[key]}` });

async function toldInChat(key: Key): Promise<string> {
  const response = await fetch(`${app.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { ...headers(key), 'content-type': 'application/json' },
    body: JSON.stringify({ messages: [{ role: 'user', content: 'Hello' }] }),
  });
  expect(response.status).toBe(503);
  const { error } = (await response.json()) as { error: { message: string } };
  return error.message;
}

async function toldInTurn(key: Key): Promise<string> {
  await using client = await RealtimeClient.connect(app.url, { headers: headers(key) });
  const { response } = await client.turn('Look at http://10.0.0.7:80, please.');
  expect(response.status).toBe('failed');
  return response.status_details.error.message;
}

describe('where an engine runs that failed', () => {
  test.each([
    ['a chat', toldInChat],
    ['a turn', toldInTurn],
  ])('is told in %s to a key that operates the service, and to no other', async (_name, told) => {
    expect(await told('owner')).toContain(NOWHERE);
    const message = await told('guest');
    expect(message).not.toContain('127.0.0.1');
    expect(message).toContain('Ollama does not answer at … ');
  });
});

test.each([
  ['connect ECONNREFUSED 192.168.1.5:11434', 'connect ECONNREFUSED …'],
  ['connect ECONNREFUSED ::1:11434', 'connect ECONNREFUSED …'],
  ['at "https://llm.example/v1" (fetch failed)', 'at "…" (fetch failed)'],
  ['Say it again at 12:30: the model of 8:1 is busy', 'Say it again at 12:30: the model of 8:1 is busy'],
])('"%s" becomes "%s"', (message, shown) => {
  expect(withoutAddresses(message)).toBe(shown);
});

test('what people say of addresses is left as it is', () => {
  const error = { type: 'server_error', code: 'engine_failed', message: `${NOWHERE} failed` };
  const output = [{ content: [{ type: 'output_text', text: `Look at ${NOWHERE}.` }] }];
  const done = { type: 'response.done', response: { output, status_details: { type: 'failed', error } } };
  expect(hideAddresses(done as never)).toEqual({
    ...done,
    response: { output, status_details: { type: 'failed', error: { ...error, message: '… failed' } } },
  });
});
