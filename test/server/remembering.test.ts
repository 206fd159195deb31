import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RealtimeClient, type WireEvent } from '../support/realtime-client.ts';
import { RestClient } from '../support/rest-client.ts';
import { RunningApp } from '../support/running-app.ts';

/** Asks until it is so: what is learned, is learned behind the turn. */
async function until<T>(ask: () => Promise<T>, isSo: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (isSo(answer)) return answer;
  }
}

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vivavoce-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const start = (env: Readonly<Record<string, string>> = {}, ollama = {}) =>
  RunningApp.start({ folder, env, ollama });

/** Says something in a new conversation; what is answered. */
async function say(app: RunningApp, ...words: readonly string[]): Promise<string> {
  await using client = await RealtimeClient.connect(app.url, { query: { extensions: 'vivavoce' } });
  let done: WireEvent;
  for (const each of words) done = await client.turn(each);
  return done.response.output[0].content[0].text;
}

async function memories(app: RunningApp, query = ''): Promise<WireEvent[]> {
  return (await new RestClient(app.url).get(`/v1/memories?${query}`)).body.data;
}

const texts = (list: readonly WireEvent[]) => list.map(({ text }) => text);
const knows = (app: RunningApp, text: string) =>
  until(
    () => memories(app),
    (list) => texts(list).includes(text),
  );

