/** So many of the newest are remembered: more than a client sends within the minute in which it may come back, speech too. */
const REMEMBERED = 2_048;

/** Takes each id once. */
export class OncePerId {
  readonly #seen = new Set<string>();
  #last: string | null = null;

  /** The newest that was taken. */
  get last(): string | null {
    return this.#last;
  }

  isNew(id: string): boolean {
    if (this.#seen.has(id)) return false;
    this.#seen.add(id);
    this.#last = id;
    if (this.#seen.size > REMEMBERED) {
      const [oldest] = this.#seen;
      if (oldest !== undefined) this.#seen.delete(oldest);
    }
    return true;
  }
}
