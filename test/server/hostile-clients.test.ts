import { randomBytes } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { crumbs, frame, OPCODE, RawSocket } from '../support/raw-socket.ts';
import { RealtimeClient } from '../support/realtime-client.ts';
import { RestClient } from '../support/rest-client.ts';
import { RunningApp } from '../support/running-app.ts';

const KEYS = { mallory: 'key-of-mallory', bob: 'key-of-bob', reader: 'key-to-read' };
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

/** Wall time that a test can turn forward; timers are real. */
let laterMs = 0;
let app: RunningApp;

beforeAll(async () => {
  app = await RunningApp.start({
    env: {
      API_KEYS: Object.entries(KEYS)
        .map(([name, key]) => `${name}:${key}`)
        .join(),
      API_KEY_SCOPES: 'reader:history',
      MAX_CONNECTIONS_PER_KEY: '300',
    },
    clock: { ...systemClock, nowMs: () => Date.now() + laterMs },
  });
  // What is compiled and kept at the first turn is nobody's attack.
  await whileBobTalks(async () => undefined);
});
afterAll(() => app[Symbol.asyncDispose]());

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

async function memoryBytes(): Promise<number> {
  collect();
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/**
 * Runs an attack while somebody else is in one turn after another. The attacker shares this process with the server, so
 * the bounds hold its own work too.
 */
async function whileBobTalks<T>(attack: () => Promise<T>): Promise<T> {
  await using bob = await RealtimeClient.connect(app.url, { headers: bearer(KEYS.bob) });
  await bob.turn('Hello.');
  const before = await memoryBytes();
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  let isOver = false;
  const talk = async () => {
    let turns = 0;
    for (; !isOver || turns < 3; turns++) {
      const { response } = await bob.turn(`And ${turns}?`);
      const { status, status_details: why } = response;
      expect({ status, why }).toMatchObject({ status: 'completed' });
    }
  };
  const talking = talk();
  // Told below, also when the attack takes longer.
  talking.catch(() => undefined);
  try {
    return await attack();
  } finally {
    isOver = true;
    await talking;
    delay.disable();
    expect(delay.max / 1e6).toBeLessThan(1_000);
    expect((await memoryBytes()) - before).toBeLessThan(32 * 1024 * 1024);
  }
}

const connectMallory = () => RawSocket.upgrade(app.url, { headers: bearer(KEYS.mallory) });

describe('nobody else notices', () => {
  test('two hundred upgrades that never come to the end of their head', () =>
    whileBobTalks(async () => {
      using stack = new DisposableStack();
      for (let n = 0; n < 200; n++) stack.use(await RawSocket.upgrade(app.url, { isCut: true }));
    }));

  test('a message in 10,000 fragments: it is closed, and 4,000 are still a message', () =>
    whileBobTalks(async () => {
      using patient = await connectMallory();
      await patient.write(crumbs(JSON.stringify({ type: 'response.cancel', event_id: 'x'.repeat(200) })));
      while (!patient.received.includes('response_cancel_not_active')) await tick();

      using client = await connectMallory();
      await client.write(crumbs('x'.repeat(10_000)));
      await client.closed;
      expect(client.closeCode()).toBe(1008);
    }));

  test('a flood of pings of which nobody reads the answers: it is cut off', () =>
    whileBobTalks(async () => {
      using client = await connectMallory();
      await client.write(Buffer.concat(Array.from({ length: 100_000 }, () => frame(OPCODE.ping))));
      await client.closed;
    }));

  test('a flood of pings at a pace: past its share it is not read, and the rest waits where it came from', () =>
    whileBobTalks(async () => {
      using client = await connectMallory();
      const batch = Buffer.concat(Array.from({ length: 50 }, () => frame(OPCODE.ping)));
      const told = client.socket.bytesRead;
      // A pong is two bytes; the share of a connection is 10,000 events at once and 1,000 a second.
      const flood = async (pings: number) => {
        const until = client.socket.bytesRead + 2 * pings;
        while (client.socket.bytesRead < until) {
          const next = client.socket.bytesRead + 100;
          await client.write(batch);
          while (client.socket.bytesRead < next) await tick();
        }
      };
      const began = performance.now();
      await flood(11_000);
      expect(client.socket.bytesRead - told).toBeGreaterThan(20_000);
      expect(performance.now() - began).toBeGreaterThan(900);
    }));

  test('a frame that is to have 100 MiB: it is closed before it has come', () =>
    whileBobTalks(async () => {
      using client = await connectMallory();
      await client.write(frame(OPCODE.text, Buffer.alloc(1_000), { claims: 100 * 1024 * 1024 }));
      await client.closed;
      expect(client.closeCode()).toBe(1009);
    }));

  test('garbage after the upgrade, a hundred times', () =>
    whileBobTalks(async () => {
      for (let n = 0; n < 100; n++) {
        using client = await connectMallory();
        // Without a mask nothing of a client is a frame.
        const garbage = randomBytes(4_096);
        garbage[1] = (garbage[1] ?? 0) & 0x7f;
        await client.write(garbage);
        await client.closed;
      }
    }));

  test('a page of a stranger, a hundred times', () =>
    whileBobTalks(async () => {
      for (let n = 0; n < 100; n++) {
        const headers = { ...bearer(KEYS.mallory), origin: 'https://stranger.example' };
        expect((await RealtimeClient.refused(app.url, { headers })).status).toBe(403);
      }
    }));
});

describe('an ephemeral key', () => {
  const mint = async (body: object) =>
    (await new RestClient(app.url, KEYS.mallory).post('/v1/realtime/client_secrets', body)).body.value;
  const refusedWith = async (key: string) => {
    const { status, body } = await RealtimeClient.refused(app.url, { headers: bearer(key) });
    return `${status} ${body.error.code}: ${body.error.message}`;
  };

  test('that is replayed, also at the same moment, opens one session and no other', () =>
    whileBobTalks(async () => {
      const key = await mint({ max_uses: 1 });
      const tries = await Promise.allSettled(
        Array.from({ length: 10 }, () => RealtimeClient.connect(app.url, { headers: bearer(key) })),
      );
      const taken = tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      expect(taken).toHaveLength(1);
      await using holder = taken[0] as RealtimeClient;
      expect(await refusedWith(key)).toMatch(/^401 invalid_api_key: .*used up; mint another/);
      // Whose it is goes on.
      expect((await holder.turn('Am I still here?')).response.status).toBe('completed');
      expect((await new RestClient(app.url, key).get('/v1/conversations')).status).toBe(200);
    }));

  test('that has expired opens nothing', () =>
    whileBobTalks(async () => {
      const key = await mint({ expires_after: { anchor: 'created_at', seconds: 10 } });
      try {
        laterMs = 11_000;
        expect(await refusedWith(key)).toMatch(/^401 invalid_api_key: .*expired; mint another/);
      } finally {
        laterMs = 0;
      }
    }));
});

test("another key's conversation is not there: not to go on with, not to read, not to write to or delete", () =>
  whileBobTalks(async () => {
    await using bob = await RealtimeClient.connect(app.url, { headers: bearer(KEYS.bob) });
    const { id } = (await bob.next('conversation.created')).conversation;
    await bob.turn('This is between you and me.');
    const headers = bearer(KEYS.mallory);
    for (const user of ['default', 'bob', 'local']) {
      const refused = await RealtimeClient.refused(app.url, { headers, query: { conversation: id, user } });
      expect(refused.status).toBe(404);
    }
    const mallory = new RestClient(app.url, KEYS.mallory);
    const items = [{ type: 'message', role: 'user', content: 'Me too.' }];
    for (const answer of [
      await mallory.get(`/v1/conversations/${id}`),
      await mallory.get(`/v1/conversations/${id}/items`),
      await mallory.get(`/v1/conversations/${id}/transcript?format=md`),
      await mallory.post(`/v1/conversations/${id}/items`, { items }),
      await mallory.delete(`/v1/conversations/${id}`),
    ]) {
      expect(answer.status).toBe(404);
      expect(JSON.stringify(answer.body)).not.toContain('between you and me');
    }
    const messages = [{ role: 'user', content: 'Write this to it.' }];
    await mallory.post('/v1/chat/completions', { messages, metadata: { conversation_id: id } });
    const { body } = await new RestClient(app.url, KEYS.bob).get(`/v1/conversations/${id}/items`);
    expect(body.data).toHaveLength(2);
  }));

test('a key that may only read does not talk', () =>
  whileBobTalks(async () => {
    const { status, body } = await RealtimeClient.refused(app.url, { headers: bearer(KEYS.reader) });
    expect({ status, message: body.error.message }).toEqual({
      status: 403,
      message: expect.stringContaining('scope "talk"'),
    });
  }));

function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
