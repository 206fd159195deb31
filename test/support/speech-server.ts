import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bytesOf } from '../../src/speech/audio/pcm.ts';

/** What a client asked of `/v1/audio/speech`. */
export interface RecordedSpeech {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Readonly<Record<string, unknown>>;
  /** The client's port: the same number twice means one connection for both. */
  readonly port: number;
  /** Resolves when the exchange is over: `finished` as it should, `cut` when the connection went away before. */
  readonly closed: Promise<'finished' | 'cut'>;
}

/** Answers one request. Nothing is sent that it does not send: one that never ends is a stall. */
export type SpeechAnswer = (request: RecordedSpeech, response: ServerResponse) => void | Promise<void>;

/**
 * A stand-in for a server that speaks OpenAI's `/v1/audio/speech`: s16le at 24 kHz, chunked.
 *
 * `answer` may be replaced at any time, by one of the answers below or by a test's own.
 */
export class SpeechServer implements AsyncDisposable {
  readonly requests: RecordedSpeech[] = [];
  answer: SpeechAnswer = speakTone();
  readonly #server: Server;
  #onRequest = Promise.withResolvers<RecordedSpeech>();

  private constructor(server: Server) {
    this.#server = server;
    server.on('request', (request, response) => {
      void this.#serve(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
  }

  static async start(): Promise<SpeechServer> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new SpeechServer(server);
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  /** The next request that comes in. */
  nextRequest(): Promise<RecordedSpeech> {
    return this.#onRequest.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const closed = new Promise<'finished' | 'cut'>((resolve) => {
      response.once('close', () => resolve(response.writableFinished ? 'finished' : 'cut'));
    });
    let text = '';
    for await (const part of request.setEncoding('utf8')) text += part;
    const path = request.url ?? '';
    if (request.method !== 'POST' || path !== '/v1/audio/speech') {
      return void sendError(response, 404, `Invalid URL (${request.method} ${path})`);
    }
    const body = JSON.parse(text) as Record<string, unknown>;
    const recorded = { path, headers: request.headers, body, port: request.socket.remotePort ?? 0, closed };
    this.requests.push(recorded);
    const listening = this.#onRequest;
    this.#onRequest = Promise.withResolvers();
    listening.resolve(recorded);
    for (const field of ['model', 'input', 'voice']) {
      if (typeof body[field] !== 'string' || body[field] === '') {
        return void sendError(response, 400, `Missing required parameter: '${field}'.`);
      }
    }
    await this.answer(recorded, response);
  }
}

/** A quiet tone, 60 ms for each character: something to hear for every text, twice the same for the same text. */
export function toneFor(text: string): Int16Array {
  const samples = new Int16Array(text.length * 1440);
  return samples.map((_, i) => Math.round(6000 * Math.sin((2 * Math.PI * 440 * i) / 24_000)));
}

/** Speaks as it should. */
export function speakTone(): SpeechAnswer {
  return (request, response) => sendBytes([bytesOf(toneFor(String(request.body.input)))])(request, response);
}

/** Sends these pieces as they are; `before` is awaited ahead of each, with its number. */
export function sendBytes(
  pieces: readonly Uint8Array[],
  {
    type = 'audio/pcm',
    before,
  }: { readonly type?: string; readonly before?: (piece: number) => Promise<void> } = {},
): SpeechAnswer {
  return async (_request, response) => {
    response.writeHead(200, { 'content-type': type });
    response.flushHeaders();
    for (const [i, piece] of pieces.entries()) {
      await before?.(i);
      await new Promise<void>((resolve) => response.write(piece, () => resolve()));
    }
    response.end();
  };
}

/** Sends `piece` and then nothing more, and does not hang up either. */
export function stallAfter(piece: Uint8Array): SpeechAnswer {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': 'audio/pcm' });
    response.write(piece);
  };
}

/** Takes the request and never answers. */
export function neverAnswer(): SpeechAnswer {
  return () => {};
}

/** Resets the connection, after `piece` when there is one. */
export function resetAfter(piece: Uint8Array | null): SpeechAnswer {
  return async (_request, response) => {
    if (piece) {
      response.writeHead(200, { 'content-type': 'audio/pcm' });
      await new Promise<void>((resolve) => response.write(piece, () => resolve()));
    }
    response.socket?.resetAndDestroy();
  };
}

/** Refuses in OpenAI's words. */
export function refuse(status: number, message: string): SpeechAnswer {
  return (_request, response) => sendError(response, status, message);
}

/** Says 200 and sends something else than was asked for. */
export function lie(type: string, body: string | Uint8Array): SpeechAnswer {
  return (_request, response) => {
    response.writeHead(200, type === '' ? {} : { 'content-type': type });
    response.end(body);
  };
}

function sendError(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify({ error: { message, type: 'invalid_request_error', code: null, param: null } }),
  );
}
