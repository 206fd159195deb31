import { describe, expect, test } from 'vitest';
import type { EngineStatus } from '../../src/engine-status.ts';
import { NO_ANSWER } from '../../src/nodes/apology.ts';
import { OllamaServer } from '../support/ollama-server.ts';
import { OpenAiServer } from '../support/openai-server.ts';
import type { RealtimeClient, WireEvent } from '../support/realtime-client.ts';
import { RestClient } from '../support/rest-client.ts';
import { RunningApp } from '../support/running-app.ts';
import type { Fault } from '../support/scripted-reply.ts';
import { SkippingClock } from '../support/skipping-clock.ts';
import { ask, connect, memories, say, statusOf, toldOf, until } from './faulty-memory.ts';

const FIRST = 'Ollama speaks to you.';
const SECOND = 'The second one speaks to you.';
const BROKEN = 'Ollama speaks… I lost my train of thought.';
/** Deadlines are a fortieth of what they are: 1.5 s to the first content, 200 ms for a stall. */
const HURRY = { patience: 0.025, breakerResetMs: 50 };

const faultsAfter = (afterTokens: number): (readonly [how: string, fault: Fault, reason: RegExp])[] => [
  ['a reset', { kind: 'reset', afterTokens }, /closed the connection/],
  ['an early end', { kind: 'eof', afterTokens }, /ended its answer in the middle/],
  ['garbage', { kind: 'garbage', afterTokens }, /not JSON/],
  ['a complaint', { kind: 'error-line', afterTokens, message: 'out of memory' }, /out of memory/],
  ['a stall', { kind: 'stall', afterTokens }, /ms$/],
];

interface Chain extends AsyncDisposable {
  readonly app: RunningApp;
  readonly second: OpenAiServer;
  readonly clock: SkippingClock;
}

/** Ollama, then a server with OpenAI's API, then rules. */
async function startChain(): Promise<Chain> {
  const clock = new SkippingClock();
  const second = await new OpenAiServer({ reply: SECOND }).start();
  const app = await RunningApp.start({
    ...{ clock, ...HURRY },
    ollama: { reply: FIRST },
    env: { LLM: 'auto', OPENAI_BASE_URL: second.baseUrl },
  });
  const dispose = async () => {
    await app[Symbol.asyncDispose]();
    await second[Symbol.asyncDispose]();
  };
  return { app, second, clock, [Symbol.asyncDispose]: dispose };
}

/** What the page was told last, once that is who answers now. */
async function told(page: RealtimeClient, engine: string): Promise<EngineStatus | undefined> {
  return await until(
    () => toldOf(page, 'llm'),
    (status) => status?.engine === engine,
  );
}

describe('a chain of language models', () => {
  test('answers every turn while one after the other goes away, and takes each back when it returns', async () => {
    await using chain = await startChain();
    const { app, clock } = chain;
    await using page = await connect(app);
    expect((await ask(page, 'Hello?')).answer).toBe(FIRST);
    const { port } = app.ollama;
    const { port: secondPort } = chain.second;

    await app.ollama[Symbol.asyncDispose]();
    expect(await ask(page, 'Are you there?')).toMatchObject({ status: 'completed', answer: SECOND });
    expect(await told(page, 'openai')).toMatchObject({
      state: 'degraded',
      reason: expect.stringMatching(/^openai answers meanwhile: .*Ollama does not answer.*is it running\?/),
    });
    expect((await new RestClient(app.url).get('/readyz')).body.status).toBe('degraded');

    await chain.second[Symbol.asyncDispose]();
    const byRules = await ask(page, 'And now?');
    expect(byRules).toMatchObject({ status: 'completed', answer: expect.stringMatching(/\w/) });
    expect([FIRST, SECOND]).not.toContain(byRules.answer);
    expect(await told(page, 'offline')).toMatchObject({ state: 'degraded' });
    expect(await statusOf(app, 'llm')).toMatchObject({ engine: 'offline' });

    await using _second = await new OpenAiServer({ reply: SECOND }).start(secondPort);
    clock.skip(15_000);
    await told(page, 'openai');
    expect((await ask(page, 'Is somebody back?')).answer).toBe(SECOND);

    await using _first = await new OllamaServer({ reply: FIRST }).start(port);
    clock.skip(3_000);
    expect(await told(page, 'ollama')).toMatchObject({ state: 'ready' });
    expect(await ask(page, 'All of you?')).toMatchObject({ answer: FIRST, degraded: {} });
  });

  test('does not take an engine back whose breaker is open, though it lists its models', async () => {
    await using chain = await startChain();
    const { app, clock } = chain;
    app.ollama.fault = { kind: 'status', status: 500, message: 'out of memory' };
    await using page = await connect(app);
    const opened = async () => {
      expect((await ask(page, 'Hello?')).answer).toBe(SECOND);
      clock.skip(3_000);
      return (await statusOf(app, 'llm')).reason;
    };
    await until(opened, (reason) => /left alone/.test(reason));
    app.ollama.fault = null;
    await until(
      async () => {
        clock.skip(3_000);
        return await ask(page, 'Hello?');
      },
      ({ answer }) => answer === FIRST,
    );
    expect(await statusOf(app, 'llm')).toMatchObject({ engine: 'ollama', state: 'ready' });
  });
});

