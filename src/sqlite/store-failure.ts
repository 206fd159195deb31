import { type ErrorCode, messageOf, VivavoceError } from '../errors.ts';

/** An error of the store as it crosses the thread: structured clone would drop the class and its fields. */
export interface StoreFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly param: string | null;
}

export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: StoreFailure };

/** Runs `action` and keeps what it threw as data, with words for an operator. `path` is the database's. */
export function outcomeOf<T>(path: string, action: () => T): Outcome<T> {
  try {
    return { ok: true, value: action() };
  } catch (error) {
    return { ok: false, failure: storeFailure(error, path) };
  }
}

/** The value of an outcome; throws its failure. */
export function unwrap<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  throw failureError(outcome.failure);
}

export function failureError({ code, message, param }: StoreFailure): VivavoceError {
  return new VivavoceError(code, message, { param });
}

export function storeFailure(error: unknown, path: string): StoreFailure {
  if (error instanceof VivavoceError) return { code: error.code, message: error.message, param: error.param };
  return { code: 'store_failed', message: explain(error, path), param: null };
}

/** Primary result codes of SQLite, https://sqlite.org/rescode.html */
export const SQLITE = {
  BUSY: 5,
  LOCKED: 6,
  READONLY: 8,
  IOERR: 10,
  CORRUPT: 11,
  FULL: 13,
  CANTOPEN: 14,
  TOOBIG: 18,
  NOTADB: 26,
} as const;

/** The primary result code when SQLite threw `error`, else null. */
export function sqliteCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return null;
  return error.errcode & 0xff;
}

/** What happened to the file at `path`, and what a person can do about it. */
export function explain(error: unknown, path: string): string {
  const why = messageOf(error);
  switch (sqliteCode(error) ?? systemCode(error)) {
    case SQLITE.FULL:
    case 'ENOSPC':
    case 'EDQUOT':
      return `the disk that holds ${path} is full, nothing was saved: free some space, or set DATA_DIR to a larger disk`;
    case SQLITE.READONLY:
    case 'EROFS':
      return `${path} is read-only: make the file and its folder writable for the user of this process, or set DATA_DIR`;
    case SQLITE.CANTOPEN:
    case 'EACCES':
    case 'EPERM':
    case 'ENOENT':
    case 'ENOTDIR':
    case 'EEXIST':
      return `${path} cannot be opened (${why}): check that the folder exists and that the user of this process may write to it, or set DATA_DIR`;
    case SQLITE.CORRUPT:
    case SQLITE.NOTADB:
      return `${path} is damaged (${why}): stop the server, keep a copy of the file, then restore a backup or rescue it with sqlite3's .recover`;
    case SQLITE.BUSY:
    case SQLITE.LOCKED:
      return `${path} is locked by another program (${why}): close the database browser or the backup that holds it, then try again`;
    case SQLITE.IOERR:
      return `${path} cannot be read or written (${why}): check the disk and the system's log`;
    case SQLITE.TOOBIG:
      return `${path} cannot hold a value of this size: make the content smaller`;
    default:
      return `${path} refused an operation: ${why}`;
  }
}

function systemCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}
