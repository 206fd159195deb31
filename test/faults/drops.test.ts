import { expect, test } from 'vitest';
import { FaultProxy } from '../support/fault-proxy.ts';
import type { WireEvent } from '../support/realtime-client.ts';
import { RestClient } from '../support/rest-client.ts';
import { ResumingClient } from '../support/resuming-client.ts';
import { RunningApp } from '../support/running-app.ts';
import { randomOf } from '../support/seeded-random.ts';

const DROPS = 50;
const SEED = 5;

/** A long conversation, with as many turns as it takes; what was said and answered. */
async function talk(client: ResumingClient, app: RunningApp, isOver: (turn: number) => boolean) {
  await client.connect();
  let turns = 0;
  for (; !isOver(turns); turns++) {
    const { response } = await client.turn(
      `This is sentence number ${turns}.`,
      turns % 3 === 2 ? 'audio' : 'text',
    );
    expect(response.status).toBe('completed');
  }
  await client.close();
  const rest = new RestClient(app.url);
  const items: WireEvent[] = [];
  for (let after = '', more = true; more; ) {
    const { body } = await rest.get(
      `/v1/conversations/${client.conversationId}/items?order=asc&limit=100${after}`,
    );
    items.push(...body.data);
    after = `&after=${body.last_id}`;
    more = body.has_more;
  }
  const transcript = items.map(({ role, status, content: [{ text, transcript }] }) => [
    role,
    status,
    text ?? transcript,
  ]);
  return { turns, transcript };
}

test(`a client whose connection is cut ${DROPS} times at random has the conversation that it would have had`, async () => {
  await using app = await RunningApp.start({
    ollama: {
      reply: ({ messages }) => ({
        text: `You said: ${messages.at(-1).content} I heard it well.`,
        msPerToken: 1,
      }),
    },
  });
  await using proxy = await new FaultProxy(app.url).start();
  const random = randomOf(SEED);
  // Anything from the moment of coming back to about a turn later.
  const nextCut = () => Math.floor(random() * 25);
  let cutAt = 3;
  const cut: ResumingClient = new ResumingClient(proxy.url, (count) => {
    if (count < cutAt || cut.drops >= DROPS || cut.events.length === 0) return;
    cutAt = nextCut();
    proxy.dropAll();
  });
  const disturbed = await talk(cut, app, () => cut.drops >= DROPS);
  const whole = new ResumingClient(app.url, () => undefined);
  const undisturbed = await talk(whole, app, (turn) => turn === disturbed.turns);

  expect(cut).toMatchObject({ drops: DROPS, refusals: 0, misnumbered: [] });
  expect(disturbed.transcript).toEqual(undisturbed.transcript);
  // No event of the conversation is missing, and none is there twice.
  const kinds = ({ events }: ResumingClient) =>
    events.map(({ type }) => type).filter((type) => !type.startsWith('vivavoce.'));
  expect(kinds(cut).toSorted()).toEqual(kinds(whole).toSorted());
  expect(cut.events.filter(({ type }) => type === 'error')).toEqual([]);
});
