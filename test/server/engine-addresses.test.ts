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
  [
    'the recognition server http://ollama:9/v1 cannot be reached: getaddrinfo ENOTFOUND ollama',
    'the recognition server … cannot be reached: getaddrinfo ENOTFOUND …',
  ],
  [
    'Connect Timeout Error (attempted address: ollama:11434, timeout: 10000ms)',
    'Connect Timeout Error (attempted address: …, timeout: 10000ms)',
  ],
  [
    'Connect Timeout Error (attempted addresses: 10.0.0.7:80, fd00::7:80, timeout: 10000ms)',
    'Connect Timeout Error (attempted addresses: …, timeout: 10000ms)',
  ],
  ['llm.local:8080 closed the connection', '… closed the connection'],
  [
    'the model llama3.2:3b took 12:30:45 (read ECONNRESET)',
    'the model llama3.2:3b took 12:30:45 (read ECONNRESET)',
  ],
  ['Say it again at 12:30: the model of 8:1 is busy', 'Say it again at 12:30: the model of 8:1 is busy'],
])('"%s" becomes "%s"', (message, shown) => {
  expect(withoutAddresses(message)).toBe(shown);
});

test('nor do our own events tell it', () => {
  const reason = `Qdrant does not answer at ${NOWHERE} (ECONNREFUSED)`;
  const hidden = 'Qdrant does not answer at … (ECONNREFUSED)';
  const node = { name: 'recall', start_ms: 0, end_ms: 1 };
  const traced = (why: string) => ({
    type: 'vivavoce.turn.traced',
    degraded: [{ part: 'memory', reason: why }],
    nodes: [
      { ...node, degraded: why },
      { ...node, degraded: null },
    ],
  });
  const skipped = (why: string) => ({ type: 'vivavoce.speech.skipped', text: NOWHERE, reason: why });
  expect(hideAddresses(traced(reason) as never)).toEqual(traced(hidden));
  expect(hideAddresses(skipped(reason) as never)).toEqual(skipped(hidden));
});

test.each([
  'a',
  ':',
  'a:',
  'a.',
  '1.',
  '-',
  'a-',
  '[',
  'E',
  '1:',
])('a long message of "%s" takes no time', (part) => {
  const from = performance.now();
  withoutAddresses(part.repeat(50_000));
  expect(performance.now() - from).toBeLessThan(500);
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
