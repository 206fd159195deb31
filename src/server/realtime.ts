import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Conversations } from '../conversation/conversations.ts';
import type { Owner } from '../conversation/store.ts';
import type { EngineStatus } from '../engine-status.ts';
import { VivavoceError } from '../errors.ts';
import type { Decoded } from '../protocol/client-events.ts';
import { CLOSE } from '../protocol/close-codes.ts';
import { MAX_AUDIO_CHARS } from '../protocol/limits.ts';
import type { Admission } from '../resilience/admission.ts';
import { errorEvent } from '../session/error-event.ts';
import { type Auth, type Caller, requireScopeOf, userName } from './auth.ts';
import { Call, type CallDeps, type ComingBack, cannotResume } from './call.ts';
import { withoutReason } from './engine-reasons.ts';
import { KeyTraffic } from './inbound-limits.ts';
import { RealtimeSocket } from './realtime-socket.ts';
import { comingBackOf, type Door, type DoorDeps, readDoor, refuseUpgrade } from './upgrade.ts';

/** The longest audio event, and room for its envelope. */
const MAX_FRAME_BYTES = MAX_AUDIO_CHARS + 64 * 1024;
/** After the time that sentences may take. */
const CLOSE_DEADLINE_MS = 2_000;
/** Some time after it, in which what was terminated is released. */
const GIVE_UP_MS = 3_000;

interface RealtimeDeps extends CallDeps, DoorDeps {
  readonly auth: Auth;
  readonly conversations: Conversations;
  readonly admission: Admission;
  /** How long sentences may take to end when the server stops. */
  readonly finishMs: number;
}

