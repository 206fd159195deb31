import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { QdrantDatabase } from './qdrant-database.ts';
import { QdrantError } from './qdrant-error.ts';
import { RecordedHttp, type RecordedRequest } from './recorded-http.ts';

export type QdrantFault =
  /** Answers when the promise resolves. */
  | { readonly kind: 'slow'; readonly until: Promise<unknown> }
  /** Takes the request and never answers. */
  | { readonly kind: 'stall' }
  /** Cuts the connection, and does nothing of what it was asked. */
  | { readonly kind: 'reset' }
  /** Does what it was asked, and cuts the connection instead of an answer. */
  | { readonly kind: 'lost-answer' }
  /** Does what it was asked, and cuts the connection in the middle of the answer. */
  | { readonly kind: 'reset-mid-body' }
  /** Dies in the middle of a batch, when so many of its operations are done. */
  | { readonly kind: 'cut-off'; readonly after: number }
  | { readonly kind: 'garbage' }
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly message: string;
      readonly headers?: Readonly<Record<string, string>>;
    };

interface QdrantOptions {
  /** What an earlier server has left. */
  readonly database?: QdrantDatabase;
  readonly version?: string;
  /** Without one, nobody is asked for it. */
  readonly apiKey?: string;
  /** Lets read, and nothing else. */
  readonly readOnlyKey?: string;
}

/** Ready-made faults: what a server says that has too much to do, is not ready, or is full. */
export const BUSY: QdrantFault = {
  kind: 'status',
  status: 429,
  message: 'Rate limiting exceeded: Write rate limit exceeded, retry later',
  headers: { 'retry-after': '12' },
};
export const NOT_READY: QdrantFault = { kind: 'status', status: 503, message: 'some shards are not ready' };
export const FULL: QdrantFault = {
  kind: 'status',
  status: 507,
  message:
    'Service internal error: Not enough space available for optimization, needed: 209715200, available: 0',
};
export const BROKEN: QdrantFault = {
  kind: 'status',
  status: 500,
  message: 'Service internal error: task 1234 panicked',
};

const OPEN_PATHS = ['/', '/healthz', '/livez', '/readyz'];
const READING = /^\/points(\/(query(\/batch)?|scroll|count|search))?$/;

/** A stand-in for Qdrant 1.19 that speaks its REST protocol with named vectors, errors and strict mode included. */
export class QdrantServer extends RecordedHttp {
  readonly database: QdrantDatabase;
  readonly #options: QdrantOptions;
  #fault: QdrantFault | null = null;
  #isMeant: (request: RecordedRequest) => boolean = () => true;

  constructor(options: QdrantOptions = {}) {
    super();
    this.#options = options;
    this.database = options.database ?? new QdrantDatabase();
  }

  /** From now on it is at fault, with those requests that are meant; null: no longer. */
  failWith(fault: QdrantFault | null, isMeant: (request: RecordedRequest) => boolean = () => true): void {
    this.#fault = fault;
    this.#isMeant = isMeant;
  }

  /** The same once only. */
  failOnce(fault: QdrantFault, isMeant: (request: RecordedRequest) => boolean = () => true): void {
    this.failWith(fault, (request) => {
      if (!isMeant(request)) return false;
      this.#isMeant = () => false;
      return true;
    });
  }

  protected async answer(request: RecordedRequest, response: ServerResponse): Promise<void> {
    const fault = this.#isMeant(request) ? this.#fault : null;
    try {
      if (fault && (await this.#isOver(fault, response))) return;
    } catch (error) {
      if (this.closing.signal.aborted) return;
      throw error;
    }
    if (!this.#isAllowed(request, response)) return;
    const { path } = request;
    if (OPEN_PATHS.includes(path)) return this.#aboutItself(path, response);
    const { status, envelope } = this.#result(
      fault?.kind === 'cut-off' ? cutOff(request, fault.after) : request,
    );
    if (fault?.kind === 'lost-answer' || fault?.kind === 'cut-off') {
      response.socket?.resetAndDestroy();
    } else if (fault?.kind === 'reset-mid-body') {
      response.writeHead(status, { 'content-type': 'application/json', 'content-length': 10_000 });
      response.write(JSON.stringify(envelope).slice(0, 10), () => response.socket?.resetAndDestroy());
    } else this.json(response, status, envelope);
  }

  /** True when the fault was all of the answer. */
  async #isOver(fault: QdrantFault, response: ServerResponse): Promise<boolean> {
    switch (fault.kind) {
      case 'slow':
        await fault.until;
        return response.destroyed;
      case 'stall':
        await delay(2 ** 31 - 1, undefined, { signal: this.closing.signal, ref: false });
        return true;
      case 'reset':
        response.socket?.resetAndDestroy();
        return true;
      case 'garbage':
        response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Welcome to the proxy!</html>');
        return true;
      case 'status':
        this.json(response, fault.status, failed(fault.message), fault.headers);
        return true;
      default:
        return false;
    }
  }

  #isAllowed({ path, method, headers }: RecordedRequest, response: ServerResponse): boolean {
    const { apiKey, readOnlyKey } = this.#options;
    if (apiKey === undefined || OPEN_PATHS.includes(path)) return true;
    const key = headers['api-key'] ?? headers.authorization?.replace(/^Bearer /, '');
    if (key === apiKey) return true;
    if (key !== undefined && key === readOnlyKey) {
      const isRead =
        method === 'GET' || (method === 'POST' && READING.test(path.replace(/^\/collections\/[^/]+/, '')));
      if (!isRead) this.json(response, 403, failed('Forbidden: Global write access is required'));
      return isRead;
    }
    // In plain text, unlike every other error.
    const text =
      key === undefined
        ? 'Must provide an API key or an Authorization bearer token'
        : 'Invalid API key or JWT';
    response.writeHead(401, { 'content-type': 'text/plain; charset=utf-8' }).end(text);
    return false;
  }

  #aboutItself(path: string, response: ServerResponse): void {
    if (path === '/') {
      const { version = '1.19.0' } = this.#options;
      this.json(response, 200, { title: 'qdrant - vector search engine', version, commit: '0123456789' });
      return;
    }
    const text = path === '/readyz' ? 'all shards are ready' : `${path.slice(1)} check passed`;
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end(text);
  }

  #result({ method, path, query, body }: RecordedRequest): { status: number; envelope: unknown } {
    try {
      const result = this.database.answer(method, path, query, body);
      return { status: 200, envelope: { result, status: 'ok', time: 0.000_5 } };
    } catch (error) {
      if (!(error instanceof QdrantError)) throw error;
      return { status: error.status, envelope: failed(error.message) };
    }
  }
}

function cutOff(request: RecordedRequest, after: number): RecordedRequest {
  return { ...request, body: { ...request.body, operations: request.body.operations.slice(0, after) } };
}

function failed(message: string) {
  return { status: { error: message }, time: 0 };
}
