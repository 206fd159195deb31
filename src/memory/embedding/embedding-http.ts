import { Agent, type Dispatcher } from 'undici';
import { engineWords, textsIn } from '../../engine-words.ts';
import { type ErrorCode, messageOf, VivavoceError } from '../../errors.ts';
import { cancelled } from '../../resilience/deadline.ts';

interface Options {
  /** As people call it: `Ollama`. */
  readonly name: string;
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly apiKey?: string;
  /** What to do about an error status, for the message. */
  readonly hints?: Readonly<Record<number, string>>;
}

/** Servers keep idle connections for a minute or longer. */
const KEEP_ALIVE_MS = 55_000;

/** The server answered, and the answer was no. */
export class StatusError extends VivavoceError {
  readonly status: number;

  constructor(status: number, message: string) {
    super(codeOf(status), message);
    this.status = status;
  }
}

/** JSON over kept connections to a server that embeds. Aborting a signal closes the connection of its request. */
export class EmbeddingHttp implements AsyncDisposable {
  readonly baseUrl: string;
  readonly #options: Options;
  readonly #agent = new Agent({ keepAliveTimeout: KEEP_ALIVE_MS });

  constructor(options: Options) {
    this.#options = options;
    this.baseUrl = options.baseUrl.replace(/\/+$/, '');
  }

  /**
   * Posts `body`; without one it is a GET.
   *
   * Rejects with a `StatusError` (`invalid_request` when it is the texts that are refused), `engine_unavailable` when
   * the server cannot be reached, `engine_failed` when its answer is not JSON, `cancelled`.
   */
  async json(path: string, signal: AbortSignal, body?: unknown): Promise<unknown> {
    const { name, apiKey } = this.#options;
    const { origin, pathname, search } = new URL(`${this.baseUrl}${path}`);
    let response: Dispatcher.ResponseData;
    let text: string;
    try {
      response = await this.#agent.request({
        ...{ origin, path: pathname + search, signal },
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      text = await response.body.text();
    } catch (error) {
      if (signal.aborted) throw cancelled(name, signal);
      const message = `${name} does not answer at ${this.baseUrl} (${causeOf(error)}): is it running?`;
      throw new VivavoceError('engine_unavailable', message, { cause: error });
    }
    if (response.statusCode >= 300)
      throw this.#refusal(
        response.statusCode,
        path,
        engineWords(errorIn(text), textsIn(JSON.stringify(body))),
      );
    try {
      return JSON.parse(text);
    } catch (cause) {
      // Without the parser's message, which quotes the text.
      const message = `${name} at ${this.baseUrl}${path} sent something that is not JSON`;
      throw new VivavoceError('engine_failed', message, { cause });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }

  #refusal(status: number, path: string, said: string): StatusError {
    const { name, hints = {} } = this.#options;
    const hint = hints[status] ? ` (${hints[status]})` : '';
    return new StatusError(
      status,
      `${name} answered ${status} at ${this.baseUrl}${path}${said && `: ${said}`}${hint}`,
    );
  }
}

function codeOf(status: number): ErrorCode {
  if (status === 400 || status === 413 || status === 422) return 'invalid_request';
  if (status === 408 || status === 504) return 'engine_timeout';
  // Busy, starting or behind a proxy that has lost it. A 500 may well be about this very text: Ollama answers so when
  // a model computes what is no number.
  return status === 429 || (status > 501 && status < 600) ? 'engine_unavailable' : 'engine_failed';
}

/** The code of whatever lies beneath an error of undici, or its message. */
function causeOf(error: unknown): string {
  const first = error instanceof AggregateError ? error.errors[0] : error;
  return first instanceof Error && 'code' in first ? String(first.code) : messageOf(first);
}

/**
 * `{"error":"…"}` of Ollama, `{"error":{"message":"…"}}` of OpenAI, or the beginning of what is not JSON. Other JSON is
 * left out: some servers send back what they were asked, and messages are logged.
 */
function errorIn(text: string): string {
  try {
    const { error } = (JSON.parse(text) ?? {}) as { error?: string | { message?: string } };
    return (typeof error === 'string' ? error : error?.message) ?? '';
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return text;
  }
}
