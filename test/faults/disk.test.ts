import { expect, test } from 'vitest';
import { RealtimeClient, type WireEvent } from '../support/realtime-client.ts';
import { RestClient } from '../support/rest-client.ts';
import { RunningApp } from '../support/running-app.ts';
import { SmallDisk } from '../support/small-disk.ts';
import { until } from './faulty-memory.ts';

const disk = await SmallDisk.mount();
if (disk) await disk[Symbol.asyncDispose]();

const start = (on: SmallDisk) => RunningApp.start({ folder: on.path, env: { LLM: 'offline' } });
const connect = (app: RunningApp, query = {}) => RealtimeClient.connect(app.url, { query });

async function keptIn(app: RunningApp, conversationId: string): Promise<string[]> {
  const { body } = await new RestClient(app.url).get(
    `/v1/conversations/${conversationId}/transcript?format=json`,
  );
  return body.items.map(({ role, text }: WireEvent) => `${role}: ${text}`);
}

/** What was said to be kept. */
function acknowledged(client: RealtimeClient): string[] {
  return client
    .all('conversation.item.done')
    .map(({ item }) => `${item.role}: ${item.content.map(({ text }: WireEvent) => text).join('')}`);
}

/** Says what cannot be kept: what the user is told. */
async function sayInVain(client: RealtimeClient, words: string): Promise<string> {
  const before = client.events.length;
  client.say(words);
  const told = await until(
    () =>
      client.events
        .slice(before)
        .find(({ type, response }) => type === 'error' || (type === 'response.done' && response)),
    (event) => event !== undefined,
  );
  return told.error?.message ?? told.response.status_details?.error?.message ?? told.response.status;
}

test.skipIf(!disk)(
  'a disk that is full: it is said, nothing is promised, and there is room again by itself',
  async () => {
    await using small = (await SmallDisk.mount()) as SmallDisk;
    await using app = await start(small);
    await using client = await connect(app);
    const { response } = await client.turn('My name is Ada.');
    const { conversation_id: id } = response;
    await small.fill();
    const startedMs = performance.now();
    expect(await sayInVain(client, 'This does not fit.')).toMatch(/disk .* is full.*free some space/);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    expect(await keptIn(app, id)).toEqual(acknowledged(client));
    expect((await fetch(`${app.url}/livez`)).status).toBe(200);
    expect((await new RestClient(app.url).get('/v1/conversations')).body.data).toHaveLength(1);

    await small.free();
    await until(
      () => client.turn('Now it fits.'),
      ({ response: { status } }) => status === 'completed',
    );
    const kept = await keptIn(app, id);
    expect(kept).toEqual(acknowledged(client));
    expect(kept).toEqual(expect.arrayContaining(['user: My name is Ada.', 'user: Now it fits.']));
  },
);

test.skipIf(!disk)(
  'a disk that can only be read: it is said, nothing is promised, and what was kept is there',
  async () => {
    await using small = (await SmallDisk.mount()) as SmallDisk;
    let id = '';
    let promised: string[] = [];
    {
      await using app = await start(small);
      await using client = await connect(app);
      id = (await client.turn('My name is Ada.')).response.conversation_id;
      await small.failToWrite();
      expect(await sayInVain(client, 'This is not kept.')).toMatch(/disk I\/O error.*check the disk/);
      promised = acknowledged(client);
      expect(await keptIn(app, id)).toEqual(promised);
      expect((await fetch(`${app.url}/livez`)).status).toBe(200);
    }
    await small.repair();
    await using app = await start(small);
    expect(await keptIn(app, id)).toEqual(promised);
    await using client = await connect(app, { conversation: id });
    expect((await client.turn('Are you there?')).response.status).toBe('completed');
  },
);
