/** So many of the newest are remembered: more than a client sends within the minute in which it may come back. */
const REMEMBERED = 1_024;

/** Takes each id once. */
export class OncePerId {
  readonly #seen = new Set<string>();

  isNew(id: string): boolean {
    if (this.#seen.has(id)) return false;
    this.#seen.add(id);
    if (this.#seen.size > REMEMBERED) {
      const [oldest] = this.#seen;
      if (oldest !== undefined) this.#seen.delete(oldest);
    }
    return true;
  }
}
