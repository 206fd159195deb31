import { createHash } from 'node:crypto';

/** So many of the newest are remembered: more than a client sends within the minute in which it may come back, speech too. */
const REMEMBERED = 2_048;

/** Clients make their ids, and may make them megabytes long: of those only a hash is kept. */
const MAX_CHARS = 256;

/** Takes each id once. */
export class OncePerId {
  readonly #seen = new Set<string>();
  #last: string | null = null;

  /** The newest that was taken. */
  get last(): string | null {
    return this.#last;
  }

  isNew(id: string): boolean {
    const short = id.length > MAX_CHARS ? createHash('sha256').update(id).digest('base64') : id;
    if (this.#seen.has(short)) return false;
    this.#seen.add(short);
    this.#last = id;
    if (this.#seen.size > REMEMBERED) {
      const [oldest] = this.#seen;
      if (oldest !== undefined) this.#seen.delete(oldest);
    }
    return true;
  }
}
