/** Does the work of one key in the order in which it comes, and that of several keys beside each other. */
export class Lanes {
  readonly #last = new Map<string, Promise<unknown>>();
  /** Resolves when everybody may work. */
  #open: Promise<unknown> = Promise.resolve();

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = Promise.allSettled([this.#last.get(key), this.#open]);
    const done = before.then(work);
    const settled = done.catch(() => undefined);
    this.#last.set(key, settled);
    try {
      return await done;
    } finally {
      if (this.#last.get(key) === settled) this.#last.delete(key);
    }
  }

  /** Waits for what was asked for, and does this alone. What is asked for meanwhile comes after it. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    const before = Promise.allSettled([...this.#last.values(), this.#open]);
    const done = before.then(work);
    this.#open = done.catch(() => undefined);
    return await done;
  }
}
