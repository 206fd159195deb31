import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Conversations } from '../conversation/conversations.ts';
import type { Owner } from '../conversation/store.ts';
import { VivavoceError } from '../errors.ts';
import { MAX_AUDIO_CHARS } from '../protocol/limits.ts';
import type { Outgoing } from '../session/outgoing.ts';
import { type Auth, bearerToken, type Caller, requireScopeOf, userName } from './auth.ts';
import { httpStatus, retryAfter, toErrorBody } from './error-body.ts';
import { KeyTraffic } from './inbound-limits.ts';
import { type OriginPolicy, refusedBecause } from './origin.ts';
import { RealtimeSocket, type SocketDeps } from './realtime-socket.ts';

const KEY_PROTOCOL = 'openai-insecure-api-key.';
const BETA_PROTOCOL = 'openai-beta.realtime-v1';
/** The longest audio event, and room for its envelope. */
const MAX_FRAME_BYTES = MAX_AUDIO_CHARS + 64 * 1024;
const CLOSE_DEADLINE_MS = 2_000;
/** Some time after it, in which what was terminated is released. */
const GIVE_UP_MS = 3_000;

interface RealtimeDeps extends SocketDeps {
  readonly auth: Auth;
  readonly origins: OriginPolicy;
  readonly conversations: Conversations;
}

/** `/v1/realtime`: lets sockets in and keeps them until they end. */
export class RealtimeServer implements AsyncDisposable {
  readonly #deps: RealtimeDeps;
  readonly #sockets = new Set<RealtimeSocket>();
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

  get connections(): number {
    return this.#sockets.size;
  }

  /** Sends one of our own events to everybody who listens to them. */
  broadcast(event: Outgoing): void {
    for (const socket of this.#sockets) socket.session.notify(event);
  }

  /** Takes an HTTP upgrade, or answers it with the reason why not. */
  async upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): Promise<void> {
    // Until the socket is ours a reset would be an unhandled error.
    const onError = () => stream.destroy();
    stream.on('error', onError);
    try {
      const options = await this.#admit(request);
      // ws may refuse the handshake itself, and then calls nobody.
      using unused = new DisposableStack();
      unused.use(options.lease);
      this.#refuseWhenClosing();
      stream.off('error', onError);
      this.#ws.handleUpgrade(request, stream, head, (socket) => {
        const realtime = new RealtimeSocket(socket, stream as Socket, options, this.#deps);
        unused.move();
        this.#sockets.add(realtime);
        void realtime.ended.then(() => this.#sockets.delete(realtime));
      });
    } catch (error) {
      refuse(stream, error);
    }
  }

  /** Says goodbye to everybody. Ends within some seconds, whatever a peer or the disk does. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosing = true;
    const { clock } = this.#deps;
    const sockets = [...this.#sockets];
    // A peer that does not answer the close must not hold the server, nor one whose last words wait for the disk.
    using _terminate = clock.after(CLOSE_DEADLINE_MS, () => {
      for (const client of this.#ws.clients) client.terminate();
    });
    // Without its connection a session ends at once, unless a write is stuck for good.
    const givenUp = Promise.withResolvers<void>();
    using _giveUp = clock.after(GIVE_UP_MS, givenUp.resolve);
    await Promise.race([
      Promise.all(sockets.flatMap((socket) => [socket[Symbol.asyncDispose](), socket.ended])),
      givenUp.promise,
    ]);
  }

  async #admit(request: IncomingMessage) {
    const url = URL.parse(request.url ?? '/', 'http://realtime');
    if (!url) throw new VivavoceError('invalid_request', 'The address of the request cannot be read.');
    if (url.pathname !== '/v1/realtime') {
      throw new VivavoceError(
        'not_found',
        `There is no WebSocket at ${url.pathname}; it is at /v1/realtime.`,
      );
    }
    this.#refuseWhenClosing();
    const { auth, origins, conversations } = this.#deps;
    const refusal = refusedBecause(request.headers, origins);
    if (refusal) throw new VivavoceError('forbidden', refusal);

    const protocols = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    const key = protocols.find((name) => name.startsWith(KEY_PROTOCOL))?.slice(KEY_PROTOCOL.length);
    const token = bearerToken(request.headers.authorization) ?? key ?? null;
    const caller = auth.identify(token, userName(url.searchParams.get('user')));
    requireScopeOf(caller, 'talk');
    using unused = new DisposableStack();
    const conversation = url.searchParams.get('conversation');
    const lease = unused.use(await this.#lease(conversations, caller.owner, conversation));
    auth.use(token);
    unused.move();
    return {
      lease,
      model: url.searchParams.get('model') || modelOf(caller) || 'vivavoce',
      patch: caller.patch,
      key: caller.owner.key,
      traffic: this.#traffic.of(caller.owner.key),
      isBeta:
        protocols.includes(BETA_PROTOCOL) || String(request.headers['openai-beta']).includes('realtime=v1'),
      hasExtensions: url.searchParams.get('extensions') === 'vivavoce',
    };
  }

  #refuseWhenClosing(): void {
    if (this.#isClosing) throw new VivavoceError('engine_unavailable', 'The server is shutting down.');
  }

  #lease(conversations: Conversations, owner: Owner, id: string | null) {
    return id === null ? conversations.begin(owner) : conversations.open(owner, id);
  }
}

function modelOf({ patch }: Caller): string | null {
  return typeof patch?.model === 'string' ? patch.model : null;
}

/** Answers an upgrade with an HTTP error of the same shape as everywhere. */
function refuse(stream: Duplex, error: unknown): void {
  const status = httpStatus(error);
  const body = JSON.stringify(toErrorBody(error));
  const headers = Object.entries(retryAfter(error)).map(([name, value]) => `${name}: ${value}\r\n`);
  stream.end(
    `HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n${headers.join('')}\r\n${body}`,
  );
}
