import { VivavoceError } from '../errors.ts';
import type { MemoryStore } from './memory-store.ts';

type OpenStore = MemoryStore & AsyncDisposable;

/**
 * A store that may not be there yet: every call opens it first, and the first one that succeeds keeps it open.
 *
 * So a memory that cannot be opened costs the service its memory and not its start, and is taken up when it answers.
 */
export class LateMemoryStore implements MemoryStore, AsyncDisposable {
  readonly engine: string;
  readonly #open: () => Promise<OpenStore>;
  #opening: Promise<OpenStore> | null = null;
  #isOpen = false;
  #isClosed = false;

  constructor(engine: string, open: () => Promise<OpenStore>) {
    this.engine = engine;
    this.#open = open;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Opens it now; rejects with the reason when that fails. The next call tries again. */
  async opened(): Promise<OpenStore> {
    if (this.#isClosed) throw new VivavoceError('store_failed', 'the memory is closed');
    this.#opening ??= this.#open();
    const opening = this.#opening;
    try {
      const store = await opening;
      this.#isOpen = true;
      return store;
    } catch (error) {
      if (this.#opening === opening) this.#opening = null;
      throw error;
    }
  }

  apply: MemoryStore['apply'] = async (...args) => (await this.opened()).apply(...args);
  search: MemoryStore['search'] = async (...args) => (await this.opened()).search(...args);
  profile: MemoryStore['profile'] = async (...args) => (await this.opened()).profile(...args);
  list: MemoryStore['list'] = async (...args) => (await this.opened()).list(...args);
  get: MemoryStore['get'] = async (...args) => (await this.opened()).get(...args);
  history: MemoryStore['history'] = async (...args) => (await this.opened()).history(...args);
  touch: MemoryStore['touch'] = async (...args) => (await this.opened()).touch(...args);
  delete: MemoryStore['delete'] = async (...args) => (await this.opened()).delete(...args);
  eraseAll: MemoryStore['eraseAll'] = async (...args) => (await this.opened()).eraseAll(...args);
  useSpace: MemoryStore['useSpace'] = async (...args) => (await this.opened()).useSpace(...args);
  unembedded: MemoryStore['unembedded'] = async (...args) => (await this.opened()).unembedded(...args);
  setVectors: MemoryStore['setVectors'] = async (...args) => (await this.opened()).setVectors(...args);

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    const store = await this.#opening?.catch(() => null);
    await store?.[Symbol.asyncDispose]();
  }
}
