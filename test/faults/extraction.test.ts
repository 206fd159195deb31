import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type TempDir, tempDir } from '../conversation/temp-dir.ts';
import type { RecordedRequest } from '../support/recorded-http.ts';
import { RestClient } from '../support/rest-client.ts';
import { RunningApp } from '../support/running-app.ts';
import type { Fault, ScriptedReply } from '../support/scripted-reply.ts';
import { SkippingClock } from '../support/skipping-clock.ts';
import { ask, connect, memories, say, statusOf, until } from './faulty-memory.ts';

const KNEE = "The user's knee hurts since an accident.";
const SAID = 'Ever since that accident my knee has been hurting a lot.';
const FACTS = JSON.stringify({
  facts: [{ text: KNEE, from: [1], replaces: [], kind: 'fact', subject: 'user', importance: 3 }],
});

let dir: TempDir;
let clock: SkippingClock;

beforeEach(async () => {
  dir = await tempDir();
  clock = new SkippingClock();
});
afterEach(() => dir[Symbol.asyncDispose]());

// biome-ignore lint/suspicious/noExplicitAny: the body of a request is whatever the service sent.
const isExtraction = ({ body }: { readonly body: any }) => body.format !== undefined;

/** Turns are answered; what is asked in the background gets `extraction`. */
async function start(extraction: () => ScriptedReply, env: Readonly<Record<string, string>> = {}) {
  const app = await RunningApp.start({
    folder: dir.path,
    env: { LLM: 'ollama', ...env },
    clock,
    // Long enough that a turn would meet an open one.
    breakerResetMs: 500,
    ollama: {
      ignoresFormat: true,
      reply: (body) => (isExtraction({ body }) ? extraction() : { text: 'I am sorry to hear that.' }),
    },
  });
  return app;
}

const extractions = (app: RunningApp) => app.ollama.requestsTo('/api/chat').filter(isExtraction);

/** Lets time pass until the background has asked so often. */
async function asked(app: RunningApp, times: number): Promise<RecordedRequest> {
  const all = await later(
    () => extractions(app),
    (found) => found.length >= times,
  );
  return all[times - 1] as RecordedRequest;
}

function later<T>(look: () => Promise<T> | T, isSo: (seen: T) => boolean): Promise<T> {
  return until(async () => {
    clock.skip(50);
    await new RestClient('http://127.0.0.1:9').get('/').catch(() => undefined);
    return await look();
  }, isSo);
}

const knowsTheKnee = (app: RunningApp) =>
  later(
    () => memories(app),
    (texts) => texts?.includes(KNEE) ?? false,
  );

describe('a model that learns from what was said', () => {
  const failing = (kind: 'stall' | 'reset' | 'eof' | 'garbage'): Fault => ({ kind, afterTokens: 0 });

  test.each<[string, Fault]>([
    ['cuts the connection', failing('reset')],
    ['ends in the middle', failing('eof')],
    ['sends something else', failing('garbage')],
    ['fails', { kind: 'status', status: 500, message: 'the runner has crashed' }],
  ])('and %s, again and again, is no fault of the turns: they are answered by it all the same', async (_, fault) => {
    let current: Fault | null = fault;
    await using app = await start(() => ({ text: FACTS, ...(current && { fault: current }) }));
    await say(app, SAID);
    await asked(app, 5);
    await using client = await connect(app);
    expect(await ask(client, 'Are you there?')).toMatchObject({
      status: 'completed',
      answer: 'I am sorry to hear that.',
    });
    current = null;
    await knowsTheKnee(app);
    expect(await memories(app)).toEqual([KNEE]);
  });

  test('and fails once is not taken from the turns, and rules do not answer people instead', async () => {
    let isFailing = true;
    await using app = await start(() => ({ text: FACTS, ...(isFailing && { fault: failing('reset') }) }), {
      LLM: 'auto',
    });
    await using client = await connect(app);
    await say(app, SAID);
    await (await asked(app, 1)).closed;
    isFailing = false;
    expect((await ask(client, 'Are you there?')).answer).toBe('I am sorry to hear that.');
    expect(await statusOf(app, 'llm')).toMatchObject({ engine: 'ollama', state: 'ready' });
    await knowsTheKnee(app);
    expect(await memories(app)).toEqual([KNEE]);
  });

  test('and stalls is told to stop when a turn begins, and asked again afterwards, once', async () => {
    let isStalled = true;
    await using app = await start(() => ({
      text: FACTS,
      ...(isStalled && { fault: failing('stall') }),
    }));
    await say(app, SAID);
    const { closed } = await asked(app, 1);
    isStalled = false;
    await using client = await connect(app);
    expect(await ask(client, 'Are you there?')).toMatchObject({ status: 'completed' });
    expect(await closed).toMatchObject({ finished: false });
    await knowsTheKnee(app);
    expect(extractions(app)).toHaveLength(2);
    expect(await memories(app)).toEqual([KNEE]);
  });

  test('and never answers in a way that can be used is asked twice, and then no more', async () => {
    await using app = await start(() => ({ text: 'I would rather talk about the weather.' }));
    await say(app, SAID);
    await asked(app, 2);
    await using client = await connect(app);
    expect(await ask(client, 'Are you there?')).toMatchObject({ status: 'completed', degraded: {} });
    clock.skip(600_000);
    await say(app, 'The red ladder of the plumber is in our garage.');
    // The next messages are read without the ones that were set aside.
    const next = await asked(app, 3);
    expect(JSON.stringify(next.body)).toContain('red ladder');
    const [asLearned = ''] = next.body.messages.map(({ content }: { content: string }) => content).slice(-1);
    expect(asLearned).not.toMatch(/\[1\].*knee/);
    expect(await memories(app)).toEqual([]);
  });
});
