import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a client asked for. */
export interface HubRequest {
  /** `owner/name/file` */
  readonly path: string;
  /** First byte that it wants. */
  readonly from: number;
}

/** Sends the bytes of a file, or does not. */
export type HubAnswer = (
  request: HubRequest,
  bytes: Uint8Array,
  response: ServerResponse,
) => void | Promise<void>;

/**
 * A stand-in for the Hugging Face hub: `/owner/name/resolve/main/file` redirects to a store, as it does for large
 * files, with the size and the SHA-256 on the redirect; the store knows `Range`.
 *
 * `answers` holds what happens instead, for the next requests to the store: first in, first used.
 */
export class HubServer implements AsyncDisposable {
  /** `owner/name/file` → bytes */
  readonly files = new Map<string, Uint8Array>();
  readonly requests: HubRequest[] = [];
  readonly answers: HubAnswer[] = [];
  /** Whether it says how long a file is and which. */
  tells = true;
  readonly url: string;
  readonly #server: Server;
  #onRequest = Promise.withResolvers<HubRequest>();

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (request, response) => void this.#serve(request, response));
  }

  static async start(): Promise<HubServer> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new HubServer(server);
  }

  /** The next request to the store. */
  nextRequest(): Promise<HubRequest> {
    return this.#onRequest.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = request.url ?? '';
    const asked = /^\/([^/]+\/[^/]+)\/resolve\/main\/(.+)$/.exec(url);
    const path = asked ? `${asked[1]}/${asked[2]}` : url.replace(/^\/store\//, '');
    const bytes = this.files.get(path);
    if (asked && bytes) {
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const told = { 'x-linked-size': bytes.length, 'x-linked-etag': `"${sha256}"` };
      response.writeHead(302, { location: `/store/${path}`, ...(this.tells ? told : {}) }).end();
      return;
    }
    if (!bytes) {
      response.writeHead(404).end('Entry not found');
      return;
    }
    const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
    const recorded = { path, from: Number(range?.[1] ?? 0) };
    this.requests.push(recorded);
    const waiting = this.#onRequest;
    this.#onRequest = Promise.withResolvers();
    waiting.resolve(recorded);
    await (this.answers.shift() ?? sendFile)(recorded, bytes, response);
  }
}

/** As it should be. */
export const sendFile: HubAnswer = ({ from }, bytes, response) => {
  head(response, bytes, from).end(bytes.subarray(from));
};

/** All of it, whatever part was asked for: a server that does not know `Range`. */
export const sendWhole: HubAnswer = (_request, bytes, response) => {
  head(response, bytes, 0).end(bytes);
};

/** Without saying how long it is. */
export const sendChunked: HubAnswer = (_request, bytes, response) => {
  response.writeHead(200);
  response.write(bytes.subarray(0, bytes.length >> 1));
  response.end(bytes.subarray(bytes.length >> 1));
};

/** Some bytes, and then nothing more, and it does not hang up either. */
export function stallAfter(count: number): HubAnswer {
  return ({ from }, bytes, response) => {
    head(response, bytes, from).flushHeaders();
    if (count > 0) response.write(bytes.subarray(from, from + count));
  };
}

/** Takes the request and never answers. */
export const neverAnswer: HubAnswer = () => {};

/** Some bytes, and when `arrived` says that they are there, the connection is reset: a reset overtakes what was sent. */
export function resetAfter(count: number, arrived: (bytes: number) => Promise<void>): HubAnswer {
  return async ({ from }, bytes, response) => {
    head(response, bytes, from).write(bytes.subarray(from, from + count));
    await arrived(Math.min(from + count, bytes.length));
    response.socket?.resetAndDestroy();
  };
}

/** Some bytes, and a clean end, as if that were all. */
export function truncateAfter(count: number): HubAnswer {
  return ({ from }, bytes, response) => {
    response.writeHead(200, { 'content-length': count }).end(bytes.subarray(from, from + count));
  };
}

/** As many bytes as there should be, and one of them is wrong. */
export const sendDamaged: HubAnswer = ({ from }, bytes, response) => {
  const damaged = bytes.slice(from);
  damaged[0] = (damaged[0] ?? 0) ^ 1;
  head(response, bytes, from).end(damaged);
};

/** Waits for `gate` after each of `pieces` pieces. */
export function sendSlowly(pieces: number, gate: (piece: number) => Promise<void>): HubAnswer {
  return async ({ from }, bytes, response) => {
    head(response, bytes, from);
    const size = Math.ceil((bytes.length - from) / pieces);
    for (let piece = 0; piece < pieces; piece++) {
      const at = from + piece * size;
      await new Promise<void>((done) => response.write(bytes.subarray(at, at + size), () => done()));
      await gate(piece);
    }
    response.end();
  };
}

export function refuse(status: number): HubAnswer {
  return (_request, _bytes, response) => {
    response.writeHead(status).end('no');
  };
}

function head(response: ServerResponse, bytes: Uint8Array, from: number): ServerResponse {
  const length = { 'content-length': bytes.length - from };
  if (from === 0) return response.writeHead(200, length);
  return response.writeHead(206, {
    ...length,
    'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}`,
  });
}
