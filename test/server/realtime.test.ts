import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { Conversations, type Lease } from '../../src/conversation/conversations.ts';
import { SCOPES } from '../../src/protocol/scopes.ts';
import { Auth } from '../../src/server/auth.ts';
import { RealtimeServer } from '../../src/server/realtime.ts';
import { Telemetry } from '../../src/telemetry/events.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { RealtimeClient } from '../support/realtime-client.ts';
import { ScriptedHearing } from '../support/scripted-hearing.ts';

/** Room for everybody, and no time for last sentences. */
const OPEN_DOOR = {
  addressOf: () => '127.0.0.1',
  admission: { connection: () => new DisposableStack(), turn: () => new DisposableStack() },
  finishMs: 0,
};

/** The server's door with a conversation behind it that comes when `lease` resolves, and counts who has it. */
async function door(ready: Promise<void> = Promise.resolve()) {
  const seen = { asked: Promise.withResolvers<void>(), left: Promise.withResolvers<void>(), held: 0 };
  const lease = async (): Promise<Lease> => {
    seen.asked.resolve();
    await ready;
    seen.held++;
    return { conversation: {} as never, [Symbol.dispose]: () => void seen.held-- };
  };
  const auth = new Auth([], systemClock);
  const realtime = new RealtimeServer({
    auth,
    origins: { allowedOrigins: [], isOpen: true },
    conversations: { begin: lease, open: lease },
    ...OPEN_DOOR,
    clock: systemClock,
    // What a session needs: nobody gets so far.
  } as never);
  const server = createServer().listen(0, '127.0.0.1');
  const upgraded = new Promise<void>((resolve) => {
    server.on('upgrade', (request, stream, head) => {
      stream.once('close', () => seen.left.resolve());
      resolve(realtime.upgrade(request, stream, head));
    });
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { realtime, auth, seen, port, upgraded, [Symbol.asyncDispose]: async () => void server.close() };
}

/** Asks for an upgrade and never closes its own side; resolves with the answer when the server has let go. */
async function knock(port: number, headers: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    answer += chunk;
  });
  // The end alone would leave the connection half open.
  const ended = once(socket, 'end');
  socket.write(
    `GET /v1/realtime HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${headers}` +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  await ended;
  // What is written to a socket that nobody has any more is answered with a reset.
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const more = setInterval(() => socket.write('x'), 10);
  await closed;
  clearInterval(more);
  return answer;
}

test('a handshake that ws refuses gives the conversation back', async () => {
  await using it = await door();
  const socket = connect(it.port, '127.0.0.1');
  socket.write(
    'GET /v1/realtime HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 7\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  const [answer] = await once(socket, 'data');
  expect(String(answer)).toMatch(/^HTTP\/1\.1 400 /);
  await it.upgraded;
  expect(it.seen.held).toBe(0);
  socket.destroy();
});

test('a handshake that ws refuses does not use an ephemeral key up', async () => {
  await using it = await door();
  const once = { owner: { key: 'local', user: 'ada' }, scopes: SCOPES, patch: null, seconds: 60, maxUses: 1 };
  const { value } = it.auth.mint(once);
  expect(await knock(it.port, `Sec-WebSocket-Version: 7\r\nAuthorization: Bearer ${value}\r\n`)).toMatch(
    / 400 /,
  );
  it.auth.use(value);
});

test('a client that is refused and never closes its side is let go of all the same', async () => {
  await using it = await door();
  const answer = await knock(it.port, 'Sec-WebSocket-Version: 13\r\nOrigin: https://elsewhere.example\r\n');
  expect(answer).toMatch(/^HTTP\/1\.1 403 .*elsewhere\.example/s);
});

test('a client that has gone meanwhile gives the conversation back', async () => {
  const ready = Promise.withResolvers<void>();
  await using it = await door(ready.promise);
  const socket = connect(it.port, '127.0.0.1');
  socket.write(
    'GET /v1/realtime HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  await it.seen.asked.promise;
  socket.resetAndDestroy();
  await it.seen.left.promise;
  ready.resolve();
  await it.upgraded;
  expect(it.seen.held).toBe(0);
});

test('who is still being let in when the server closes is refused, and not forgotten', async () => {
  const ready = Promise.withResolvers<void>();
  await using it = await door(ready.promise);
  const refused = RealtimeClient.refused(`http://127.0.0.1:${it.port}`);
  await it.seen.asked.promise;
  await it.realtime[Symbol.asyncDispose]();
  ready.resolve();
  const { status, body } = await refused;
  expect(status).toBe(503);
  expect(body.error).toMatchObject({ type: 'server_error', code: 'overloaded' });
  expect(it.seen.held).toBe(0);
});

test('closing ends although a write never does, and nobody is left connected', async () => {
  const clock = new ManualClock();
  const writing = Promise.withResolvers<void>();
  class StuckStore extends MemoryStore {
    override insertItem(): Promise<never> {
      writing.resolve();
      return new Promise(() => {});
    }
  }
  const ids = { next: (prefix: string) => `${prefix}_1` };
  const realtime = new RealtimeServer({
    auth: new Auth([], clock),
    origins: { allowedOrigins: [], isOpen: true },
    conversations: new Conversations({ store: new StuckStore(clock), clock, ids }),
    clock,
    ids,
    telemetry: new Telemetry(createLogger('silent')),
    agent: { name: 'Test', instructions: '', voice: null, greeting: null, pronunciations: {} },
    defaultVoice: 'tone',
    hearing: new ScriptedHearing({ clock }),
    idle: { nudgeMs: null, endMs: null },
    ...OPEN_DOOR,
    // What a response needs: nobody asks for one.
  } as never);
  const server = createServer().listen(0, '127.0.0.1');
  server.on('upgrade', (request, stream, head) => void realtime.upgrade(request, stream, head));
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = await RealtimeClient.connect(`http://127.0.0.1:${port}`);
  client.socket.send(
    JSON.stringify({
      type: 'conversation.item.create',
      item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hello' }] },
    }),
  );
  await writing.promise;
  const closed = realtime[Symbol.asyncDispose]();
  await clock.advance(2_000);
  expect((await client.closed).code).toBe(1006);
  await clock.advance(1_000);
  await closed;
  server.close();
});
