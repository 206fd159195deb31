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
/** What waits to be written is tried again sooner than this, so a refusal that is older is over. */
const REFUSAL_MS = 60_000;
/** Of whom nothing is known: asking for it shows whether the memory answers. */
const NOBODY = { key: 'vivavoce', user: 'nobody' };

interface Refusal {
  readonly reason: string;
  /** Forgets it. */
  readonly timer: Disposable;
}

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
  /** Why the last call failed, of those that read and of those that write. It may answer all the same: when it is full, or damaged. */
  readonly #refusals = new Map<'reads' | 'writes', Refusal>();
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
    const [unread, unwritten] = [this.#refusals.get('reads'), this.#refusals.get('writes')];
    if (unwritten) {
      const reason = `what is learned waits, and nothing is lost: ${unwritten.reason}`;
      return { ...status, state: 'degraded', reason };
    }
    if (unread) {
      return { ...status, state: 'degraded', reason: `not all of it can be recalled: ${unread.reason}` };
    }
    return {
      ...status,
      state: 'ready',
      reason: `what is learned about people is kept ${this.#options.where}`,
    };
  }

  apply: MemoryStore['apply'] = (...args) => this.#noted('writes', this.#store.apply(...args));
  delete: MemoryStore['delete'] = (...args) => this.#noted('writes', this.#store.delete(...args));
  eraseAll: MemoryStore['eraseAll'] = (...args) => this.#noted('writes', this.#store.eraseAll(...args));
  search: MemoryStore['search'] = (...args) => this.#noted('reads', this.#store.search(...args));
  profile: MemoryStore['profile'] = (...args) => this.#noted('reads', this.#store.profile(...args));
  list: MemoryStore['list'] = (...args) => this.#noted('reads', this.#store.list(...args));
  get: MemoryStore['get'] = (...args) => this.#noted('reads', this.#store.get(...args));
  history: MemoryStore['history'] = (...args) => this.#noted('reads', this.#store.history(...args));
  // It fits where nothing new does, and nobody misses it.
  touch: MemoryStore['touch'] = (...args) => this.#store.touch(...args);
  // How vectors are, is told with the embeddings.
  useSpace: MemoryStore['useSpace'] = (...args) => this.#store.useSpace(...args);
  unembedded: MemoryStore['unembedded'] = (...args) => this.#store.unembedded(...args);
  setVectors: MemoryStore['setVectors'] = (...args) => this.#store.setVectors(...args);

  /** Closes the memory: calls that are under way fail at once where it is a server. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#timer?.[Symbol.dispose]();
    for (const { timer } of this.#refusals.values()) timer[Symbol.dispose]();
    await this.#store[Symbol.asyncDispose]();
    await this.#looking;
  }

  async #noted<T>(kind: 'reads' | 'writes', call: Promise<T>): Promise<T> {
    try {
      const result = await call;
      this.#note(kind, null);
      if (kind === 'reads' && this.#failure !== null) void this.#look();
      return result;
    } catch (error) {
      if (!isFailure(error)) throw error;
      this.#note(kind, error);
      if (this.#failure === null) void this.#look();
      throw error;
    }
  }

  #note(kind: 'reads' | 'writes', error: unknown): void {
    const known = this.#refusals.get(kind);
    if (this.#closing.signal.aborted || (error === null && !known)) return;
    known?.timer[Symbol.dispose]();
    this.#refusals.delete(kind);
    if (error !== null) {
      const timer = this.#options.clock.after(REFUSAL_MS, () => this.#note(kind, null));
      this.#refusals.set(kind, { reason: reasonOf(error, known?.reason), timer });
    }
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
    const isBack = isWell && typeof before === 'string';
    if (isBack) for (const kind of this.#refusals.keys()) this.#note(kind, null);
    this.#report();
    if (isBack) this.#options.onBack();
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
