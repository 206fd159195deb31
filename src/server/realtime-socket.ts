import type { Socket } from 'node:net';
import type { RawData, WebSocket } from 'ws';
import type { Clock, IdSource } from '../clock.ts';
import type { Lease } from '../conversation/conversations.ts';
import { fromBeta, toBeta } from '../protocol/beta.ts';
import { type Decoded, decodeClientEvent } from '../protocol/client-events.ts';
import { CLOSE } from '../protocol/close-codes.ts';
import type { SessionPatch } from '../protocol/session-config.ts';
import type { Outgoing } from '../session/outgoing.ts';
import { Session, type SessionDeps } from '../session/session.ts';
import type { Telemetry } from '../telemetry/events.ts';
import { InboundLimits, type KeyTraffic } from './inbound-limits.ts';

const PING_INTERVAL_MS = 20_000;
/** How long a client that breaks the limits may take to say goodbye. */
const GOODBYE_MS = 1_000;

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
  /** What came in over all connections of the key. */
  readonly traffic: ReturnType<KeyTraffic['of']>;
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
  readonly #stream: Socket;
  readonly #options: SocketOptions;
  readonly #deps: SocketDeps;
  readonly #id: string;
  readonly #limits: InboundLimits;
  #eventCount = 0;
  #isCorked = false;
  /** What had come by the last event, and by the last ping. */
  #bytesRead: number;
  #bytesAtPing = -1;
  /** Why we closed the connection. What a client says of it are its own words, and not for the log. */
  #reason: string | null = null;
  #ping: Disposable;

  /** @param stream what the socket writes to */
  constructor(socket: WebSocket, stream: Socket, options: SocketOptions, deps: SocketDeps) {
    this.#socket = socket;
    this.#stream = stream;
    this.#options = options;
    this.#deps = deps;
    this.#id = deps.ids.next('conn');
    this.#bytesRead = stream.bytesRead;
    this.#limits = new InboundLimits({
      clock: deps.clock,
      key: options.traffic,
      pause: () => socket.pause(),
      resume: () => socket.resume(),
      close: (reason) => this.#endNow(reason),
    });
    this.session = new Session(deps, {
      conversation: options.lease.conversation,
      model: options.model,
      patch: options.patch,
      deliver: (event) => this.#deliver(event),
      onHangUp: (reason) => this.#close(1000, reason),
    });
    this.#ping = deps.clock.after(PING_INTERVAL_MS, () => this.#pingOrEnd());
    socket.on('ping', () => this.#count(true));
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    // ws closes the connection itself and says why; there is nothing else to do about a broken frame.
    socket.on('error', () => undefined);
    deps.telemetry.connectionOpened({
      connectionId: this.#id,
      key: options.key,
      dialect: options.isBeta ? 'beta' : 'ga',
    });
    const closed = new Promise<void>((resolve) => {
      socket.once('close', (code) => {
        deps.telemetry.connectionClosed({ connectionId: this.#id, code, reason: this.#reason });
        resolve();
      });
    });
    this.ended = closed.then(() => this.#release());
    this.session.start();
  }

  /** Ends what is being said and closes: 1012, the server restarts. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.session[Symbol.asyncDispose]();
    this.#close(CLOSE.restarting, 'the server is shutting down');
  }

  async #release(): Promise<void> {
    this.#ping[Symbol.dispose]();
    this.#limits[Symbol.dispose]();
    await this.session[Symbol.asyncDispose]();
    this.#options.lease[Symbol.dispose]();
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    const translate = this.#options.isBeta ? fromBeta : undefined;
    const decoded = isBinary ? NOT_TEXT : decodeClientEvent(data.toString(), translate);
    if (!decoded.ok) {
      const { code, param } = decoded.error;
      // The names of metadata are the client's own words.
      const field = param?.replace(/\.metadata\..*$/s, '.metadata') ?? null;
      this.#deps.telemetry.eventRefused({ connectionId: this.#id, code, param: field });
    }
    this.#count(decoded.ok);
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

  /** Bytes as they are on the wire: a message in a thousand fragments is more than what it says. */
  #count(isValid: boolean): void {
    const { bytesRead } = this.#stream;
    this.#limits.took(bytesRead - this.#bytesRead, isValid);
    this.#bytesRead = bytesRead;
  }

  #close(code: number, reason: string): void {
    this.#reason ??= reason;
    this.#socket.close(code, reason);
  }

  #endNow(reason: string): void {
    this.#close(CLOSE.limits, reason);
    this.#ping[Symbol.dispose]();
    this.#ping = this.#deps.clock.after(GOODBYE_MS, () => this.#socket.terminate());
  }

  /** Whatever comes is a sign of life: a pong waits behind the audio that a client has sent before it. */
  #pingOrEnd(): void {
    const { bytesRead } = this.#stream;
    if (bytesRead === this.#bytesAtPing && !this.#limits.isPaused) {
      this.#socket.terminate();
      return;
    }
    this.#bytesAtPing = bytesRead;
    this.#socket.ping();
    this.#ping = this.#deps.clock.after(PING_INTERVAL_MS, () => this.#pingOrEnd());
  }
}
