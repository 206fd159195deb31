import type { ClientEvent } from '../../../src/protocol/client-events.ts';
import type { ExtensionEvent } from '../../../src/protocol/extension-events.ts';
import type { ServerEvent } from '../../../src/protocol/server-events.ts';
import { backoffMs } from './backoff.ts';

/** To these the server says nothing when all is well. */
const UNANSWERED: ReadonlySet<ClientEvent['type']> = new Set([
  'input_audio_buffer.append',
  'vivavoce.playback.reported',
  'vivavoce.input.muted',
]);

/** A quarter of a minute of speech that does not leave: the other side takes nothing any more. */
const MAX_BUFFERED_BYTES = 1_000_000;

export type AgentEvent = ServerEvent | ExtensionEvent;

export type ConnectionState =
  | { readonly status: 'connecting' }
  | { readonly status: 'open' }
  /** It tries again by itself at `retryAtMs` (wall clock). */
  | { readonly status: 'waiting'; readonly retryAtMs: number; readonly reason: string }
  /** It does not try again before `connect()` is called. */
  | { readonly status: 'closed'; readonly reason: string | null };

/** The part of a `WebSocket` that is used here. */
export interface SocketLike {
  send(text: string): void;
  /** Bytes that have not left yet. */
  readonly bufferedAmount: number;
  close(code?: number, reason?: string): void;
  addEventListener(type: 'open', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { code: number; reason: string }) => void): void;
}

export interface Target {
  readonly url: string;
  readonly protocols: readonly string[];
}

/** Thrown by `prepare` when trying again by itself makes no sense: a key is needed, the origin is refused. */
export class CannotConnect extends Error {}

interface Deps {
  /**
   * Finds out where to connect to, and whether that would work: a browser is not told why an upgrade was refused.
   *
   * @throws CannotConnect to stop trying; whatever else it throws is tried again later.
   */
  readonly prepare: (signal: AbortSignal) => Promise<Target>;
  readonly createSocket: (target: Target) => SocketLike;
  readonly onState: (state: ConnectionState) => void;
  readonly onEvent: (event: AgentEvent) => void;
  readonly random?: () => number;
  readonly nowMs?: () => number;
  /** Events that are sent get an answer at once, but for `UNANSWERED`; so long without one means that the connection is dead. */
  readonly silenceMs?: number;
}

/** A Realtime connection that comes back by itself. */
export class RealtimeConnection {
  readonly #deps: Required<Deps>;
  #attempt = 0;
  #socket: SocketLike | null = null;
  #isOpen = false;
  #run = new AbortController();
  #retry: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;

  constructor(deps: Deps) {
    this.#deps = { random: Math.random, nowMs: Date.now, silenceMs: 10_000, ...deps };
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Connects now: anew when a connection is there, at once when one is being waited for. */
  connect(): void {
    this.#end();
    void this.#open(this.#run.signal);
  }

  close(reason: string | null = null): void {
    this.#end();
    this.#deps.onState({ status: 'closed', reason });
  }

  /** False, and nothing is sent, while there is no connection. */
  send(event: ClientEvent): boolean {
    if (!this.#isOpen || !this.#socket) return false;
    if (this.#socket.bufferedAmount > MAX_BUFFERED_BYTES) {
      this.#lost(this.#run.signal, 'The connection is too slow for speech.');
      return false;
    }
    this.#socket.send(JSON.stringify(event));
    if (UNANSWERED.has(event.type)) return true;
    this.#silence ??= setTimeout(() => {
      this.#lost(this.#run.signal, 'The server does not answer any more.');
    }, this.#deps.silenceMs);
    return true;
  }

  async #open(signal: AbortSignal): Promise<void> {
    const { prepare, createSocket, onState, onEvent } = this.#deps;
    onState({ status: 'connecting' });
    try {
      const target = await prepare(signal);
      if (signal.aborted) return;
      const socket = createSocket(target);
      this.#socket = socket;
      socket.addEventListener('open', () => {
        if (signal.aborted) return;
        this.#isOpen = true;
        this.#attempt = 0;
        onState({ status: 'open' });
      });
      socket.addEventListener('message', ({ data }) => {
        if (signal.aborted) return;
        this.#heardFrom();
        onEvent(JSON.parse(String(data)) as AgentEvent);
      });
      socket.addEventListener('close', ({ reason }) => {
        this.#lost(signal, reason ? `Disconnected: ${reason}.` : 'The connection was lost.');
      });
    } catch (error) {
      if (signal.aborted) return;
      const reason = error instanceof Error ? error.message : String(error);
      if (error instanceof CannotConnect) this.close(reason);
      else this.#lost(signal, reason);
    }
  }

  #lost(signal: AbortSignal, reason: string): void {
    if (signal.aborted) return;
    this.#end();
    const delayMs = backoffMs(this.#attempt++, this.#deps.random);
    this.#retry = setTimeout(() => this.connect(), delayMs);
    this.#deps.onState({ status: 'waiting', retryAtMs: this.#deps.nowMs() + delayMs, reason });
  }

  #heardFrom(): void {
    clearTimeout(this.#silence);
    this.#silence = undefined;
  }

  /** Lets go of the connection that is there; nothing of it is heard of afterwards. */
  #end(): void {
    this.#run.abort();
    this.#run = new AbortController();
    this.#isOpen = false;
    this.#socket?.close();
    this.#socket = null;
    clearTimeout(this.#retry);
    this.#heardFrom();
  }
}
