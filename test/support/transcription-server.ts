import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { readWav } from '../../src/speech/audio/wav.ts';

/** What a client asked of `/v1/audio/transcriptions`. */
export interface RecordedTranscription {
  readonly headers: IncomingHttpHeaders;
  /** Every field but the file, as text. */
  readonly fields: Readonly<Record<string, string>>;
  /** The file as it came. */
  readonly file: { readonly name: string; readonly type: string; readonly bytes: Buffer };
  /** What is in the file. */
  readonly samples: Int16Array;
  readonly rate: number;
  /** The client's port: the same number twice means one connection for both. */
  readonly port: number;
  /** Resolves when the exchange is over: `finished` as it should, `cut` when the connection went away before. */
  readonly closed: Promise<'finished' | 'cut'>;
}

/** Answers one request that is well-formed. Nothing is sent that it does not send: one that never ends is a stall. */
export type TranscriptionAnswer = (
  request: RecordedTranscription,
  response: ServerResponse,
) => void | Promise<void>;

const MAX_FILE_BYTES = 25 * 1024 * 1024;
/** What OpenAI calls its models, and which of them stream and which know when a word was said. */
const STREAMING = ['gpt-4o-transcribe', 'gpt-4o-mini-transcribe'];
const TIMING = ['whisper-1'];

/**
 * A stand-in for OpenAI's `/v1/audio/transcriptions`. It reads the multipart body with another parser than ours
 * writes it with, and refuses what OpenAI refuses, in its words.
 *
 * `text` is what it hears. `answer` may be replaced at any time, by one of the answers below or by a test's own.
 */
export class TranscriptionServer implements AsyncDisposable {
  readonly requests: RecordedTranscription[] = [];
  text = 'Hello there, my name is Alice.';
  apiKey: string | null = null;
  answer: TranscriptionAnswer = (request, response) => this.transcribe(request, response);
  readonly #server: Server;
  #onRequest = Promise.withResolvers<RecordedTranscription>();

