import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { type ClientOptions, WebSocket } from 'ws';

// biome-ignore lint/suspicious/noExplicitAny: a client of the wire, not of our types.
export type WireEvent = any;

export interface ConnectOptions {
  /** `{ user: 'ada' }` → `?user=ada` */
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly protocols?: readonly string[];
  /** Instead of `/v1/realtime`. */
  readonly path?: string;
}

/** A client of `/v1/realtime` over a real socket that keeps what it got. */
export class RealtimeClient implements AsyncDisposable {
  readonly socket: WebSocket;
  readonly events: WireEvent[] = [];
  /** Resolves when the connection has ended, however that came. */
  readonly closed: Promise<{ code: number; reason: string }>;
  #read = 0;
  #isClosed = false;
  #wake = Promise.withResolvers<void>();

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data, isBinary) => {
      if (isBinary) throw new Error('the server sent a binary frame');
      this.events.push(JSON.parse(data.toString()));
      this.#wakeUp();
    });
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => {
        this.#isClosed = true;
        this.#wakeUp();
        resolve({ code, reason: reason.toString() });
      });
    });
    // A connection that breaks is seen as `closed`.
    socket.on('error', () => undefined);
  }

  static async connect(url: string, options: ConnectOptions = {}): Promise<RealtimeClient> {
    const client = new RealtimeClient(open(url, options));
    await once(client.socket, 'open');
    return client;
  }

  /** What the server answers to an upgrade that it does not want. */
  static async refused(url: string, options: ConnectOptions = {}) {
    const socket = open(url, options);
    socket.once('open', () => socket.emit('error', new Error('the server took the connection')));
    const [request, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
    (request as { destroy(): void }).destroy();
    const body: WireEvent = JSON.parse(await text(response));
    return { status: response.statusCode, headers: response.headers, body };
  }

  /** An object goes as JSON; a string or bytes go as they are. */
  send(event: object | string | Buffer): void {
    const isRaw = typeof event === 'string' || Buffer.isBuffer(event);
    this.socket.send(isRaw ? event : JSON.stringify(event));
  }

  /** Puts a user message into the conversation. */
  write(words: string, id?: string): void {
    const content = [{ type: 'input_text', text: words }];
    this.send({
      type: 'conversation.item.create',
      item: { type: 'message', role: 'user', content, ...(id && { id }) },
    });
  }

  /** A user message and the wish for an answer in writing, or with `response` as it says. */
  say(words: string, response: object = { output_modalities: ['text'] }): void {
    this.write(words);
    this.send({ type: 'response.create', response });
  }

  /** A whole turn; resolves with its `response.done`. */
  async turn(words: string, response?: object): Promise<WireEvent> {
    this.say(words, response);
    return await this.next('response.done');
  }

  /** The next event of this type that was not read yet; those in between are skipped. */
  async next(type: string, matches: (event: WireEvent) => boolean = () => true): Promise<WireEvent> {
    for (;;) {
      while (this.#read < this.events.length) {
        const event = this.events[this.#read++];
        if (event.type === type && matches(event)) return event;
      }
      if (this.#isClosed) throw new Error(`closed before ${type} came; got ${this.types().join(', ')}`);
      await this.#wake.promise;
    }
  }

  types(): string[] {
    return this.events.map(({ type }) => type);
  }

  all(type: string): WireEvent[] {
    return this.events.filter((event) => event.type === type);
  }

  /** The text of a reply as it came in pieces. */
  textSoFar(): string {
    return this.all('response.output_text.delta')
      .map(({ delta }) => delta)
      .join('');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isClosed) this.socket.close();
    await this.closed;
  }

  #wakeUp(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}

function open(url: string, { query = {}, headers = {}, protocols = [], path }: ConnectOptions): WebSocket {
  const search = new URLSearchParams(query).toString();
  const options: ClientOptions = { headers: { ...headers } };
  const address = `${url.replace(/^http/, 'ws')}${path ?? '/v1/realtime'}${search && `?${search}`}`;
  return new WebSocket(address, [...protocols], options);
}
