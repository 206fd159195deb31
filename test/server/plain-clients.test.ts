import { expect, test } from 'vitest';
import { RealtimeClient, type WireEvent } from '../support/realtime-client.ts';
import { RestClient } from '../support/rest-client.ts';
import { RunningApp } from '../support/running-app.ts';

/** What an event is, without what differs between any two: ids and times. */
const shapeOf = (event: WireEvent): unknown =>
  JSON.parse(
    JSON.stringify(event, (key, value) =>
      typeof value === 'string' && /^(?:event|conv|item|resp|sess)_/.test(value) ? key : value,
    ),
  );

test('a plain client of somebody who is known gets what one of a stranger gets, event for event', async () => {
  await using app = await RunningApp.start();
  app.ollama.reply = 'All right.';
  const rest = new RestClient(app.url);
  const memory = { text: 'The user lives in Oslo.', attribute: 'home', value: 'Oslo' };
  await rest.post('/v1/memories?user=known', memory);
  const seen: Record<string, unknown[]> = {};
  for (const user of ['known', 'stranger']) {
    await using client = await RealtimeClient.connect(app.url, { query: { user } });
    for (const words of ['Where do I live now?', 'I have bought a red boat.', 'And my sister?'])
      await client.turn(words);
    seen[user] = client.events.map((event) => {
      const { response, ...others } = event;
      // The prompt of the one is longer.
      const { usage, ...rest } = response ?? {};
      return shapeOf({ ...others, ...(response && { response: rest }) });
    });
  }
  expect(JSON.stringify(app.ollama.requestsTo('/api/chat').map(({ body }) => body))).toContain('in Oslo');
  expect(seen.known?.length).toBeGreaterThan(30);
  expect(seen.known).toEqual(seen.stranger);
});

test('a beta client gets its own dialect and nothing else, also one that asks for more', async () => {
  await using app = await RunningApp.start();
  const seen: unknown[] = [];
  for (const query of [{}, { extensions: 'vivavoce' }]) {
    await using client = await RealtimeClient.connect(app.url, {
      query,
      headers: { 'OpenAI-Beta': 'realtime=v1' },
    });
    await client.turn('Hello?', { modalities: ['text'] });
    seen.push(client.events.map(shapeOf));
  }
  expect(JSON.stringify(seen[0])).toContain('response.text.delta');
  expect(seen[1]).toEqual(seen[0]);
});
