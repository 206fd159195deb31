import { VivavoceError } from '../../errors.ts';
import { cancelled } from '../../resilience/deadline.ts';
import type { FoundPoint, QdrantApi, Search } from './qdrant-api.ts';

interface Waiting {
  readonly search: Search;
  readonly signal: AbortSignal;
  readonly resolve: (found: readonly FoundPoint[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Sends what is searched for within one turn of the event loop as one request for each collection. */
export class SearchBatch {
  readonly #api: QdrantApi;
  readonly #waiting = new Map<string, Waiting[]>();

  constructor(api: QdrantApi) {
    this.#api = api;
  }

  search(collection: string, search: Search, signal: AbortSignal): Promise<readonly FoundPoint[]> {
    if (signal.aborted) return Promise.reject(cancelled('the search', signal));
    const { promise, resolve, reject } = Promise.withResolvers<readonly FoundPoint[]>();
    const onAbort = () => reject(cancelled('the search', signal));
    signal.addEventListener('abort', onAbort, { once: true });
    const others = this.#waiting.get(collection);
    const waiting = { search, signal, resolve, reject };
    if (others) others.push(waiting);
    else {
      this.#waiting.set(collection, [waiting]);
      setImmediate(() => void this.#send(collection));
    }
    return promise.finally(() => signal.removeEventListener('abort', onAbort));
  }

  async #send(collection: string): Promise<void> {
    const batch = (this.#waiting.get(collection) ?? []).filter(({ signal }) => !signal.aborted);
    this.#waiting.delete(collection);
    if (batch.length === 0) return;
    // Nobody's abort may end the search of another: the request ends with the last one that waits for it.
    const controller = new AbortController();
    const onAbort = () => {
      if (batch.every(({ signal }) => signal.aborted)) controller.abort();
    };
    for (const { signal } of batch) signal.addEventListener('abort', onAbort, { once: true });
    try {
      const searches = batch.map(({ search }) => search);
      const found = await this.#api.search(collection, searches, controller.signal);
      if (found.length !== batch.length)
        throw new VivavoceError(
          'engine_failed',
          `Qdrant answered ${found.length} of ${batch.length} searches`,
        );
      for (const [index, { resolve }] of batch.entries()) resolve(found[index] ?? []);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      for (const { signal } of batch) signal.removeEventListener('abort', onAbort);
    }
  }
}