describe('with nothing but rules', () => {
  const offline = { LLM: 'offline' };

  test('it knows after a restart what it was told, and corrects itself', async () => {
    {
      await using app = await start(offline);
      await say(app, 'My name is Alice and I live in Berlin.');
    }
    await using app = await start(offline);
    expect(await say(app, 'Where do I live?')).toContain('Berlin');
    expect(await say(app, 'What is my name?')).toContain('Alice');

    await say(app, 'Actually I moved to Oslo.');
    const list = await knows(app, 'The user lives in Oslo.');
    expect(await say(app, 'Where do I live?')).toContain('Oslo');
    const { id } = list.find(({ text }) => text === 'The user lives in Oslo.') as WireEvent;
    const { body } = await new RestClient(app.url).get(`/v1/memories/${id}`);
    expect(texts(body.history)).toEqual(['The user lives in Berlin.', 'The user lives in Oslo.']);
  });

  test('a conversation that is open already knows what was said in another one', async () => {
    await using app = await start(offline);
    await using other = await RealtimeClient.connect(app.url);
    await say(app, 'I live in Berlin.');
    await knows(app, 'The user lives in Berlin.');
    const done = await other.turn('Where do I live?');
    expect(done.response.output[0].content[0].text).toContain('Berlin');
  });

  test('what no rule understands is known by its words', async () => {
    await using app = await start(offline);
    await say(app, 'The plumber left his red ladder in our garage.');
    expect(await say(app, 'Where is the red ladder?')).toContain('garage');
  });

  test('an operator sees what the memory has done', async () => {
    await using app = await start(offline);
    await say(app, 'Hello!', 'Where do I live?', 'Well, where do I live?', 'Yes.');
    const { body } = await new RestClient(app.url).get('/v1/memories/statistics');
    expect(body).toMatchObject({
      object: 'memory.statistics',
      recall: { hits: 1, hit_rate: expect.any(Number) },
      replies: null,
      skipped: { greeting: 2, question: 1, short: 1 },
      extraction: { calls: 0, batches: 0 },
    });
  });

  test('what was deleted before anything was learned from it is not told again', async () => {
    await using app = await start(offline);
    const rest = new RestClient(app.url);
    await say(app, 'The plumber left his red ladder in our garage.');
    expect(await say(app, 'Where is the red ladder?')).toContain('garage');
    for (const { id } of (await rest.get('/v1/conversations')).body.data) {
      await rest.delete(`/v1/conversations/${id}`);
    }
    expect(await say(app, 'Where is the red ladder?')).not.toContain('garage');
  });

  test('one user knows nothing of another', async () => {
    await using app = await start(offline);
    await say(app, 'I live in Berlin.');
    await knows(app, 'The user lives in Berlin.');
    await using stranger = await RealtimeClient.connect(app.url, { query: { user: 'mallory' } });
    const done = await stranger.turn('Where do I live?');
    expect(done.response.output[0].content[0].text).not.toContain('Berlin');
  });

  test('a chat frontend talks to an agent that remembers', async () => {
    await using app = await start(offline);
    await say(app, 'I live in Berlin.');
    await knows(app, 'The user lives in Berlin.');
    const messages = [{ role: 'user', content: 'Where do I live?' }];
    const { body } = await new RestClient(app.url).post('/v1/chat/completions', { messages });
    expect(body.choices[0].message.content).toContain('Berlin');
  });

  test('a client of our events sees what was recalled and what the turn waited for', async () => {
    await using app = await start(offline);
    await say(app, 'I live in Berlin.');
    await knows(app, 'The user lives in Berlin.');
    await using client = await RealtimeClient.connect(app.url, { query: { extensions: 'vivavoce' } });
    client.say('Where do I live?');
    const recalled = await client.next('vivavoce.memory.recalled');
    expect(recalled).toMatchObject({ source: 'search', memories: [{ text: 'The user lives in Berlin.' }] });
    const traced = await client.next('vivavoce.turn.traced');
    expect(traced.nodes.map(({ name }: WireEvent) => name)).toEqual(
      expect.arrayContaining(['recall', 'context', 'profile', 'respond']),
    );
    expect(['recall', 'context', 'profile']).toContain(traced.waited_for);
    expect(traced.degraded).toEqual([]);
  });

  test('everything about a person is erased, down to the last byte', async () => {
    await using app = await start(offline);
    const rest = new RestClient(app.url);
    await say(app, 'I live in Berlin and my sister is called Xanthippe.', 'The zeppelin is in the barn.');
    await knows(app, 'The user lives in Berlin.');
    await using open = await RealtimeClient.connect(app.url);
    await open.turn('My brother is called Quirinus.');

    expect((await rest.delete('/v1/memories')).status).toBe(400);
    const asked = await rest.delete('/v1/memories?confirm=everything');
    expect(asked.status).toBe(202);
    await until(
      () => rest.get(asked.headers.get('location') as string),
      ({ body }) => body.status === 'completed',
    );
    expect(await memories(app, 'history=true')).toEqual([]);
    expect((await rest.get('/v1/conversations')).body.data).toEqual([]);
    expect(await say(app, 'Where do I live?')).not.toContain('Berlin');
    await expect(
      erasedFrom(folder, ['Berlin', 'berlin', 'Xanthippe', 'xanthipp', 'zeppelin', 'Quirinus']),
    ).resolves.toBe(true);
  });
});

/** Whether none of the words is left in any file. The log of the database is cut when nobody reads any more. */
async function erasedFrom(dir: string, words: readonly string[]): Promise<boolean> {
  return await until(
    async () => {
      const files = (await readdir(dir)).filter((name) => name !== 'vivavoce.lock');
      const bytes = await Promise.all(files.map((name) => readFile(join(dir, name))));
      return words.every((word) => bytes.every((each) => !each.includes(word)));
    },
    (isErased) => isErased,
  );
}

describe('with a language model', () => {
  test('it learns from a conversation when the last connection is closed', async () => {
    await using app = await start({ LLM: 'ollama' });
    app.ollama.reply = (body) =>
      body.format
        ? JSON.stringify({
            facts: [
              {
                text: "The user's knee hurts since an accident.",
                ...{ from: [1], replaces: [], kind: 'fact', subject: 'user', importance: 3 },
              },
            ],
          })
        : 'I am sorry to hear that.';
    await say(app, 'Ever since that accident my knee has been hurting a lot.');
    const list = await until(
      () => memories(app),
      (found) => found.length > 0,
    );
    expect(texts(list)).toEqual(["The user's knee hurts since an accident."]);
    expect(list[0].source.item_id).toEqual(expect.any(String));
  });
});
