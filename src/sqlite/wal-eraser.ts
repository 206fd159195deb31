import type { DatabaseSync } from 'node:sqlite';

const RETRY_MS = 1_000;

/**
 * Takes deleted words out of the write-ahead log too: `secure_delete` wipes them in the database file, but the log
 * keeps old pages until it is moved into the database and cut.
 *
 * While another program reads (a backup), the log cannot be cut. Nobody waits for that; it is tried again every second.
 */
export class WalEraser implements Disposable {
  readonly #db: DatabaseSync;
  readonly #busyTimeoutMs: number;
  #retry: NodeJS.Timeout | null = null;

  constructor(db: DatabaseSync, busyTimeoutMs: number) {
    this.#db = db;
    this.#busyTimeoutMs = busyTimeoutMs;
  }

  erase(): void {
    this[Symbol.dispose]();
    if (this.#truncated()) return;
    this.#retry = setTimeout(() => this.erase(), RETRY_MS).unref();
  }

  [Symbol.dispose](): void {
    if (this.#retry) clearTimeout(this.#retry);
    this.#retry = null;
  }

  #truncated(): boolean {
    this.#db.exec('PRAGMA busy_timeout = 0');
    try {
      return this.#db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.busy === 0;
    } catch {
      // The deletion itself is committed. Whatever kept the log from being cut (a full disk), the next try meets it
      // again, and so does the next write, which reports it.
      return false;
    } finally {
      this.#db.exec(`PRAGMA busy_timeout = ${this.#busyTimeoutMs}`);
    }
  }
}
