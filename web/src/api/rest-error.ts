import type { RestError as Body } from '../../../src/protocol/rest.ts';

/** The server answered with an error. The message is the server's own and fit to be shown. */
export class RestError extends Error {
  override readonly name = 'RestError';
  readonly status: number;
  /** How long the server wants to be left alone; null when it does not say. */
  readonly retryAfterSeconds: number | null;

  constructor(status: number, message: string, retryAfterSeconds: number | null = null) {
    super(message);
    this.status = status;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** No answer at all. */
export class ServerUnreachable extends Error {
  override readonly name = 'ServerUnreachable';

  constructor(cause: unknown) {
    super('The server does not answer.', { cause });
  }
}

/** What an answer that is not ok says. Proxies answer in other shapes than ours. */
export async function errorOf(response: Response): Promise<RestError> {
  const body: unknown = await response.json().catch(() => null);
  const message = (body as Partial<Body> | null)?.error?.message;
  // The other form of it is a date; no server of ours writes one.
  const seconds = Number.parseInt(response.headers.get('Retry-After') ?? '', 10);
  return new RestError(
    response.status,
    message ?? `The server answered with status ${response.status}.`,
    seconds >= 0 ? seconds : null,
  );
}