test('an engine that fails in any way before its first word is replaced within the turn', async () => {
  const faults: (readonly [string, Fault, RegExp])[] = [
    ['out of memory', { kind: 'status', status: 500, message: 'out of memory' }, /out of memory/],
    ['too much to do', { kind: 'status', status: 429, message: 'try later' }, /try later/],
    ...faultsAfter(0),
  ];
  await using chain = await startChain();
  const { app, clock } = chain;
  for (const [how, fault] of faults) {
    app.ollama.fault = fault;
    expect(await say(app, 'Hello?'), how).toMatchObject({ status: 'completed', answer: SECOND });
    app.ollama.fault = null;
    await until(
      async () => {
        clock.skip(3_000);
        return await say(app, 'Hello?');
      },
      ({ answer }) => answer === FIRST,
    );
  }
});

describe('an engine that breaks in the middle of its answer', () => {
  test('is not replaced: the answer is ended honestly, kept, and fails; the next one is whole', async () => {
    await using chain = await startChain();
    const { app } = chain;
    await using client = await connect(app);
    const { conversation } = await client.next('conversation.created');
    for (const [how, fault, reason] of faultsAfter(2)) {
      app.ollama.fault = fault;
      expect(await ask(client, 'Tell me something.'), how).toMatchObject({
        status: 'failed',
        answer: BROKEN,
        degraded: { respond: expect.stringMatching(reason) },
      });
      app.ollama.fault = null;
      // After a stall it is the second that answers, until the first has been asked how it is.
      expect(await ask(client, `Go on, ${how}.`)).toMatchObject({ status: 'completed', degraded: {} });
      const prompts = [app.ollama, chain.second].flatMap((server) => server.requests.map(({ body }) => body));
      const prompt = prompts.find((body) => body?.messages?.at(-1).content === `Go on, ${how}.`);
      const said = prompt.messages.filter(({ role }: WireEvent) => role === 'assistant');
      expect(said.at(-1).content).toBe(BROKEN);
    }
    const path = `/v1/conversations/${conversation.id}/items?order=asc`;
    const { data } = (await new RestClient(app.url).get(path)).body;
    expect(data[1]).toMatchObject({ status: 'incomplete', content: [{ text: BROKEN }] });
  });

  test('the words and their end are a stream over REST, and then the error', async () => {
    await using chain = await startChain();
    chain.app.ollama.fault = { kind: 'reset', afterTokens: 2 };
    const messages = [{ role: 'user', content: 'Tell me something.' }];
    const answer = await new RestClient(chain.app.url).post('/v1/chat/completions', {
      messages,
      stream: true,
    });
    const events = (answer.body as string)
      .trim()
      .split('\n\n')
      .map((event) => JSON.parse(event.slice('data: '.length)));
    expect(events.map(({ choices }) => choices?.[0].delta.content ?? '').join('')).toBe(BROKEN);
    expect(events.at(-1).error).toMatchObject({ type: 'server_error', code: 'engine_failed' });
  });

  test('nothing of it is kept for the next who asks the same, or learned', async () => {
    await using app = await RunningApp.start({ ...HURRY, env: { REPLY_CACHE_SECONDS: '600' } });
    app.ollama.reply = ({ format }) => (format ? '{"facts":[]}' : FIRST);
    app.ollama.fault = { kind: 'reset', afterTokens: 2 };
    expect((await say(app, 'Where do I live?')).answer).toBe(BROKEN);
    app.ollama.fault = null;
    expect((await say(app, 'Where do I live?')).answer).toBe(FIRST);
    expect(await memories(app)).toEqual([]);
  });
});

test('a turn that no engine can answer is apologised for aloud, a failure without words in writing, and the last of its kind', async () => {
  await using app = await RunningApp.start();
  app.ollama.fault = { kind: 'status', status: 500, message: 'out of memory' };
  await using client = await connect(app);
  const { response } = await client.turn('Hello?', {});
  expect(response).toMatchObject({
    status: 'failed',
    status_details: { error: { code: 'engine_unavailable' } },
    output: [{ status: 'incomplete', content: [{ transcript: NO_ANSWER }] }],
  });
  expect(app.speech.requests.map(({ body }) => body.input).join(' ')).toBe(NO_ANSWER);
  expect(client.all('response.output_audio.delta').length).toBeGreaterThan(0);
  expect(await say(app, 'Hello?')).toMatchObject({
    status: 'failed',
    answer: '',
    degraded: { respond: expect.stringContaining('out of memory') },
  });
  app.ollama.fault = null;
  expect((await client.turn('Hello?', {})).response.status).toBe('completed');
});
