import { RealtimeClient, type WireEvent } from '../../support/realtime-client.ts';
import { RestClient } from '../../support/rest-client.ts';
import { RunningApp } from '../../support/running-app.ts';
import type { SmallDisk } from '../../support/small-disk.ts';
import { until } from '../faulty-memory.ts';

/** What became of a disk that failed while somebody talked. */
export interface DiskOutcome {
  /** What the person was told of what could not be kept. */
  readonly told: string;
  readonly waitedMs: number;
  /** The process went on, and what had been kept could be read. */
  readonly isAlive: boolean;
  /** From the end of the fault to the next answer that was kept. */
  readonly recoveredMs: number;
  /** What was said to be kept, and what was, each with who said it. */
  readonly promised: readonly string[];
  readonly kept: readonly string[];
}

/** A disk that is filled to the brim, and has room again a little later. */
export async function tryFullDisk(disk: SmallDisk): Promise<DiskOutcome> {
  await using app = await start(disk);
  await using client = await connect(app);
  const { response } = await client.turn('My name is Ada.');
  await disk.fill();
  const failed = await sayInVain(client);
  const isAlive = await answers(app, response.conversation_id);
  const freedMs = performance.now();
  await disk.free();
  await until(
    () => client.turn('Now it fits.'),
    ({ response: { status } }) => status === 'completed',
  );
  const recoveredMs = performance.now() - freedMs;
  const kept = await keptIn(app, response.conversation_id);
  return { ...failed, isAlive, recoveredMs, promised: acknowledged(client), kept };
}

/** A disk that takes no write any more: it is repaired, and the service started again. */
export async function tryReadOnlyDisk(disk: SmallDisk): Promise<DiskOutcome> {
  let before: Pick<DiskOutcome, 'told' | 'waitedMs' | 'isAlive' | 'promised'>;
  let conversation: string;
  {
    await using app = await start(disk);
    await using client = await connect(app);
    conversation = (await client.turn('My name is Ada.')).response.conversation_id;
    await disk.failToWrite();
    const failed = await sayInVain(client);
    before = { ...failed, isAlive: await answers(app, conversation), promised: acknowledged(client) };
  }
  await disk.repair();
  const repairedMs = performance.now();
  await using app = await start(disk);
  const kept = await keptIn(app, conversation);
  await using client = await connect(app, { conversation });
  await client.turn('Are you there?');
  return { ...before, recoveredMs: performance.now() - repairedMs, kept };
}

const start = (on: SmallDisk) => RunningApp.start({ folder: on.path, env: { LLM: 'offline' } });
const connect = (app: RunningApp, query = {}) => RealtimeClient.connect(app.url, { query });

/** Says what cannot be kept. */
async function sayInVain(client: RealtimeClient): Promise<Pick<DiskOutcome, 'told' | 'waitedMs'>> {
  const before = client.events.length;
  const startedMs = performance.now();
  client.say('This cannot be kept.');
  const event = await until(
    () =>
      client.events
        .slice(before)
        .find(({ type, response }) => type === 'error' || (type === 'response.done' && response)),
    (found) => found !== undefined,
  );
  const { error, response } = event as WireEvent;
  const told = error?.message ?? response.status_details?.error?.message ?? response.status;
  return { told, waitedMs: performance.now() - startedMs };
}

async function answers(app: RunningApp, conversation: string): Promise<boolean> {
  const isUp = (await fetch(`${app.url}/livez`)).status === 200;
  return isUp && (await keptIn(app, conversation)).includes('user: My name is Ada.');
}

async function keptIn(app: RunningApp, conversation: string): Promise<string[]> {
  const { body } = await new RestClient(app.url).get(
    `/v1/conversations/${conversation}/transcript?format=json`,
  );
  return body.items.map(({ role, text }: WireEvent) => `${role}: ${text}`);
}

function acknowledged(client: RealtimeClient): string[] {
  return client
    .all('conversation.item.done')
    .map(({ item }) => `${item.role}: ${item.content.map(({ text }: WireEvent) => text).join('')}`);
}
