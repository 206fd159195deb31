import { expect, test } from 'vitest';
import { RealtimeClient, type WireEvent } from '../support/realtime-client.ts';
import { RestClient } from '../support/rest-client.ts';
import { RunningApp } from '../support/running-app.ts';

async function say(app: RunningApp, words: string): Promise<string> {
  await using client = await RealtimeClient.connect(app.url);
  return (await client.turn(words)).response.output[0].content[0].text;
}

/** The memory that says this, as soon as it was learned. */
async function learned(app: RunningApp, text: string): Promise<WireEvent> {
  const rest = new RestClient(app.url);
  for (;;) {
    const { data } = (await rest.get('/v1/memories')).body;
    const found = data.find((memory: WireEvent) => memory.text === text);
    if (found) return found;
  }
}

test('what somebody deletes is not told from the words that it was learned from', async () => {
  await using app = await RunningApp.start({ env: { LLM: 'offline' } });
  await say(app, 'I live in Berlin.');
  expect(await say(app, 'Where do I live?')).toContain('Berlin');
  const { id } = await learned(app, 'The user lives in Berlin.');
  await new RestClient(app.url).delete(`/v1/memories/${id}`);
  expect(await say(app, 'Where do I live?')).not.toContain('Berlin');
});

test('nor is what they had taken the place of', async () => {
  await using app = await RunningApp.start({ env: { LLM: 'offline' } });
  await say(app, 'I live in Berlin.');
  await learned(app, 'The user lives in Berlin.');
  await say(app, 'I moved to Oslo.');
  const { id } = await learned(app, 'The user lives in Oslo.');
  expect(await say(app, 'Where do I live?')).toContain('Oslo');
  await new RestClient(app.url).delete(`/v1/memories/${id}`);
  expect(await say(app, 'Where do I live?')).not.toMatch(/Oslo|Berlin/);
});

test('what somebody corrects by hand stays corrected when a model reads what was said', async () => {
  await using app = await RunningApp.start();
  const read: string[] = [];
  app.ollama.reply = ({ format, messages }) => {
    if (!format) return 'I see.';
    read.push(messages.at(-1).content);
    const fact = { text: 'The user lives in Berlin.', from: [1], kind: 'fact', subject: 'user' };
    return JSON.stringify({ facts: [{ ...fact, importance: 3, replaces: [1] }] });
  };
  const rest = new RestClient(app.url);
  {
    await using client = await RealtimeClient.connect(app.url);
    await client.turn('I live in Berlin with my husband Carl.');
    const { id } = await learned(app, 'The user lives in Berlin.');
    await rest.patch(`/v1/memories/${id}`, { text: 'The user lives in Bergen.', value: 'Bergen' });
    await client.turn('My sister is called Meera, and she bakes.');
  }
  // It is not read again, but for the sense of what is.
  while (read.length === 0) await rest.get('/v1/memories');
  expect(read[0]).toContain('[1] user: "I live in Berlin');
  expect(read[0]).toContain('user (learn): "My sister');
  await learned(app, "The user's sister is called Meera.");
  await learned(app, 'The user lives in Bergen.');
});

test('what somebody asks to be forgotten is not told any more, in this conversation or the next', async () => {
  await using app = await RunningApp.start({ env: { LLM: 'offline' } });
  await using client = await RealtimeClient.connect(app.url);
  const answer = async (words: string) => (await client.turn(words)).response.output[0].content[0].text;
  await answer('My name is Ola and I live in Berlin.');
  await answer('I moved to Oslo.');
  await learned(app, 'The user lives in Oslo.');
  expect(await answer('Please forget where I live.')).not.toContain('Oslo');
  expect(await answer('Where do I live?')).not.toMatch(/Oslo|Berlin/);
  const rest = new RestClient(app.url);
  while ((await rest.get('/v1/memories')).body.data.length > 1);
  expect(await say(app, 'Where do I live?')).not.toMatch(/Oslo|Berlin/);
  expect(await say(app, 'What is my name?')).toContain('Ola');
});
