import { VivavoceError } from '../errors.ts';
import type { MemoryStore } from './memory-store.ts';

type OpenStore = MemoryStore & AsyncDisposable;

/**
 * A store that may not be there yet. A memory that cannot be opened costs the service its memory and not its start.
 *
 * Calls wait for the first attempt to open it. After one that failed they fail at once with the same reason, until
 * another `open` succeeds: no turn waits for what is tried again in the background.
 */
export class LateMemoryStore implements MemoryStore, AsyncDisposable {
  readonly engine: string;
  readonly #openStore: (signal: AbortSignal) => Promise<OpenStore>;
  readonly #closing = new AbortController();
  #opening: Promise<OpenStore> | null = null;
  #failure: unknown = null;

  /** @param open its signal is aborted when the store is disposed of meanwhile */
  constructor(engine: string, open: (signal: AbortSignal) => Promise<OpenStore>) {
    this.engine = engine;
    this.#openStore = open;
  }

  /** Opens it unless it is open; rejects with the reason when that fails. The next `open` tries again. */
  async open(): Promise<OpenStore> {
    if (this.#closing.signal.aborted) throw new VivavoceError('store_failed', 'the memory is closed');
    this.#opening ??= this.#attempt();
    return await this.#opening;
  }

  apply: MemoryStore['apply'] = async (...args) => (await this.#store()).apply(...args);
  search: MemoryStore['search'] = async (...args) => (await this.#store()).search(...args);
  profile: MemoryStore['profile'] = async (...args) => (await this.#store()).profile(...args);
  list: MemoryStore['list'] = async (...args) => (await this.#store()).list(...args);
  get: MemoryStore['get'] = async (...args) => (await this.#store()).get(...args);
  history: MemoryStore['history'] = async (...args) => (await this.#store()).history(...args);
  touch: MemoryStore['touch'] = async (...args) => (await this.#store()).touch(...args);
  delete: MemoryStore['delete'] = async (...args) => (await this.#store()).delete(...args);
  eraseAll: MemoryStore['eraseAll'] = async (...args) => (await this.#store()).eraseAll(...args);
  useSpace: MemoryStore['useSpace'] = async (...args) => (await this.#store()).useSpace(...args);
  unembedded: MemoryStore['unembedded'] = async (...args) => (await this.#store()).unembedded(...args);
  setVectors: MemoryStore['setVectors'] = async (...args) => (await this.#store()).setVectors(...args);

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    const store = await this.#opening?.catch(() => null);
    await store?.[Symbol.asyncDispose]();
  }

  async #store(): Promise<OpenStore> {
    if (this.#failure !== null) throw this.#failure;
    return await this.open();
  }

  async #attempt(): Promise<OpenStore> {
    try {
      const store = await this.#openStore(this.#closing.signal);
      this.#failure = null;
      return store;
    } catch (error) {
      this.#opening = null;
      this.#failure = error;
      throw error;
    }
  }
}
