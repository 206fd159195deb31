import { type ErrorCode, isAbort, VivavoceError } from '../errors.ts';
import { withoutAddresses } from './engine-reasons.ts';

const STATUS: Readonly<Record<ErrorCode, number>> = {
  invalid_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  cancelled: 499,
  config_invalid: 500,
  data_dir_locked: 500,
  store_failed: 500,
  engine_failed: 502,
  engine_unavailable: 503,
  breaker_open: 503,
  overloaded: 503,
  engine_timeout: 504,
};

export interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly code: string | null;
    readonly param: string | null;
  };
}

export function httpStatus(error: unknown): number {
  if (error instanceof VivavoceError) return STATUS[error.code];
  if (isAbort(error)) return STATUS.cancelled;
  // What Express and its parsers throw carries a status of its own.
  const status = (error as { status?: unknown } | null)?.status;
  return typeof status === 'number' && status >= 400 && status < 600 ? status : 500;
}

/** The header that says when it is worth trying again; none when nobody knows. */
export function retryAfter(error: unknown): Record<string, string> {
  const seconds = error instanceof VivavoceError ? error.retryAfterSeconds : null;
  return seconds === null ? {} : { 'Retry-After': String(Math.ceil(seconds)) };
}

/**
 * The one shape of errors under `/v1`. Of errors that are not ours nothing but the status is told; where our engines run,
 * only to an operator.
 */
export function toErrorBody(error: unknown, isOperator: boolean): ErrorBody {
  const status = httpStatus(error);
  if (error instanceof VivavoceError) {
    const isTheirs = error.isFaultOfCaller();
    return {
      error: {
        message: isTheirs || isOperator ? error.message : withoutAddresses(error.message),
        type: isTheirs ? 'invalid_request_error' : 'server_error',
        code: error.wireCode ?? error.code,
        param: error.param,
      },
    };
  }
  if (status < 500) {
    const message = error instanceof Error ? error.message : 'The request cannot be read.';
    return { error: { message, type: 'invalid_request_error', code: 'invalid_request', param: null } };
  }
  return {
    error: {
      message: 'Something went wrong here; the log of the server tells what.',
      type: 'server_error',
      code: 'internal_error',
      param: null,
    },
  };
}
