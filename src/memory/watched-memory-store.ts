import type { Clock } from '../clock.ts';
import type { EngineStatus } from '../engine-status.ts';
import { isAbort, messageOf, VivavoceError } from '../errors.ts';
import type { LateMemoryStore } from './late-memory-store.ts';
import type { MemoryStore } from './memory-store.ts';

interface Options {
  readonly store: LateMemoryStore;
  /** Where it is, as people read it: `at http://…`. */
  readonly where: string;
  readonly clock: Clock;
  /** Called when `status()` has changed in any word. */
  readonly onChange: (status: EngineStatus) => void;
  /** It answers again: what waited for it can go on. */
  readonly onBack: () => void;
}

/** How often it is asked while it answers … */
const STEADY_MS = 30_000;
/** … and while it does not: later and later. */
const FIRST_MS = 500;
const LONGEST_MS = 30_000;
/** What waits to be written is tried again sooner than this, so a failure that is older is over. */
const WRITES_FAIL_MS = 60_000;
/** Of whom nothing is known: asking for it shows whether the memory answers. */
const NOBODY = { key: 'vivavoce', user: 'nobody' };

/**
 * Knows how the memory is: asks it from time to time, and at once when a call of somebody came to something else than
 * what was known. It is opened, and opened again, here.
 */
export class WatchedMemoryStore implements MemoryStore, AsyncDisposable {
  readonly #options: Options;
  readonly #store: LateMemoryStore;
  readonly #closing = new AbortController();
  /** Why it does not answer; null: it does; undefined: nobody knows yet. */
  #failure: string | null | undefined = undefined;
  /** Why the last write was refused, for a while; null: none was. */
  #writeFailure: { readonly reason: string; readonly timer: Disposable } | null = null;
  #looking: Promise<void> | null = null;
  #timer: Disposable | null = null;
  #delayMs = FIRST_MS;
  #reported = '';

  constructor(options: Options) {
    this.#options = options;
    this.#store = options.store;
  }

  /** Opens it, and keeps looking from then on. Resolves when it is open, or is known not to be. */
  async start(): Promise<void> {
    await this.#look();
  }

  get engine(): string {
    return this.#store.engine;
  }

  status(): EngineStatus {
    const status = {
      part: 'memory',
      engine: this.engine,
      detail: this.engine === 'sqlite' ? 'embedded' : '',
    };
    if (this.#failure === undefined) {
      const reason = `the memory is being opened ${this.#options.where}: until then what is said waits`;
      return { ...status, state: 'starting', reason };
    }
    if (this.#failure !== null) {
      const reason = `nothing is recalled for now, and nothing is lost: ${this.#failure}`;
      return { ...status, state: 'failed', reason };
    }
    if (this.#writeFailure) {
      const reason = `what is learned waits, and nothing is lost: ${this.#writeFailure.reason}`;
      return { ...status, state: 'degraded', reason };
    }
    return {
      ...status,
      state: 'ready',
      reason: `what is learned about people is kept ${this.#options.where}`,
    };
  }

  apply: MemoryStore['apply'] = (...args) => this.#write(this.#store.apply(...args));
  touch: MemoryStore['touch'] = (...args) => this.#write(this.#store.touch(...args));
  delete: MemoryStore['delete'] = (...args) => this.#write(this.#store.delete(...args));
  eraseAll: MemoryStore['eraseAll'] = (...args) => this.#write(this.#store.eraseAll(...args));
  search: MemoryStore['search'] = (...args) => this.#read(this.#store.search(...args));
  profile: MemoryStore['profile'] = (...args) => this.#read(this.#store.profile(...args));
  list: MemoryStore['list'] = (...args) => this.#read(this.#store.list(...args));
  get: MemoryStore['get'] = (...args) => this.#read(this.#store.get(...args));
  history: MemoryStore['history'] = (...args) => this.#read(this.#store.history(...args));
  // How vectors are, is told with the embeddings.
  useSpace: MemoryStore['useSpace'] = (...args) => this.#store.useSpace(...args);
  unembedded: MemoryStore['unembedded'] = (...args) => this.#store.unembedded(...args);
  setVectors: MemoryStore['setVectors'] = (...args) => this.#store.setVectors(...args);

  /** Closes the memory: calls that are under way fail at once where it is a server. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#timer?.[Symbol.dispose]();
    this.#writeFailure?.timer[Symbol.dispose]();
    await this.#store[Symbol.asyncDispose]();
    await this.#looking;
  }

  async #read<T>(call: Promise<T>): Promise<T> {
    try {
      const result = await call;
      if (this.#failure !== null) void this.#look();
      return result;
    } catch (error) {
      if (this.#failure === null && isFailure(error)) void this.#look();
      throw error;
    }
  }

  async #write<T>(call: Promise<T>): Promise<T> {
    try {
      const result = await call;
      this.#wrote(null);
      return result;
    } catch (error) {
      if (isFailure(error)) {
        this.#wrote(error);
        if (this.#failure === null) void this.#look();
      }
      throw error;
    }
  }

  #wrote(error: unknown): void {
    const known = this.#writeFailure;
    if (this.#closing.signal.aborted || (error === null && known === null)) return;
    known?.timer[Symbol.dispose]();
    this.#writeFailure =
      error === null
        ? null
        : {
            reason: reasonOf(error, known?.reason),
            timer: this.#options.clock.after(WRITES_FAIL_MS, () => this.#wrote(null)),
          };
    this.#report();
  }

  #look(): Promise<void> {
    this.#looking ??= this.#ask().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async #ask(): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    const before = this.#failure;
    try {
      await this.#store.open();
      await this.#store.profile(NOBODY, this.#closing.signal);
      this.#failure = null;
    } catch (error) {
      this.#failure = reasonOf(error, before);
    }
    if (this.#closing.signal.aborted) return;
    const isWell = this.#failure === null;
    this.#timer = this.#options.clock.after(isWell ? STEADY_MS : this.#delayMs, () => void this.#look());
    this.#delayMs = isWell ? FIRST_MS : Math.min(2 * this.#delayMs, LONGEST_MS);
    this.#report();
    if (isWell && typeof before === 'string') this.#options.onBack();
  }

  #report(): void {
    const status = this.status();
    const text = JSON.stringify(status);
    if (text === this.#reported) return;
    this.#reported = text;
    this.#options.onChange(status);
  }
}

/** The memory failed, and not who asked, nor did they go away. */
function isFailure(error: unknown): boolean {
  return !isAbort(error) && !(error instanceof VivavoceError && error.isFaultOfCaller());
}

/** That it is left alone for a while is no news, and says less than why. */
function reasonOf(error: unknown, known: string | null | undefined): string {
  return known && error instanceof VivavoceError && error.code === 'breaker_open' ? known : messageOf(error);
}
