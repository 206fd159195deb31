/**
 * A queue that is filled from one side and read as an async iterable from the other, by one reader. It holds what one
 * reply can hold at most, so it has no bound of its own.
 */
export class AsyncQueue<T> implements AsyncIterable<T> {
  readonly #values: T[] = [];
  #end: { error?: unknown } | null = null;
  #wake: (() => void) | null = null;

  push(value: T): void {
    if (this.#end) return;
    this.#values.push(value);
    this.#wake?.();
  }

  /** No more values come; what is there is still read, then `error` is thrown when there is one. */
  end(error?: unknown): void {
    this.#end ??= error === undefined ? {} : { error };
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      while (this.#values.length > 0) yield this.#values.shift() as T;
      if (this.#end) {
        if ('error' in this.#end) throw this.#end.error;
        return;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
  }
}

/** Reads `source` at once and keeps what it yields until it is wanted. */
export function readAhead<T>(source: AsyncIterable<T>): AsyncIterable<T> {
  const queue = new AsyncQueue<T>();
  const fill = async () => {
    for await (const value of source) queue.push(value);
  };
  fill().then(
    () => queue.end(),
    (error) => queue.end(error),
  );
  return queue;
}
