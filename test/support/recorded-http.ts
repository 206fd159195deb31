import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** How the answer to a request ended. */
export interface Closing {
  /** `process.hrtime.bigint()` when the response, or the connection under it, closed. */
  readonly at: bigint;
  /** False when the client went away, or we cut the connection, before all of the answer was written. */
  readonly finished: boolean;
}

export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Parsed JSON, or null without a body. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever the client under test has sent.
  readonly body: any;
  /** `process.hrtime.bigint()` at the last byte of the request. */
  readonly lastByteAt: bigint;
  /** Which TCP connection it came on, counted from 1. */
  readonly connection: number;
  readonly closed: Promise<Closing>;
}

export interface Hooks {
  onRequest?(request: RecordedRequest): void;
  /** Just before the token is written; `at` is `process.hrtime.bigint()`. */
  onToken?(request: RecordedRequest, index: number, at: bigint): void;
  onClose?(request: RecordedRequest, closing: Closing): void;
}

/** The HTTP half of a stand-in server: it records every request and lets a test wait for one. */
export abstract class RecordedHttp implements AsyncDisposable {
  readonly requests: RecordedRequest[] = [];
  readonly hooks: Hooks;
  readonly #server = createServer((request, response) => void this.#receive(request, response));
  readonly #connections = new WeakMap<Socket, number>();
  readonly #waiting = new Set<{ path: string; resolve: (request: RecordedRequest) => void }>();
  /** Aborts with the server, so that no scripted delay outlives it. */
  protected readonly closing = new AbortController();
  #connectionCount = 0;

  constructor(hooks: Hooks = {}) {
    this.hooks = hooks;
    this.#server.on('connection', (socket) => this.#connections.set(socket, ++this.#connectionCount));
  }

  /** Listens on 127.0.0.1; port 0 takes a free one. */
  async start(port = 0): Promise<this> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject);
    this.#server.listen(port, '127.0.0.1', resolve);
    await promise;
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** How many connections clients have opened so far. */
  get connectionCount(): number {
    return this.#connectionCount;
  }

  requestsTo(path: string): RecordedRequest[] {
    return this.requests.filter((request) => request.path === path);
  }

  /** The next request to `path` that arrives from now on. */
  nextRequest(path: string): Promise<RecordedRequest> {
    return new Promise((resolve) => this.#waiting.add({ path, resolve }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closing.abort();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  protected abstract answer(request: RecordedRequest, response: ServerResponse): Promise<void> | void;

  protected json(response: ServerResponse, status: number, value: unknown, headers = {}): void {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
    response.end(JSON.stringify(value));
  }

  async #receive(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const closed = Promise.withResolvers<Closing>();
    // A client that aborts destroys the request as well; the response's `close` below tells about it.
    incoming.on('error', () => {});
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    await new Promise((resolve) => incoming.once('end', resolve));
    const lastByteAt = process.hrtime.bigint();
    const text = Buffer.concat(chunks).toString();
    const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://stand-in');
    const request: RecordedRequest = {
      method: incoming.method ?? '',
      path: pathname,
      query: searchParams,
      headers: incoming.headers,
      body: text === '' ? null : JSON.parse(text),
      lastByteAt,
      connection: this.#connections.get(incoming.socket) ?? 0,
      closed: closed.promise,
    };
    response.once('close', () => {
      const closing = { at: process.hrtime.bigint(), finished: response.writableFinished };
      this.hooks.onClose?.(request, closing);
      closed.resolve(closing);
    });
    this.requests.push(request);
    this.hooks.onRequest?.(request);
    for (const waiter of this.#waiting) {
      if (waiter.path !== request.path) continue;
      this.#waiting.delete(waiter);
      waiter.resolve(request);
    }
    await this.answer(request, response);
  }
}
