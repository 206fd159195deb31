import { chmod, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { tempDir } from '../conversation/temp-dir.ts';
import { OllamaServer } from '../support/ollama-server.ts';
import { RealtimeClient, type WireEvent } from '../support/realtime-client.ts';
import { RestClient } from '../support/rest-client.ts';
import { ServiceProcess } from '../support/service-process.ts';

/** Processes start many times here, and each takes seconds on a busy machine. */
const TIMEOUT_MS = 120_000;
const ANSWER = 'One two three four five six seven eight.';

vi.setConfig({ testTimeout: TIMEOUT_MS });

let ollama: OllamaServer;

beforeAll(async () => {
  ollama = await new OllamaServer({ reply: ANSWER }).start();
});
afterAll(() => ollama[Symbol.asyncDispose]());

const start = (dataDir: string, env: Record<string, string> = {}) =>
  ServiceProcess.start({ DATA_DIR: dataDir, LLM: 'ollama', OLLAMA_BASE_URL: ollama.url, ...env });

/** Every item of every conversation. */
async function everything(url: string): Promise<WireEvent[]> {
  const rest = new RestClient(url);
  const items: WireEvent[] = [];
  const { body } = await rest.get('/v1/conversations?limit=100');
  for (const { id } of body.data) {
    for (let after = '', more = true; more; ) {
      const page = await rest.get(`/v1/conversations/${id}/items?order=asc&limit=100${after}`);
      items.push(...page.body.data);
      after = `&after=${page.body.last_id}`;
      more = page.body.has_more;
    }
  }
  return items;
}

const wordsOf = ({ content }: WireEvent) => content[0].text;

/** Begins an answer that stops after four words, and waits until they are there. */
async function inTheMiddle(client: RealtimeClient, words: string): Promise<void> {
  ollama.fault = { kind: 'stall', afterTokens: 4 };
  client.say(words);
  await client.next('response.output_text.delta', ({ delta }) => delta.includes('four'));
  ollama.fault = null;
}

test('SIGTERM in the middle of an answer tells the client, keeps what was said, and ends with 0', async () => {
  await using dir = await tempDir();
  let conversationId: string;
  {
    await using service = await start(dir.path);
    const client = await RealtimeClient.connect(service.url);
    const idle = await RealtimeClient.connect(service.url);
    conversationId = (await client.next('conversation.created')).conversation.id;
    await client.turn('Hello.');
    await inTheMiddle(client, 'Count for me.');
    const began = performance.now();
    expect(await service.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    // The bound of the service, far above what it takes.
    expect(performance.now() - began).toBeLessThan(5_000);

    const { response } = await client.next('response.done');
    expect(response).toMatchObject({ status: 'cancelled', output: [{ status: 'incomplete' }] });
    const goodbye = { code: 1012, reason: expect.stringContaining('shutting down') };
    expect(await client.closed).toEqual(goodbye);
    expect(await idle.closed).toEqual(goodbye);
    expect(service.stderr).toBe('');
  }
  await using service = await start(dir.path);
  const { body } = await new RestClient(service.url).get(
    `/v1/conversations/${conversationId}/transcript?format=txt`,
  );
  for (const words of ['Hello.', ANSWER, 'Count for me.', 'One two three four'])
    expect(body).toContain(words);
  const items = await everything(service.url);
  expect(items.map(({ role, status }) => `${role} ${status}`)).toEqual([
    'user completed',
    'assistant completed',
    'user completed',
    'assistant incomplete',
  ]);
  expect(wordsOf(items[3])).toBe('One two three four');
});

test('a second process on the same folder is refused, and the first runs on until it is told to end', async () => {
  await using dir = await tempDir();
  await using service = await start(dir.path);
  const second = await ServiceProcess.fail({ DATA_DIR: dir.path, LLM: 'offline' });
  expect(second).toMatchObject({ code: 1, stdout: '' });
  expect(second.stderr).toMatch(
    /^vivavoce cannot run\. another vivavoce process uses .*: stop it, or set DATA_DIR/,
  );
  expect(second.stderr).not.toMatch(/^\s+at /m);
  {
    await using client = await RealtimeClient.connect(service.url);
    expect((await client.turn('Are you well?')).response.status).toBe('completed');
  }
  // It ends although a client does not answer the goodbye, and a request is being answered.
  const deaf = await RealtimeClient.connect(service.url);
  deaf.socket.pause();
  ollama.fault = { kind: 'stall', afterTokens: 1 };
  const messages = [{ role: 'user', content: 'Slowly.' }];
  const response = await new RestClient(service.url).open('POST', '/v1/chat/completions', {
    messages,
    stream: true,
  });
  ollama.fault = null;
  const rest = expect(response.text()).rejects.toThrow();
  expect(await service.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  await rest;
  deaf.socket.resume();
  await deaf.closed;
});

describe.concurrent('what stops the start is one clear message and exit code 1, without a stack trace:', () => {
  async function expectRefusal(env: Record<string, string>, message: RegExp) {
    const { code, stdout, stderr } = await ServiceProcess.fail({ LLM: 'offline', ...env });
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^vivavoce cannot run\. /);
    expect(stderr).not.toMatch(/^\s+at |node:internal|ExperimentalWarning/m);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  }

  test.each([
    ['a setting that is wrong', { PORT: 'many' }, /PORT: must be a whole number/],
    ['an engine that is not built yet', { TTS: 'kokoro' }, /TTS=kokoro is not available/],
    ['an agent file that is not there', { AGENT_FILE: '/nowhere/agent.json' }, /AGENT_FILE \/nowhere/],
    ['a file of phrases that is not there', { VOICE_PHRASES_FILE: '/nowhere/x' }, /VOICE_PHRASES_FILE/],
  ])('%s', async (_name, env, message) => {
    await using dir = await tempDir();
    await expectRefusal({ DATA_DIR: dir.path, ...env }, message);
  });

  test('a port that is taken', async () => {
    await using dir = await tempDir();
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as { port: number };
    await expectRefusal(
      { DATA_DIR: dir.path, PORT: String(port) },
      new RegExp(`127\\.0\\.0\\.1:${port}: .*set PORT`),
    );
    other.close();
  });

  test('a certificate that is none', async () => {
    await using dir = await tempDir();
    const file = dir.file('cert.pem');
    await writeFile(file, 'not a certificate');
    await expectRefusal({ DATA_DIR: dir.path, TLS_CERT: file, TLS_KEY: file }, /TLS_CERT or TLS_KEY/);
  });

  test('a folder that is a file', async () => {
    await using dir = await tempDir();
    await writeFile(dir.file('taken'), '');
    await expectRefusal(
      { DATA_DIR: dir.file('taken/data') },
      /DATA_DIR cannot be used: .*taken.*set DATA_DIR/,
    );
  });

  // Nothing is unwritable for root.
  test.skipIf(userInfo().uid === 0)('a folder that may not be written to', async () => {
    await using dir = await tempDir();
    await chmod(dir.path, 0o500);
    await expectRefusal({ DATA_DIR: dir.path }, /DATA_DIR cannot be used/);
    await chmod(dir.path, 0o700);
  });

  test('a database that is none', async () => {
    await using dir = await tempDir();
    await writeFile(dir.file('conversations.db'), 'not a database '.repeat(1_000));
    await expectRefusal({ DATA_DIR: dir.path }, /conversations\.db is damaged/);
  });
});