/** `/v1/realtime`: lets sockets in and keeps them until they end. */
export class RealtimeServer implements AsyncDisposable {
  readonly #deps: RealtimeDeps;
  /** By their tokens. */
  readonly #calls = new Map<string, Call>();
  readonly #ws = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    // Compression costs 270 KB a connection and audio does not shrink.
    perMessageDeflate: false,
    // The longest event in pieces of 4 KiB.
    maxFragments: 4_096,
    // The key is never echoed.
    handleProtocols: (offered) => (offered.has('realtime') ? 'realtime' : false),
  });
  readonly #traffic: KeyTraffic;
  #isClosing = false;

  constructor(deps: RealtimeDeps) {
    this.#deps = deps;
    this.#traffic = new KeyTraffic(deps.clock);
  }

  /** Tells everybody who listens to our own events how the engines are. */
  enginesChanged(engines: readonly EngineStatus[]): void {
    const told = { type: 'vivavoce.engines.changed' as const, engines: [...engines] };
    const outside = { ...told, engines: engines.map(withoutReason) };
    for (const call of this.#calls.values()) call.session.notify(call.isOperator ? told : outside);
  }

  /** Ends the sessions of an owner whose conversation is gone: what they would send again is gone with it. */
  endForgotten(owner: Owner): void {
    for (const call of this.#calls.values()) {
      const isTheirs = call.owner.key === owner.key && call.owner.user === owner.user;
      if (isTheirs && call.isForgotten) call.hangUp(CLOSE.gone, 'the conversation was erased');
    }
  }

  /** Takes an HTTP upgrade, or answers it with the reason why not. */
  async upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): Promise<void> {
    // Until the socket is ours a reset would be an unhandled error.
    const onError = () => stream.destroy();
    stream.on('error', onError);
    try {
      const door = readDoor(request, this.#deps);
      this.#refuseWhenClosing();
      const resuming = door.hasExtensions ? comingBackOf(door.query) : null;
      // ws may refuse the handshake itself, and then calls nobody.
      using unused = new DisposableStack();
      const begin = resuming ? this.#resume(door, resuming) : await this.#begin(door, unused);
      this.#refuseWhenClosing();
      stream.off('error', onError);
      this.#ws.handleUpgrade(request, stream, head, (socket) => {
        unused.move();
        begin(socket, stream as Socket);
      });
    } catch (error) {
      refuseUpgrade(stream, error);
    }
  }

  /**
   * Lets everybody who is being answered hear the sentence to its end, and says goodbye. Ends within some seconds after
   * `finishMs`, whatever a peer or the disk does.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosing = true;
    const { clock, finishMs } = this.#deps;
    const stop = new AbortController();
    if (finishMs === 0) stop.abort();
    using _stop = clock.after(finishMs, () => stop.abort());
    // A peer that does not answer the close must not hold the server, nor one whose last words wait for the disk.
    using _terminate = clock.after(finishMs + CLOSE_DEADLINE_MS, () => {
      for (const client of this.#ws.clients) client.terminate();
    });
    // Without its connection a session ends at once, unless a write is stuck for good.
    const givenUp = Promise.withResolvers<void>();
    using _giveUp = clock.after(finishMs + GIVE_UP_MS, givenUp.resolve);
    const goodbyes = [...this.#calls.values()].map((call) =>
      call.close(stop.signal, CLOSE.restarting, 'the server is shutting down'),
    );
    await Promise.race([Promise.all(goodbyes), givenUp.promise]);
  }

  /** A new session, in a new conversation or one that there is. */
  async #begin(door: Door, unused: DisposableStack) {
    const { auth, conversations, admission } = this.#deps;
    const { query, token, address, hasExtensions } = door;
    const caller = auth.identify(token, userName(query.get('user')));
    requireScopeOf(caller, 'talk');
    const { owner, patch } = caller;
    const place = unused.use(admission.connection(owner.key, address));
    const lease = unused.use(await this.#lease(conversations, owner, query.get('conversation')));
    unused.use(auth.use(token));
    const model = query.get('model') || modelOf(caller) || 'vivavoce';
    return (socket: WebSocket, stream: Socket) => {
      const isOperator = caller.scopes.includes('operate');
      const call = new Call({ lease, model, patch, hasExtensions, isOperator, place }, this.#deps);
      this.#calls.set(call.token, call);
      void call.ended.then(() => this.#calls.delete(call.token));
      call.begin(this.#connect(socket, stream, door, owner.key, (event) => call.receive(event)).socket);
    };
  }

  #resume(door: Door, { token, ...place }: ComingBack & { token: string }) {
    const call = this.#calls.get(token);
    const { key = 'unknown' } = call?.owner ?? {};
    return (ws: WebSocket, stream: Socket) => {
      const { socket, id } = this.#connect(ws, stream, door, key, (event) => call?.receive(event));
      try {
        if (!call || !this.#mayResume(door, call)) throw cannotResume('resume_token_unknown');
        call.resume(socket, id, place);
      } catch (error) {
        // A browser does not see why an upgrade was refused.
        socket.send({ event_id: `event_${id}`, ...errorEvent(error, null) });
        socket.close(CLOSE.notResumable, 'this session cannot be resumed');
      }
    };
  }

  /** Whoever has the session's token had a key: one that is only good for minutes may have expired since. */
  #mayResume({ token, query }: Door, call: Call): boolean {
    if (token === null || token.startsWith('ek_')) return true;
    const { owner } = this.#deps.auth.identify(token, userName(query.get('user')));
    return owner.key === call.owner.key && owner.user === call.owner.user;
  }

  #connect(
    ws: WebSocket,
    stream: Socket,
    { isBeta }: Door,
    key: string,
    onEvent: (event: Decoded) => void,
  ): { socket: RealtimeSocket; id: string } {
    const { ids, telemetry } = this.#deps;
    const id = ids.next('conn');
    telemetry.connectionOpened({ connectionId: id, key, dialect: isBeta ? 'beta' : 'ga' });
    const options = { id, isBeta, traffic: this.#traffic.of(key), onEvent };
    return { socket: new RealtimeSocket(ws, stream, options, this.#deps), id };
  }

  #refuseWhenClosing(): void {
    if (!this.#isClosing) return;
    throw new VivavoceError('overloaded', 'The server is shutting down.', { retryAfterSeconds: 5 });
  }

  #lease(conversations: Conversations, owner: Owner, id: string | null) {
    return id === null ? conversations.begin(owner) : conversations.open(owner, id);
  }
}

function modelOf({ patch }: Caller): string | null {
  return typeof patch?.model === 'string' ? patch.model : null;
}
