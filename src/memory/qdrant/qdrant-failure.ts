import { QdrantClientResourceExhaustedError } from '@qdrant/js-client-rest';
import { engineWords } from '../../engine-words.ts';
import { messageOf, VivavoceError } from '../../errors.ts';

const CUT: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);
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
const IS_FULL = /not enough space|no space left|disk (?:is )?full|disk usage|out of (?:disk|memory)/i;

/** The server has no such collection: it may have been removed, or be a new server at the same address. */
export class CollectionGone extends VivavoceError {
  constructor(url: string, message: string) {
    super('engine_unavailable', `Qdrant at ${url} has lost a collection, which is made anew: ${message}`);
  }
}

/** True when the connection was cut. Nobody knows whether it was done; what is done twice is done once here. */
export function isCut(error: unknown): boolean {
  const code = codeOf(error);
  return code !== null && CUT.has(code);
}

export function statusOf(error: unknown): number | null {
  if (error instanceof QdrantClientResourceExhaustedError) return 429;
  return error instanceof Error && 'status' in error && typeof error.status === 'number'
    ? error.status
    : null;
}

/** Whatever the client has thrown, as an error of ours that says what to do. */
export function toQdrantFailure(error: unknown, url: string): VivavoceError {
  if (error instanceof VivavoceError) return error;
  const fail = (code: 'engine_unavailable' | 'engine_timeout' | 'engine_failed', text: string) =>
    new VivavoceError(code, text, { cause: error });
  const status = statusOf(error);
  if (status !== null) return ofStatus(status, messageIn(error), url, fail);
  const code = codeOf(error);
  if (code !== null && UNREACHABLE.has(code))
    return fail('engine_unavailable', `Qdrant does not answer at ${url} (${code}): is it running?`);
  if (isCut(error))
    return fail('engine_unavailable', `Qdrant at ${url} closed the connection before its answer was whole`);
  if (error instanceof SyntaxError)
    return fail(
      'engine_failed',
      `what answers at ${url} is not Qdrant, or something stands before it: check QDRANT_URL`,
    );
  return fail('engine_failed', `Qdrant at ${url} failed: ${engineWords(messageOf(error), null)}`);
}

type Fail = (code: 'engine_unavailable' | 'engine_timeout' | 'engine_failed', text: string) => VivavoceError;

function ofStatus(status: number, message: string, url: string, fail: Fail): VivavoceError {
  const said = `Qdrant answered ${status} at ${url}${message && `: ${message}`}`;
  if (status === 401 || status === 403) return fail('engine_failed', `${said}. Check QDRANT_API_KEY`);
  if (status === 507 || IS_FULL.test(message))
    return fail(
      'engine_failed',
      `${said}. It is full: give it more disk or memory, then writes go on by themselves`,
    );
  if (/^Not found: Collection /.test(message)) return new CollectionGone(url, message);
  if (/vector dimension error/i.test(message))
    return fail('engine_failed', `${said}. The embedding model has changed its length: restart Vivavoce`);
  if (status === 408 || status === 504) return fail('engine_timeout', said);
  // Too busy, not ready yet, failed for the moment: later it may do what it was asked.
  return fail(status === 429 || status >= 500 ? 'engine_unavailable' : 'engine_failed', said);
}

/** `{"status":{"error":"…"}}`, or the beginning of what it is instead. */
function messageIn(error: unknown): string {
  const data = error instanceof Error && 'data' in error ? error.data : null;
  const { status } = (typeof data === 'object' && data !== null ? data : {}) as {
    status?: { error?: string };
  };
  const text = status?.error ?? (typeof data === 'string' ? data : messageOf(error));
  return engineWords(text, null);
}

function codeOf(error: unknown): string | null {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') return at.code;
    if (at instanceof AggregateError && at.errors.length > 0) return codeOf(at.errors[0]);
  }
  return null;
}
