import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import type { Clock, IdSource } from '../clock.ts';
import type { Lease } from '../conversation/conversations.ts';
import { fromBeta, toBeta } from '../protocol/beta.ts';
import { type Decoded, decodeClientEvent } from '../protocol/client-events.ts';
import type { SessionPatch } from '../protocol/session-config.ts';
import type { Outgoing } from '../session/outgoing.ts';
import { Session, type SessionDeps } from '../session/session.ts';
import type { Telemetry } from '../telemetry/events.ts';

const PING_INTERVAL_MS = 20_000;

const NOT_TEXT: Decoded = {
  ok: false,
  error: {
    type: 'invalid_request_error',
    code: 'invalid_event',
    message:
      'This was a binary frame, and frames are text: each is an event as JSON, and audio is base64 in ' +
      'input_audio_buffer.append.',
    param: null,
    event_id: null,
  },
};

export interface SocketOptions {
  readonly lease: Lease;
  readonly model: string;
  readonly patch: SessionPatch | null;
  readonly key: string;
  /** The dialect from before general availability. */
  readonly isBeta: boolean;
  /** Whether our own events may be sent. */
  readonly hasExtensions: boolean;
}

export interface SocketDeps extends SessionDeps {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly telemetry: Telemetry;
}

/** One connection: frames on one side, a session on the other. */
export class RealtimeSocket implements AsyncDisposable {
  readonly session: Session;
  /** Resolves when the connection has ended and nothing of it is running. */
  readonly ended: Promise<void>;
  readonly #socket: WebSocket;
  readonly #stream: Duplex;
  readonly #options: SocketOptions;
  readonly #deps: SocketDeps;
  readonly #id: string;
  #eventCount = 0;
  #isCorked = false;
  #isAlive = true;
  #ping: Disposable;

  /** @param stream what the socket writes to */
  constructor(socket: WebSocket, stream: Duplex, options: SocketOptions, deps: SocketDeps) {
    this.#socket = socket;
    this.#stream = stream;
    this.#options = options;
    this.#deps = deps;
    this.#id = deps.ids.next('conn');
    this.session = new Session(deps, {
      conversation: options.lease.conversation,
      model: options.model,
      patch: options.patch,
      deliver: (event) => this.#deliver(event),
      onHangUp: (reason) => socket.close(1000, reason),
    });
    this.#ping = deps.clock.after(PING_INTERVAL_MS, () => this.#pingOrEnd());
    socket.on('pong', () => {
      this.#isAlive = true;
    });
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    // ws closes the connection itself and says why; there is nothing else to do about a broken frame.
    socket.on('error', () => undefined);
    deps.telemetry.connectionOpened({
      connectionId: this.#id,
      key: options.key,
      dialect: options.isBeta ? 'beta' : 'ga',
    });
    const closed = new Promise<void>((resolve) => {
      socket.once('close', (code, reason) => {
        deps.telemetry.connectionClosed({ connectionId: this.#id, code, reason: reason.toString() });
        resolve();
      });
    });
    this.ended = closed.then(() => this.#release());
    this.session.start();
  }

  /** Ends what is being said and closes: 1012, the server restarts. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.session[Symbol.asyncDispose]();
    this.#socket.close(1012, 'the server is shutting down');
  }

  async #release(): Promise<void> {
    this.#ping[Symbol.dispose]();
    await this.session[Symbol.asyncDispose]();
    this.#options.lease[Symbol.dispose]();
  }

  #receive(data: RawData, isBinary: boolean): void {
    const translate = this.#options.isBeta ? fromBeta : undefined;
    const decoded = isBinary ? NOT_TEXT : decodeClientEvent(data.toString(), translate);
    if (!decoded.ok) {
      const { code, param } = decoded.error;
      // The names of metadata are the client's own words.
      const field = param?.replace(/\.metadata\..*$/s, '.metadata') ?? null;
      this.#deps.telemetry.eventRefused({ connectionId: this.#id, code, param: field });
    }
    this.session.receive(decoded);
  }

  /** False when the client is gone. */
  #deliver(event: Outgoing): boolean {
    if (this.#socket.readyState !== this.#socket.OPEN) return false;
    if (!this.#options.hasExtensions && event.type.startsWith('vivavoce.')) return true;
    const whole = { event_id: `event_${this.#id}_${this.#eventCount++}`, ...event };
    const frames = this.#options.isBeta ? toBeta(whole as Parameters<typeof toBeta>[0]) : [whole];
    this.#cork();
    for (const frame of frames) this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** Events of one moment leave in one system call, after the work that they were sent amid: the model is asked first. */
  #cork(): void {
    if (this.#isCorked) return;
    this.#isCorked = true;
    this.#stream.cork();
    process.nextTick(() => {
      this.#isCorked = false;
      this.#stream.uncork();
    });
  }

  #pingOrEnd(): void {
    if (!this.#isAlive) {
      this.#socket.terminate();
      return;
    }
    this.#isAlive = false;
    this.#socket.ping();
    this.#ping = this.#deps.clock.after(PING_INTERVAL_MS, () => this.#pingOrEnd());
  }
}
