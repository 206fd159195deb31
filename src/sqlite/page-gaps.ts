import type { DatabaseSync } from 'node:sqlite';
import type { WalEraser } from './wal-eraser.ts';

/** Several removals in a row are one rewrite. */
const SOON_MS = 2_000;

/**
 * Takes deleted words out of the gaps of pages too. `secure_delete` wipes a row where it stands, but when SQLite moves
 * rows between pages it leaves copies of them in the unused middle of a page, and those stay when the row is deleted later:
 * about one in three hundred did. Only a file that is written anew has none.
 *
 * That takes 6 ms for each megabyte, during which the database answers nobody.
 */
export class PageGaps implements Disposable {
  readonly #db: DatabaseSync;
  readonly #log: WalEraser;
  #timer: NodeJS.Timeout | null = null;

  constructor(db: DatabaseSync, log: WalEraser) {
    this.#db = db;
    this.#log = log;
  }

  eraseSoon(): void {
    this.#timer ??= setTimeout(() => this.eraseNow(), SOON_MS).unref();
  }

  eraseNow(): void {
    this.#stop();
    try {
      this.#db.exec('VACUUM');
    } catch {
      // The deletion itself is committed. What keeps the file from being written anew (a full disk, a backup) passes.
      this.eraseSoon();
    }
    this.#log.erase();
  }

  /** What is still to be erased is erased before the database is closed. */
  [Symbol.dispose](): void {
    if (this.#timer) this.eraseNow();
    this.#stop();
  }

  #stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
