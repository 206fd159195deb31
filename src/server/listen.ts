import { readFile } from 'node:fs/promises';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { Express } from 'express';
import { messageOf, VivavoceError } from '../errors.ts';
import type { RealtimeServer } from './realtime.ts';

/** How long a peer may take, milliseconds. */
export interface Patience {
  /** For TLS, and then for the head of a request or of an upgrade. */
  readonly headersMs: number;
  /** For a whole request: 25 MB at two megabits a second. */
  readonly requestMs: number;
  /** Between two requests. */
  readonly keepAliveMs: number;
  /** How often all this is looked at. */
  readonly checkMs: number;
}

const PATIENCE: Patience = { headersMs: 10_000, requestMs: 120_000, keepAliveMs: 15_000, checkMs: 1_000 };
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_HEADERS = 100;

interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  /** Of TCP; what comes on top is dropped without an answer. Above what admission lets in, which answers. */
  readonly maxSockets: number;
  readonly patience?: Patience;
}

/** The listening server; with a certificate it speaks TLS. */
export async function listen(
  app: Express,
  realtime: Pick<RealtimeServer, 'upgrade'>,
  options: ListenOptions,
): Promise<{ server: Server; url: string }> {
  const tls = await readTls(options.tlsCert, options.tlsKey);
  const { patience = PATIENCE } = options;
  const settings = {
    noDelay: true,
    headersTimeout: patience.headersMs,
    requestTimeout: patience.requestMs,
    keepAliveTimeout: patience.keepAliveMs,
    // Node's own 30 s would make 40 s of a limit of ten.
    connectionsCheckingInterval: patience.checkMs,
    maxHeaderSize: MAX_HEADER_BYTES,
  };
  const server = tls
    ? createHttpsServer({ ...tls, ...settings, handshakeTimeout: patience.headersMs }, app)
    : createHttpServer(settings, app);
  server.maxHeadersCount = MAX_HEADERS;
  server.maxConnections = options.maxSockets;
  // Whoever was being answered when it stopped keeps the connection for more, and it would wait for that.
  server.on('request', (_request, response) => {
    response.once('close', () => {
      if (!server.listening) server.closeIdleConnections();
    });
  });
  server.on('upgrade', (request, stream, head) => void realtime.upgrade(request, stream, head));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(cannotListen(cause, options)));
    server.listen(options.port, options.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return { server, url: `${tls ? 'https' : 'http'}://${host}:${port}` };
}

async function readTls(certPath: string | undefined, keyPath: string | undefined) {
  if (!certPath || !keyPath) return null;
  try {
    const pair = { cert: await readFile(certPath), key: await readFile(keyPath) };
    createSecureContext(pair);
    return pair;
  } catch (cause) {
    throw new VivavoceError('config_invalid', `TLS_CERT or TLS_KEY cannot be used: ${messageOf(cause)}`, {
      cause,
    });
  }
}

function cannotListen(cause: Error, { host, port }: { host: string; port: number }): VivavoceError {
  const taken = 'code' in cause && cause.code === 'EADDRINUSE';
  const what = taken ? 'something else listens there; stop it or set PORT' : cause.message;
  return new VivavoceError('config_invalid', `Cannot listen on ${host}:${port}: ${what}.`, { cause });
}
