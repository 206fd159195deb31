/** What went wrong, in a word that a program can test. The message tells a person what to do about it. */
export type ErrorCode =
  | 'config_invalid'
  | 'data_dir_locked'
  | 'engine_unavailable'
  | 'engine_timeout'
  | 'engine_failed'
  | 'breaker_open'
  | 'cancelled'
  | 'invalid_request'
  | 'not_found'
  | 'conflict'
  | 'unauthorized'
  | 'forbidden'
  | 'overloaded'
  | 'store_failed';

const RETRYABLE: ReadonlySet<ErrorCode> = new Set([
  'engine_unavailable',
  'engine_timeout',
  'breaker_open',
  'overloaded',
]);

const FAULTS_OF_CALLER: ReadonlySet<ErrorCode> = new Set([
  'invalid_request',
  'not_found',
  'conflict',
  'unauthorized',
  'forbidden',
]);

interface ErrorOptions {
  readonly cause?: unknown;
  readonly param?: string | null;
  readonly wireCode?: string;
  readonly retryAfterSeconds?: number;
}

/** Every error that leaves a room of this program. `cause` keeps what a library threw. */
export class VivavoceError extends Error {
  readonly code: ErrorCode;
  /** Which field of the input is at fault, as a path: `session.audio.output.format`. */
  readonly param: string | null;
  /** The word of the protocol for it where clients know one: `response_cancel_not_active`. */
  readonly wireCode: string | null;
  /** When it is worth trying again; null when nobody knows. */
  readonly retryAfterSeconds: number | null;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'VivavoceError';
    this.code = code;
    this.param = options.param ?? null;
    this.wireCode = options.wireCode ?? null;
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
  }

  /** True when the caller has to change the call; false when something here or behind us failed. */
  isFaultOfCaller(): boolean {
    return FAULTS_OF_CALLER.has(this.code);
  }

  /** True when the same call may succeed a little later without a change by the caller. */
  shouldRetry(): boolean {
    return RETRYABLE.has(this.code);
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** True when `error` is the consequence of an abort and not a fault. */
export function isAbort(error: unknown): boolean {
  if (error instanceof VivavoceError) return error.code === 'cancelled';
  return error instanceof Error && error.name === 'AbortError';
}
