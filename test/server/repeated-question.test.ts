import { expect, test } from 'vitest';
import { RealtimeClient } from '../support/realtime-client.ts';
import { RestClient } from '../support/rest-client.ts';
import { RunningApp } from '../support/running-app.ts';

async function say(app: RunningApp, words: string): Promise<string> {
  await using client = await RealtimeClient.connect(app.url);
  return (await client.turn(words)).response.output[0].content[0].text;
}

const QUESTION = 'Where do I live?';

/** The model counts its answers. */
async function start(env: Readonly<Record<string, string>>): Promise<RunningApp> {
  const app = await RunningApp.start({ env });
  let replies = 0;
  app.ollama.reply = ({ format }) => (format ? '{"facts":[]}' : `Answer ${++replies}.`);
  return app;
}

test('a repeated question is answered anew each time, unless the settings say otherwise', async () => {
  await using app = await start({});
  const first = await say(app, QUESTION);
  expect(await say(app, QUESTION)).not.toBe(first);
});

test('it has the same answer until something is said, also what no memory comes of, or taken back', async () => {
  await using app = await start({ REPLY_CACHE_SECONDS: '600' });
  const first = await say(app, QUESTION);
  expect(await say(app, `Well, ${QUESTION}`)).toBe(first);

  await say(app, 'The plumber left his red ladder in our garage.');
  const second = await say(app, QUESTION);
  expect(second).not.toBe(first);
  expect(await say(app, QUESTION)).toBe(second);

  const rest = new RestClient(app.url);
  const { data } = (await rest.get('/v1/conversations')).body;
  await rest.delete(`/v1/conversations/${data[0].id}`);
  expect(await say(app, QUESTION)).not.toBe(second);
});

test('it is answered anew when the messages of a request say something else', async () => {
  await using app = await start({ REPLY_CACHE_SECONDS: '600' });
  const rest = new RestClient(app.url);
  const ask = async (...messages: readonly object[]) =>
    (await rest.post('/v1/chat/completions', { messages })).body.choices[0].message.content;
  const question = { role: 'user', content: QUESTION };
  const first = await ask(question);
  expect(await ask(question)).toBe(first);
  expect(await ask({ role: 'user', content: 'I moved to Oslo.' }, question)).not.toBe(first);
  expect(await ask({ role: 'system', content: 'Answer in French.' }, question)).not.toBe(first);
});
