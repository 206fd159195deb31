import type { Clock, IdSource } from '../clock.ts';
import type { Erasure, ErasureLog } from '../conversation/erasure-log.ts';
import type { Owner } from '../conversation/store.ts';
import { messageOf } from '../errors.ts';
import { Backoff } from './learning/backoff.ts';
import { ownerKey } from './recall/search-cache.ts';

interface Deps {
  readonly log: Pick<ErasureLog, 'requestErasure' | 'findErasure' | 'openErasures' | 'completeErasure'>;
  /** Nothing is learned about this owner until it is disposed. */
  readonly pause: (owner: Owner) => Promise<Disposable>;
  /** Each erases all of the owner from one place, and can be done again. In this order. */
  readonly places: readonly ((erasure: Erasure) => unknown)[];
  readonly clock: Clock;
  readonly ids: IdSource;
  /** It is tried again. `unknown`: those under way could not be read. */
  readonly onFailed: (erasureId: string, error: string) => void;
}

/**
 * Forgets people: everything that they said, what was learned from it, and what was made of it.
 *
 * What was asked for is durable. It is done in the background, tried again while a place cannot be reached, and goes on
 * after a restart.
 */
export class Erasing implements AsyncDisposable {
  readonly #deps: Deps;
  readonly #backoff: Backoff;
  /** Owners of whom something is left. Also while a place cannot be reached, nothing is learned that would go with the rest. */
  readonly #paused = new Map<string, Disposable>();
  #run: Promise<void> | null = null;
  #isWanted = false;
  #isClosed = false;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#backoff = new Backoff(deps.clock, () => this.resume());
  }

  /** It is durable when this resolves, and done when `find` says so. */
  async request(owner: Owner): Promise<Erasure> {
    const { log, clock, ids } = this.#deps;
    const erasure = await log.requestErasure(owner, { id: ids.next('erase'), requestedAtMs: clock.nowMs() });
    this.resume();
    return erasure;
  }

  find(owner: Owner, id: string): Promise<Erasure | null> {
    return this.#deps.log.findErasure(owner, id);
  }

  /** Goes on with what is not done yet. */
  resume(): void {
    this.#isWanted = true;
    if (this.#isClosed) return;
    this.#run ??= this.#eraseAll().finally(() => {
      this.#run = null;
      // Somebody has asked meanwhile. They wait for no other's retry.
      if (this.#isWanted) this.resume();
    });
  }

  /** Resolves when nothing is being erased at the moment. */
  async idle(): Promise<void> {
    while (this.#run) await this.#run;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.idle();
    this.#backoff[Symbol.dispose]();
  }

  async #eraseAll(): Promise<void> {
    this.#isWanted = false;
    let isDone = true;
    try {
      for (const erasure of await this.#deps.log.openErasures()) {
        if (this.#isClosed) return;
        // One that fails holds up no other.
        isDone = (await this.#isErased(erasure)) && isDone;
      }
    } catch (error) {
      this.#deps.onFailed('unknown', messageOf(error));
      isDone = false;
    }
    if (isDone) this.#backoff.succeeded();
    else this.#backoff.failed();
  }

  async #isErased(erasure: Erasure): Promise<boolean> {
    try {
      await this.#erase(erasure);
      return true;
    } catch (error) {
      this.#deps.onFailed(erasure.id, messageOf(error));
      return false;
    }
  }

  async #erase(erasure: Erasure): Promise<void> {
    const { log, pause, places, clock } = this.#deps;
    const { id, owner } = erasure;
    const key = ownerKey(owner);
    if (!this.#paused.has(key)) this.#paused.set(key, await pause(owner));
    for (const erase of places) {
      if (this.#isClosed) return;
      await erase(erasure);
    }
    await log.completeErasure(owner, id, clock.nowMs());
    this.#paused.get(key)?.[Symbol.dispose]();
    this.#paused.delete(key);
  }
}
