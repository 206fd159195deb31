import { Agent, type Dispatcher } from 'undici';
import { engineWords, textsIn } from '../engine-words.ts';
import { isAbort, messageOf, VivavoceError } from '../errors.ts';

interface EngineHttpOptions {
  /** As people call it: `Ollama`. */
  readonly name: string;
  /** Without a slash at its end. */
  readonly baseUrl: string;
  /** How long an idle connection is kept, in milliseconds; less than the server keeps it. */
  readonly keepAliveMs: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Words what the server means with an error status, where more can be said than its own message. */
  readonly explain?: (status: number, message: string) => VivavoceError | null;
}

interface EngineCall {
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export type EngineResponse = Dispatcher.ResponseData;

/**
 * HTTP to one engine over kept connections, with every failure as a `VivavoceError` that says what to do.
 *
 * Aborting the signal of a request destroys its connection at once, before and after the first byte. It is undici's
 * `request` and not its `fetch`, which takes 0.15 ms longer to get a request to the socket.
 */
export class EngineHttp implements AsyncDisposable {
  readonly baseUrl: string;
  readonly #options: EngineHttpOptions;
  readonly #agent: Agent;

  constructor(options: EngineHttpOptions) {
    this.#options = options;
    this.baseUrl = options.baseUrl;
    this.#agent = new Agent({ keepAliveTimeout: options.keepAliveMs });
  }

  /** The response once its headers are there; its status is always 2xx. Its body has to be read or destroyed. */
  async open(url: string, call: EngineCall, signal: AbortSignal): Promise<EngineResponse> {
    const headers = { ...call.headers, ...this.#options.headers };
    const { origin, pathname, search } = new URL(url);
    let response: EngineResponse;
    try {
      response = await this.#agent.request({ ...call, origin, path: pathname + search, headers, signal });
    } catch (error) {
      throw this.toError(error, signal, 'before its answer');
    }
    if (response.statusCode < 300) return response;
    throw await this.#statusError(response, url, call, signal);
  }

  async json<T>(path: string, signal: AbortSignal, body?: unknown): Promise<T> {
    const headers = { 'content-type': 'application/json' };
    const call: EngineCall =
      body === undefined ? { method: 'GET' } : { method: 'POST', headers, body: JSON.stringify(body) };
    const response = await this.open(`${this.baseUrl}${path}`, call, signal);
    try {
      return (await response.body.json()) as T;
    } catch (error) {
      throw this.toError(error, signal, `in its answer to ${path}`);
    }
  }

  /**
   * Anything that was thrown on the way to or from this engine, as an error of ours.
   *
   * @param asked the texts of the request, which do not belong into a message
   */
  toError(error: unknown, signal: AbortSignal, when: string, asked: string | null = null): VivavoceError {
    const known = ownError(error);
    if (known) return known;
    const { name, baseUrl } = this.#options;
    if (signal.aborted)
      return new VivavoceError('cancelled', `the call to ${name} was cancelled`, { cause: error });
    const code = codeOf(error);
    if (code && UNREACHABLE.has(code)) {
      const text = `${name} does not answer at ${baseUrl} (${code}): is it running?`;
      return new VivavoceError('engine_unavailable', text, { cause: error });
    }
    if (code && SLOW.has(code)) {
      return new VivavoceError('engine_timeout', `${name} at ${baseUrl} fell silent ${when}`, {
        cause: error,
      });
    }
    if (code && CUT.has(code)) {
      // Nothing was delivered yet: the same call may go well on a new connection.
      const early = when === 'before its answer';
      const text = `${name} at ${baseUrl} closed the connection ${when}`;
      return new VivavoceError(early ? 'engine_unavailable' : 'engine_failed', text, { cause: error });
    }
    return new VivavoceError(
      'engine_failed',
      `${name} at ${baseUrl} failed ${when}: ${engineWords(messageOf(error), asked)}`,
      {
        cause: error,
      },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }

  async #statusError(
    response: EngineResponse,
    url: string,
    call: EngineCall,
    signal: AbortSignal,
  ): Promise<VivavoceError> {
    const { name, explain } = this.#options;
    const { statusCode } = response;
    let message: string;
    try {
      message = engineWords(errorMessageIn(await response.body.text()), textsIn(call.body));
    } catch (error) {
      return this.toError(error, signal, `in its answer ${statusCode} to ${url}`);
    }
    const text = `${name} answered ${statusCode} at ${url}${message && `: ${message}`}`;
    return explain?.(statusCode, message) ?? new VivavoceError(codeOfStatus(statusCode), text);
  }
}

const UNREACHABLE: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
]);
const SLOW: ReadonlySet<string> = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);
const CUT: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE', 'UND_ERR_DESTROYED']);

function codeOfStatus(status: number): 'engine_unavailable' | 'engine_timeout' | 'engine_failed' {
  if (status === 408 || status === 504) return 'engine_timeout';
  // Too busy, starting, out of memory for the moment: later it may do what it was asked.
  return status === 429 || status >= 500 ? 'engine_unavailable' : 'engine_failed';
}

/** The `VivavoceError` inside whatever a library made of it. */
function ownError(error: unknown): VivavoceError | null {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof VivavoceError) return at;
  return null;
}

function codeOf(error: unknown): string | null {
  for (let at = error; at instanceof Error && !isAbort(at); at = at.cause) {
    if ('code' in at && typeof at.code === 'string') return at.code;
    if (at instanceof AggregateError && at.errors.length > 0) return codeOf(at.errors[0]);
  }
  return null;
}

/** `{"error":"…"}` of Ollama, `{"error":{"message":"…"}}` of OpenAI, or what it is instead. */
function errorMessageIn(text: string): string {
  try {
    const answer = JSON.parse(text) as { error?: string | { message?: string } } | null;
    const message = typeof answer?.error === 'string' ? answer.error : answer?.error?.message;
    if (message) return message;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return text;
}
