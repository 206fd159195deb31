import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import express from 'express';
import { afterEach, expect, test } from 'vitest';
import { listen } from '../../src/server/listen.ts';
import { TestCertificate } from '../support/tls.ts';

/** A quarter of a second for everything that has ten in earnest. */
const PATIENCE = { headersMs: 250, requestMs: 500, keepAliveMs: 250, checkMs: 25 };

const resources: Disposable[] = [];
afterEach(() => {
  for (const resource of resources.splice(0)) resource[Symbol.dispose]();
});

async function start(options: Partial<Parameters<typeof listen>[2]> = {}) {
  const app = express();
  const asked = Promise.withResolvers<() => void>();
  app.get('/', (_request, response) => void response.send('here'));
  app.get('/slowly', (_request, response) => asked.resolve(() => response.send('at last')));
  const { server, url } = await listen(
    app,
    { upgrade: async (_request, stream) => void stream.end('HTTP/1.1 101 Switching Protocols\r\n\r\n') },
    {
      ...{ host: '127.0.0.1', port: 0, tlsCert: undefined, tlsKey: undefined, maxSockets: 100 },
      ...{ patience: PATIENCE, ...options },
    },
  );
  resources.push({
    [Symbol.dispose]: () => {
      server.closeAllConnections();
      server.close();
    },
  });
  return { server, url, port: Number(new URL(url).port), asked: asked.promise };
}

/** A raw socket, and everything that it was told by its end. */
function knock(port: number): { socket: Socket; ended: Promise<string> } {
  const socket = connect(port, '127.0.0.1');
  let told = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    told += text;
  });
  socket.on('error', () => undefined);
  resources.push({ [Symbol.dispose]: () => socket.destroy() });
  const ended = new Promise<string>((resolve) => socket.once('close', () => resolve(told)));
  return { socket, ended };
}

test('an upgrade that comes byte by byte is cut off at its time, and others are served meanwhile', async () => {
  const { url, port } = await start();
  const { socket, ended } = knock(port);
  const head = `GET /v1/realtime HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nX: ${'x'.repeat(10_000)}`;
  let sent = 0;
  const drip = setInterval(() => socket.write(head[sent++] ?? 'x'), 5);
  const began = performance.now();
  expect(await (await fetch(url)).text()).toBe('here');
  // Whoever goes on writing may be reset before it has read why.
  expect(await ended).toMatch(/^(HTTP\/1\.1 408 |$)/);
  clearInterval(drip);
  // Of the limit, the pace of the checks, and a machine that has other things to do.
  expect(performance.now() - began).toBeLessThan(PATIENCE.headersMs * 8);
  expect(sent).toBeLessThan(head.length);
});

test('who connects and says nothing is sent away too', async () => {
  const { port } = await start();
  expect(await knock(port).ended).toMatch(/^(HTTP\/1\.1 408 |$)/);
});

test('a body that does not come is not waited for', async () => {
  const { port } = await start();
  const { socket, ended } = knock(port);
  socket.write('POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n');
  socket.write('half of it');
  expect(await ended).toMatch(/^HTTP\/1\.1 4/);
});

test('a TLS handshake that does not come is not waited for', async () => {
  await using certificate = await TestCertificate.create();
  const { TLS_CERT: tlsCert, TLS_KEY: tlsKey } = certificate.env;
  const { port } = await start({ tlsCert, tlsKey });
  const { socket, ended } = knock(port);
  await once(socket, 'connect');
  socket.write(Buffer.from([0x16, 0x03, 0x01]));
  expect(await ended).toBe('');
});

test('a head of more than 16 KiB is refused', async () => {
  const { port } = await start();
  const { socket, ended } = knock(port);
  socket.write(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`);
  expect(await ended).toMatch(/^HTTP\/1\.1 431 /);
});

test('more sockets than there is room for are dropped, and those inside go on', async () => {
  const { port } = await start({ maxSockets: 2 });
  const inside = [knock(port), knock(port)];
  await Promise.all(inside.map(({ socket }) => once(socket, 'connect')));
  expect(await knock(port).ended).toBe('');
  inside[0]?.socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  expect(await inside[0]?.ended).toMatch(/^HTTP\/1\.1 200 /);
  // Its place is free when the server has noticed.
  for (let told = ''; !told.startsWith('HTTP/1.1 200 '); await sleep(10)) {
    const { socket, ended } = knock(port);
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    told = await ended;
  }
});

test('a stop waits for the answer that is being made, and not for what its client may still want', async () => {
  const { server, port, asked } = await start({ patience: { ...PATIENCE, keepAliveMs: 60_000 } });
  const { socket, ended } = knock(port);
  socket.write('GET /slowly HTTP/1.1\r\nHost: a\r\n\r\n');
  const answer = await asked;
  const closed = new Promise((resolve) => server.close(resolve));
  answer();
  await closed;
  expect(await ended).toMatch(/^HTTP\/1\.1 200 .*at last$/s);
});
