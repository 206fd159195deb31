import type { Socket } from 'node:net';
import type { RawData, WebSocket } from 'ws';
import type { Clock } from '../clock.ts';
import { fromBeta, toBeta } from '../protocol/beta.ts';
import { type Decoded, decodeClientEvent } from '../protocol/client-events.ts';
import { CLOSE } from '../protocol/close-codes.ts';
import { settledOrAborted } from '../resilience/abortable.ts';
import type { Telemetry } from '../telemetry/events.ts';
import { InboundLimits, type KeyTraffic } from './inbound-limits.ts';

const PING_INTERVAL_MS = 20_000;
/** How long a client may take to say goodbye, behind everything that it has not read yet. */
const GOODBYE_MS = 5_000;
/** A quarter of a minute of speech that has not left: more audio waits. */
const FULL_BYTES = 1024 * 1024;
/** What does not wait is small, unless nobody reads for long. */
const MAX_BYTES = 8 * FULL_BYTES;
/** A client that is done: its page was left, its program has closed the connection. */
const GOODBYES: ReadonlySet<number> = new Set([1000, 1001, 1005]);

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
  /** Stands in the log. */
  readonly id: string;
  /** The dialect from before general availability. */
  readonly isBeta: boolean;
  /** What came in over all connections of the key. */
  readonly traffic: ReturnType<KeyTraffic['of']>;
  readonly onEvent: (decoded: Decoded) => void;
}

export interface SocketDeps {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** How a connection ended. */
export interface SocketEnd {
  /** One of the two wanted it so; false when it was cut, or nobody read at the other end. */
  readonly isGoodbye: boolean;
}

/** One connection: events as frames, both ways, and no more of them than the other side takes. */
export class RealtimeSocket {
  readonly ended: Promise<SocketEnd>;
  readonly #socket: WebSocket;
  readonly #stream: Socket;
  readonly #options: SocketOptions;
  readonly #deps: SocketDeps;
  readonly #limits: InboundLimits;
  #isCorked = false;
  /** It sent what is no WebSocket. */
  #isBroken = false;
  /** What had come by the last event, and by the last ping; what had left by then. */
  #bytesRead: number;
  #bytesAtPing = -1;
  #leftAtPing = -1;
  /** Why we closed the connection. What a client says of it are its own words, and not for the log. */
  #closing: { readonly code: number; readonly reason: string } | null = null;
  #ping: Disposable;
  #drained: PromiseWithResolvers<void> | null = null;

  /** @param stream what the socket writes to */
  constructor(socket: WebSocket, stream: Socket, options: SocketOptions, deps: SocketDeps) {
    this.#socket = socket;
    this.#stream = stream;
    this.#options = options;
    this.#deps = deps;
    this.#bytesRead = stream.bytesRead;
    this.#limits = new InboundLimits({
      clock: deps.clock,
      key: options.traffic,
      pause: () => socket.pause(),
      resume: () => socket.resume(),
      close: (reason) => this.close(CLOSE.limits, reason),
    });
    this.#ping = deps.clock.after(PING_INTERVAL_MS, () => this.#pingOrEnd());
    socket.on('ping', () => this.#count(true));
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    // ws closes the connection itself and says why; there is nothing else to do about a broken frame.
    socket.on('error', () => {
      this.#isBroken = true;
    });
    this.ended = new Promise((resolve) => {
      socket.once('close', (code) => {
        this.#ping[Symbol.dispose]();
        this.#limits[Symbol.dispose]();
        this.#drained?.resolve();
        const { id: connectionId } = options;
        deps.telemetry.connectionClosed({
          connectionId,
          code: this.#closing?.code ?? code,
          reason: this.#closing?.reason ?? null,
        });
        const wasMeant = this.#isBroken || GOODBYES.has(code);
        resolve({ isGoodbye: this.#closing ? !this.isCut : wasMeant });
      });
    });
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  /** We hang up because nobody reads at the other end: that is no goodbye. */
  get isCut(): boolean {
    return this.#closing?.code === CLOSE.slowReader;
  }

  send(event: { readonly type: string; readonly event_id: string }): void {
    const frames = this.#options.isBeta ? toBeta(event as Parameters<typeof toBeta>[0]) : [event];
    for (const frame of frames) this.sendText(JSON.stringify(frame));
  }

  /** @param text one event */
  sendText(text: string): void {
    if (!this.isOpen) return;
    this.#cork();
    this.#deps.telemetry.eventCrossed('out', text.length);
    this.#socket.send(text, () => {
      if (this.#drained && this.#socket.bufferedAmount <= FULL_BYTES) this.#emptied();
    });
    if (this.#socket.bufferedAmount > MAX_BYTES) this.#endSlowReader();
  }

  /** Resolves when there is room for audio, the connection has ended or `signal` is aborted; null: there is. */
  roomForAudio(signal: AbortSignal): Promise<void> | null {
    if (this.#socket.bufferedAmount <= FULL_BYTES || !this.isOpen) return null;
    this.#drained ??= Promise.withResolvers();
    return settledOrAborted(this.#drained.promise, signal);
  }

  /** Says goodbye, and hangs up when there is no answer. */
  close(code: number, reason: string): void {
    if (this.#closing) return;
    this.#closing = { code, reason };
    this.#socket.close(code, reason);
    this.#ping[Symbol.dispose]();
    this.#ping = this.#deps.clock.after(GOODBYE_MS, () => this.#socket.terminate());
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (!this.isOpen) return;
    const translate = this.#options.isBeta ? fromBeta : undefined;
    const decoded = isBinary ? NOT_TEXT : decodeClientEvent(data.toString(), translate);
    if (!decoded.ok) {
      const { code, param } = decoded.error;
      // The names of metadata are the client's own words.
      const field = param?.replace(/\.metadata\..*$/s, '.metadata') ?? null;
      this.#deps.telemetry.eventRefused({ connectionId: this.#options.id, code, param: field });
    }
    this.#count(decoded.ok);
    this.#options.onEvent(decoded);
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
    this.#deps.telemetry.eventCrossed('in', bytesRead - this.#bytesRead);
    this.#limits.took(bytesRead - this.#bytesRead, isValid);
    this.#bytesRead = bytesRead;
  }

  #emptied(): void {
    this.#drained?.resolve();
    this.#drained = null;
  }

  /** Its turn is finished all the same, and it may come back. */
  #endSlowReader(): void {
    this.close(CLOSE.slowReader, 'the client does not read what it is sent');
  }

  /**
   * Whatever comes is a sign of life: a pong waits behind the audio that a client has sent before it. One that was sent more
   * than it has taken so far gets the ping late, and lives as long as it takes something.
   */
  #pingOrEnd(): void {
    const { bytesRead, bytesWritten, writableLength } = this.#stream;
    const left = bytesWritten - writableLength;
    const isSilent = bytesRead === this.#bytesAtPing && !this.#limits.isPaused;
    if (isSilent && writableLength === 0) {
      this.#socket.terminate();
      return;
    }
    if (isSilent && left === this.#leftAtPing) {
      this.#endSlowReader();
      return;
    }
    this.#bytesAtPing = bytesRead;
    this.#leftAtPing = left;
    this.#socket.ping();
    this.#ping = this.#deps.clock.after(PING_INTERVAL_MS, () => this.#pingOrEnd());
  }
}