  private constructor(server: Server) {
    this.#server = server;
    server.on('request', (request, response) => {
      void this.#serve(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
  }

  static async start(): Promise<TranscriptionServer> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TranscriptionServer(server);
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  /** The next well-formed request that comes in. */
  nextRequest(): Promise<RecordedTranscription> {
    return this.#onRequest.promise;
  }

  /** Answers as OpenAI does. */
  transcribe({ fields, samples, rate }: RecordedTranscription, response: ServerResponse): void {
    const { model = '', response_format: format = 'json', stream } = fields;
    if (STREAMING.includes(model) && format !== 'json' && format !== 'text') {
      const message = `response_format '${format}' is not compatible with model '${model}'. Use 'json' or 'text' instead.`;
      return void sendError(response, 400, message, { param: 'response_format', code: 'unsupported_value' });
    }
    if (stream === 'true' && STREAMING.includes(model)) return void sendStream(response, deltasOf(this.text));
    if (format === 'text')
      return void response
        .writeHead(200, { 'content-type': 'text/plain; charset=utf-8' })
        .end(`${this.text}\n`);
    const duration = samples.length / rate;
    const words = this.text.split(' ').map((word, i, all) => ({
      word,
      start: (duration * i) / all.length,
      end: (duration * (i + 1)) / all.length,
    }));
    const verbose = { task: 'transcribe', language: 'english', duration, text: this.text, segments: [] };
    const isTimed = fields['timestamp_granularities[]'] === 'word';
    const body = format === 'verbose_json' ? { ...verbose, ...(isTimed && { words }) } : { text: this.text };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
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
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const { method, url, headers } = request;
    if (method !== 'POST' || url !== '/v1/audio/transcriptions')
      return void sendError(response, 404, `Invalid URL (${method} ${url})`);
    if (this.apiKey !== null && headers.authorization !== `Bearer ${this.apiKey}`)
      return void sendError(response, 401, 'Incorrect API key provided.', { code: 'invalid_api_key' });

    const form = await new Response(Buffer.concat(parts), {
      headers: { 'content-type': headers['content-type'] ?? '' },
    }).formData();
    const fields: Record<string, string> = {};
    for (const [name, value] of form) if (typeof value === 'string') fields[name] = value;
    const file = form.get('file');
    const { model } = fields;
    if (!(file instanceof File) || !model)
      return void sendError(response, 400, 'you must provide a file and a model parameter');
    if (![...STREAMING, ...TIMING].includes(model)) {
      const message = `The model \`${model}\` does not exist or you do not have access to it.`;
      return void sendError(response, 404, message, { code: 'model_not_found' });
    }
    const bytes = Buffer.from(await file.arrayBuffer());
    if (bytes.length > MAX_FILE_BYTES) {
      const message = `${bytes.length}: Maximum content size limit (${MAX_FILE_BYTES + 1}) exceeded`;
      return void sendError(response, 413, message);
    }
    const audio = readFile(bytes);
    if (audio === null) {
      const message =
        "Invalid file format. Supported formats: ['flac', 'm4a', 'mp3', 'mp4', 'mpeg', 'mpga', 'oga', 'ogg', 'wav', 'webm']";
      return void sendError(response, 400, message);
    }
    if (audio.samples.length < audio.rate / 10) {
      const message = 'Audio file is too short. Minimum audio length is 0.1 seconds.';
      return void sendError(response, 400, message, { code: 'audio_too_short', param: 'file' });
    }
    const recorded: RecordedTranscription = {
      headers,
      fields,
      file: { name: file.name, type: file.type, bytes },
      ...audio,
      port: request.socket.remotePort ?? 0,
      closed,
    };
    this.requests.push(recorded);
    const listening = this.#onRequest;
    this.#onRequest = Promise.withResolvers();
    listening.resolve(recorded);
    await this.answer(recorded, response);
  }
}

function readFile(bytes: Buffer): { samples: Int16Array; rate: number } | null {
  try {
    return readWav(bytes);
  } catch {
    return null;
  }
}

/** The pieces in which OpenAI sends a text: a word with the space before it. */
function deltasOf(text: string): string[] {
  return text.split(/(?= )/);
}

/** One event of a stream. */
export function sse(event: object): string {
  return `data: ${JSON.stringify(event)}\n\n`;
}

function sendStream(response: ServerResponse, deltas: readonly string[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  for (const delta of deltas) response.write(sse({ type: 'transcript.text.delta', delta, logprobs: [] }));
  response.end(sse({ type: 'transcript.text.done', text: deltas.join(''), logprobs: [] }));
}

/** Takes the request and never answers. */
export function neverAnswer(): TranscriptionAnswer {
  return () => {};
}

/** Sends `parts` as they are, each in a write of its own, and then ends as told. */
export function sendParts(
  parts: readonly (string | Uint8Array)[],
  { type = 'text/event-stream', end = 'finish' }: { type?: string; end?: 'finish' | 'stall' | 'reset' } = {},
): TranscriptionAnswer {
  return async (_request, response) => {
    if (parts.length > 0) response.writeHead(200, { 'content-type': type });
    for (const part of parts) await new Promise<void>((resolve) => response.write(part, () => resolve()));
    if (end === 'finish') response.end();
    else if (end === 'reset') response.socket?.resetAndDestroy();
  };
}

/** Refuses in OpenAI's words. */
export function refuse(
  status: number,
  message: string,
  headers: Record<string, string> = {},
): TranscriptionAnswer {
  return (_request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    sendError(response, status, message);
  };
}

function sendError(
  response: ServerResponse,
  status: number,
  message: string,
  { code = null, param = null }: { code?: string | null; param?: string | null } = {},
): void {
  const type = status >= 500 ? 'server_error' : 'invalid_request_error';
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ error: { message, type, param, code } }));
}
