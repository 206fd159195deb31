import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { FaultProxy } from './fault-proxy.ts';

/** A client that keeps what it got, and the sizes of the pieces it came in. */
class Peer {
  readonly socket: Socket;
  readonly pieces: number[] = [];
  text = '';
  /** How the connection ended: what the peer saw. */
  readonly ended: Promise<string>;
  #wake = Promise.withResolvers<void>();

  constructor(url: string) {
    const { hostname: host, port } = new URL(url);
    this.socket = connect({ host, port: Number(port) });
    this.socket.on('data', (bytes) => {
      this.pieces.push(bytes.length);
      this.text += bytes.toString();
      this.#wake.resolve();
      this.#wake = Promise.withResolvers();
    });
    this.ended = endOf(this.socket);
  }

  /** Resolves when it has so many bytes. */
  async has(bytes: number): Promise<string> {
    while (this.text.length < bytes) await this.#wake.promise;
    return this.text;
  }
}

/** `end`, or the code of the error. */
function endOf(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.once('end', () => resolve('end'));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

let echo: Server;
let proxy: FaultProxy;
let seen: { text: string; ended: Promise<string> };

beforeEach(async () => {
  echo = createServer((socket) => {
    seen = { text: '', ended: endOf(socket) };
    socket.on('data', (bytes) => {
      seen.text += bytes.toString();
      socket.write(bytes);
    });
  }).listen(0, '127.0.0.1');
  await once(echo, 'listening');
  proxy = await new FaultProxy(`http://127.0.0.1:${(echo.address() as AddressInfo).port}/v1`).start();
});
afterEach(async () => {
  await proxy[Symbol.asyncDispose]();
  echo.close();
});

const settled = async () => {
  for (let i = 0; i < 20; i++) await new Promise(setImmediate);
};

describe('a fault proxy', () => {
  it('passes everything on as it is while there is no fault, ends included, and keeps the path of its target', async () => {
    expect(new URL(proxy.url).pathname).toBe('/v1');
    const peer = new Peer(proxy.url);
    const long = 'abcdefgh'.repeat(200_000);
    peer.socket.end(long);
    expect(await peer.has(long.length)).toBe(long);
    expect(await peer.ended).toBe('end');
    expect(await seen.ended).toBe('end');
  });

  it('delivers late, in order, and the same for the same seed', async () => {
    proxy.down = { latencyMs: 30, jitterMs: 20 };
    const peer = new Peer(proxy.url);
    const startedMs = performance.now();
    for (let i = 0; i < 50; i++) peer.socket.write(`${i};`);
    const text = await peer.has(140);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(29);
    expect(text).toBe(Array.from({ length: 50 }, (_, i) => `${i};`).join(''));
  });

  it.each([
    'down',
    'up',
  ] as const)('stalls %s after so many bytes, and goes on when it is healed', async (way) => {
    proxy[way] = { stallAfterBytes: 4 };
    const peer = new Peer(proxy.url);
    peer.socket.write('0123456789');
    expect(await peer.has(4)).toBe('0123');
    await settled();
    expect(peer.text).toBe('0123');
    proxy[way] = {};
    expect(await peer.has(10)).toBe('0123456789');
  });

  it('counts bytes from when a fault was set, on connections that live already', async () => {
    const peer = new Peer(proxy.url);
    peer.socket.write('before');
    await peer.has(6);
    proxy.down = { resetAfterBytes: 3 };
    peer.socket.write('after');
    expect(await peer.ended).toBe('ECONNRESET');
    expect(peer.text).toBe('beforeaft');
  });

  it('slices into tiny writes', async () => {
    proxy.up = { sliceBytes: 1 };
    proxy.down = { sliceBytes: 2, latencyMs: 5 };
    const peer = new Peer(proxy.url);
    peer.socket.write('0123456789');
    expect(await peer.has(10)).toBe('0123456789');
    expect(seen.text).toBe('0123456789');
  });

  it('truncates: an end that looks like the end', async () => {
    proxy.down = { truncateAfterBytes: 5 };
    const peer = new Peer(proxy.url);
    peer.socket.write('0123456789');
    expect(await peer.ended).toBe('end');
    expect(peer.text).toBe('01234');
  });

  it('resets at random, at the same place for the same seed', async () => {
    const placeOf = async (seed: number) => {
      await using own = await new FaultProxy(`http://127.0.0.1:${(echo.address() as AddressInfo).port}`, {
        seed,
      }).start();
      own.down = { sliceBytes: 1, resetChance: 0.02 };
      const peer = new Peer(own.url);
      peer.socket.write('x'.repeat(2_000));
      await peer.ended;
      return peer.text.length;
    };
    const [one, same, other] = [await placeOf(7), await placeOf(7), await placeOf(8)];
    expect(one).toBe(same);
    expect(one).not.toBe(other);
    expect(one).toBeLessThan(2_000);
  });

  it('is as slow as its bandwidth', async () => {
    proxy.down = { bytesPerSecond: 50_000 };
    const peer = new Peer(proxy.url);
    const startedMs = performance.now();
    peer.socket.write('x'.repeat(5_000));
    await peer.has(5_000);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(75);
  });

  it('does not take more from a sender than a kernel would while nobody reads', async () => {
    proxy.up = { stallAfterBytes: 0 };
    const peer = new Peer(proxy.url);
    let sent = 0;
    const chunk = Buffer.alloc(1024 * 1024);
    for (let i = 0; i < 32; i++) peer.socket.write(chunk, (error) => void (error ?? sent++));
    await once(peer.socket, 'connect');
    await settled();
    expect(sent).toBeLessThan(32);
    peer.socket.resetAndDestroy();
  });

  it('refuses on a closed port and takes connections on the same one again', async () => {
    const { url } = proxy;
    const live = new Peer(url);
    live.socket.write('a');
    await live.has(1);
    proxy.refuse();
    expect(await new Peer(url).ended).toBe('ECONNREFUSED');
    live.socket.write('b');
    expect(await live.has(2)).toBe('ab');
    await proxy.accept();
    expect(proxy.url).toBe(url);
    const again = new Peer(url);
    again.socket.write('c');
    expect(await again.has(1)).toBe('c');
  });

  it('drops all connections at once, stalled ones too, at both ends, and takes new ones', async () => {
    proxy.down = { stallAfterBytes: 1 };
    const peers = [new Peer(proxy.url), new Peer(proxy.url)];
    for (const peer of peers) peer.socket.write('abc');
    for (const peer of peers) await peer.has(1);
    expect(proxy.connections).toEqual({ open: 2, accepted: 2 });
    proxy.dropAll();
    expect(await Promise.all(peers.map(({ ended }) => ended))).toEqual(['ECONNRESET', 'ECONNRESET']);
    expect(await seen.ended).toBe('ECONNRESET');
    await settled();
    expect(proxy.connections.open).toBe(0);
    proxy.down = {};
    const again = new Peer(proxy.url);
    again.socket.write('again');
    expect(await again.has(5)).toBe('again');
  });

  it('resets a client whose server is not there', async () => {
    await using nowhere = await new FaultProxy('http://127.0.0.1:9').start();
    expect(await new Peer(nowhere.url).ended).toBe('ECONNRESET');
  });

  it('stands in front of a WebSocket: a drop is 1006 at both ends', async () => {
    await using resources = new AsyncDisposableStack();
    const server = resources.adopt(new WebSocketServer({ host: '127.0.0.1', port: 0 }), (each) =>
      each.close(),
    );
    await once(server, 'listening');
    const at = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/chat`;
    const wet = resources.use(await new FaultProxy(at).start());
    const there = once(server, 'connection').then(([socket]: WebSocket[]) => socket);
    const client = new WebSocket(wet.url);
    client.on('error', () => undefined);
    await once(client, 'open');
    const other = await there;
    client.send('hello');
    expect(String((await once(other as WebSocket, 'message'))[0])).toBe('hello');
    const closed = Promise.all([once(client, 'close'), once(other as WebSocket, 'close')]);
    wet.dropAll();
    expect((await closed).map(([code]) => code)).toEqual([1006, 1006]);
  });
});
