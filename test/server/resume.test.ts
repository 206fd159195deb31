import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FaultProxy } from '../support/fault-proxy.ts';
import { RealtimeClient, type WireEvent } from '../support/realtime-client.ts';
import { RestClient } from '../support/rest-client.ts';
import { RunningApp } from '../support/running-app.ts';

const COUNT = 'One two three four. Five six seven eight.';
const EXTENSIONS = { extensions: 'vivavoce' };

let app: RunningApp;

beforeEach(async () => {
  app = await RunningApp.start({ ollama: { reply: COUNT } });
});
afterEach(() => app[Symbol.asyncDispose]());

async function begin(url = app.url): Promise<{ client: RealtimeClient; token: string }> {
  const client = await RealtimeClient.connect(url, { query: EXTENSIONS });
  const { resume } = await client.next('session.created');
  return { client, token: resume.token };
}

function resume(token: string, after: number, query: Readonly<Record<string, string>> = {}) {
  return RealtimeClient.connect(app.url, {
    query: { ...EXTENSIONS, resume: token, after: `${after}`, ...query },
  });
}

const numbersOf = (events: readonly WireEvent[]) =>
  events.flatMap(({ sequence }) => (sequence === undefined ? [] : [sequence]));

describe('the numbers of events', () => {
  test('count from 0 without a gap, on everything but audio, which says where it belongs', async () => {
    const { client } = await begin();
    await client.turn('Count for me.', { output_modalities: ['audio'] });
    await client.next('vivavoce.turn.traced');
    const audio = client.all('response.output_audio.delta');
    expect(audio.length).toBeGreaterThan(2);
    const others = client.events.filter(({ type }) => type !== 'response.output_audio.delta');
    expect(numbersOf(others)).toEqual(others.map((_, index) => index));
    expect(numbersOf(audio)).toEqual([]);
    let at = 0;
    for (const { delta, audio_offset_ms } of audio) {
      expect(Math.abs(audio_offset_ms - at)).toBeLessThanOrEqual(1);
      at += Buffer.from(delta, 'base64').length / 48;
    }
    await client[Symbol.asyncDispose]();
  });

  test('are nothing that a plain client sees', async () => {
    await using client = await RealtimeClient.connect(app.url);
    await client.turn('Count for me.', { output_modalities: ['audio'] });
    for (const event of client.events) {
      expect(event).not.toHaveProperty('sequence');
      expect(event).not.toHaveProperty('resume');
      expect(event).not.toHaveProperty('audio_offset_ms');
    }
  });
});

describe('a client that was cut off', () => {
  test('gets what it missed, once and in order, while the turn has gone on', async () => {
    const { client, token } = await begin();
    app.ollama.reply = { text: COUNT, msPerToken: 30 };
    client.say('Count for me.');
    await client.next('response.output_text.delta');
    client.socket.terminate();
    await client.closed;
    const last = Math.max(...numbersOf(client.events));
    await using again = await resume(token, last);
    const { replayed } = await again.next('vivavoce.session.resumed');
    expect(replayed).toBe(again.events.findIndex(({ type }) => type === 'vivavoce.session.resumed'));
    await again.next('vivavoce.turn.traced');
    const both = [...client.events, ...again.events];
    expect(numbersOf(both)).toEqual(numbersOf(both).map((_, index) => index));
    const text = both.filter(({ type }) => type === 'response.output_text.delta').map(({ delta }) => delta);
    expect(text.join('')).toBe(COUNT);
  });

  test('finds the answer made while it was away', async () => {
    const { client, token } = await begin();
    client.say('Count for me.');
    const { sequence } = await client.next('response.created');
    client.socket.terminate();
    await client.closed;
    await using again = await resume(token, sequence);
    const { response } = await again.next('response.done');
    expect(response.status).toBe('completed');
    expect(response.output[0].content[0].text).toBe(COUNT);
  });

  test('may say again what it had no answer to: it counts once', async () => {
    const { client, token } = await begin();
    const ask = {
      type: 'conversation.item.create',
      event_id: 'mine_1',
      item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hello?' }] },
    };
    client.send(ask);
    const { sequence } = await client.next('conversation.item.done');
    client.socket.terminate();
    await client.closed;
    await using again = await resume(token, sequence);
    await again.next('vivavoce.session.resumed');
    again.send(ask);
    await again.turn('And now?');
    expect(again.all('conversation.item.added').filter(({ item }) => item.role === 'user')).toHaveLength(1);
    expect(again.all('error')).toEqual([]);
  });
});

describe('a session', () => {
  test('goes to whoever came last: the first connection is closed and hears nothing more', async () => {
    const { client, token } = await begin();
    const { sequence } = await client.next('conversation.created');
    await using second = await resume(token, sequence);
    await second.next('vivavoce.session.resumed');
    expect(await client.closed).toEqual({
      code: 4409,
      reason: expect.stringContaining('another connection'),
    });
    const heard = client.events.length;
    expect((await second.turn('Count for me.')).response.status).toBe('completed');
    expect(client.events).toHaveLength(heard);
  });

  test('that is not there, or no longer, is refused with what to do; its conversation is there', async () => {
    const { client, token } = await begin();
    const { conversation } = await client.next('conversation.created');
    await client.turn('Count for me.');
    // A goodbye ends it.
    client.socket.close(1000);
    await client.closed;
    for (const unknown of [token, 'not-a-token']) {
      const again = await resume(unknown, 0);
      const { error } = await again.next('error');
      expect(error).toMatchObject({
        code: 'resume_token_unknown',
        message: expect.stringContaining('?conversation='),
      });
      expect((await again.closed).code).toBe(4404);
    }
    const { body } = await new RestClient(app.url).get(
      `/v1/conversations/${conversation.id}/items?order=asc`,
    );
    expect(body.data).toHaveLength(2);
  });

  test('cannot be resumed from a place in the future', async () => {
    const { client, token } = await begin();
    const again = await resume(token, 1_000_000);
    expect((await again.next('error')).error.code).toBe('resume_too_late');
    expect((await again.closed).code).toBe(4404);
    // Whoever tried in vain takes it from nobody.
    expect((await client.turn('Count for me.')).response.status).toBe('completed');
    await client[Symbol.asyncDispose]();
  });
});

test('an answer to a plain client that was cut off is finished, and there when it opens the conversation again', async () => {
  await using proxy = await new FaultProxy(app.url).start();
  const client = await RealtimeClient.connect(proxy.url);
  const { conversation } = await client.next('conversation.created');
  app.ollama.reply = { text: COUNT, msPerToken: 20 };
  client.say('Count for me.');
  await client.next('response.output_text.delta');
  proxy.dropAll();
  await client.closed;
  const rest = new RestClient(app.url);
  const reply = async () =>
    (await rest.get(`/v1/conversations/${conversation.id}/items?order=asc`)).body.data[1];
  await expect.poll(async () => (await reply())?.status).toBe('completed');
  expect((await reply()).content[0].text).toBe(COUNT);
});
