import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type WebSocket as Peer, WebSocketServer } from 'ws';
import {
  type AgentEvent,
  CannotConnect,
  type ConnectionState,
  RealtimeConnection,
} from '../../web/src/realtime/connection.ts';

describe('the connection', () => {
  let server: WebSocketServer;
  let connection: RealtimeConnection;
  let states: ConnectionState[];
  let events: AgentEvent[];
  let changed: () => void;

  beforeEach(async () => {
    server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    states = [];
    events = [];
    changed = () => undefined;
  });

  afterEach(() => {
    connection.close();
    for (const client of server.clients) client.terminate();
    server.close();
  });

  function connect(given: { prepare?: () => Promise<void>; silenceMs?: number } = {}): void {
    const { prepare = async () => {}, silenceMs = 10_000 } = given;
    connection = new RealtimeConnection({
      prepare: async () => {
        await prepare();
        return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, protocols: ['realtime'] };
      },
      createSocket: ({ url, protocols }) => new WebSocket(url, [...protocols]),
      onState: (state) => {
        states.push(state);
        changed();
      },
      onEvent: (event) => {
        events.push(event);
        changed();
      },
      random: () => 0,
      silenceMs,
    });
    connection.connect();
  }

  /** Resolves when `condition` holds; looks whenever something has happened. */
  async function until(condition: () => boolean): Promise<void> {
    await new Promise<void>((resolve) => {
      changed = () => {
        if (condition()) resolve();
      };
      changed();
    });
  }

  const isOpen = () => states.at(-1)?.status === 'open';
  const nextPeer = async (): Promise<Peer> => {
    const [peer] = await once(server, 'connection');
    return peer as Peer;
  };

  it('sends and receives events', async () => {
    const peer = nextPeer();
    connect();
    await until(isOpen);
    const received = once(await peer, 'message');
    expect(connection.send({ type: 'response.cancel' })).toBe(true);
    expect(JSON.parse(String((await received)[0]))).toEqual({ type: 'response.cancel' });
    (await peer).send(JSON.stringify({ type: 'input_audio_buffer.cleared', event_id: 'event_1' }));
    await until(() => events.length === 1);
  });

  it('comes back by itself when it is lost, and says so meanwhile', async () => {
    const peer = nextPeer();
    connect();
    await until(isOpen);
    (await peer).close(1012, 'the server is shutting down');
    await until(() => states.at(-1)?.status === 'waiting');
    expect(states.at(-1)).toMatchObject({ reason: 'Disconnected: the server is shutting down.' });
    expect(connection.send({ type: 'response.cancel' })).toBe(false);
    await until(isOpen);
    expect(states.map(({ status }) => status)).toEqual([
      'connecting',
      'open',
      'waiting',
      'connecting',
      'open',
    ]);
  });

  it('tries again when the server cannot be asked', async () => {
    let tries = 0;
    connect({
      prepare: async () => {
        if (++tries === 1) throw new Error('The server does not answer.');
      },
    });
    await until(isOpen);
    expect(states[1]).toMatchObject({ status: 'waiting', reason: 'The server does not answer.' });
  });

  it('does not try again by itself when it may not connect', async () => {
    connect({
      prepare: async () => {
        throw new CannotConnect('A key is needed.');
      },
    });
    await until(() => states.length === 2);
    expect(states[1]).toEqual({ status: 'closed', reason: 'A key is needed.' });
  });

  it('takes a server that does not answer an event for gone', async () => {
    connect({ silenceMs: 5 });
    await until(isOpen);
    connection.send({ type: 'response.cancel' });
    await until(() => states.at(-1)?.status === 'waiting');
    expect(states.at(-1)).toMatchObject({ reason: 'The server does not answer any more.' });
  });

  it('hears nothing more of a connection that was replaced', async () => {
    const first = nextPeer();
    connect();
    await until(isOpen);
    const old = await first;
    const second = nextPeer();
    connection.connect();
    await until(isOpen);
    old.send(JSON.stringify({ type: 'input_audio_buffer.cleared', event_id: 'old' }));
    (await second).send(JSON.stringify({ type: 'input_audio_buffer.cleared', event_id: 'new' }));
    await until(() => events.length > 0);
    expect(events.map(({ event_id }) => event_id)).toEqual(['new']);
    expect(states.map(({ status }) => status)).toEqual(['connecting', 'open', 'connecting', 'open']);
  });
});
