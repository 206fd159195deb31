import type { Clock, IdSource } from '../clock.ts';
import type { Erasure, ErasureLog } from '../conversation/erasure-log.ts';
import type { Owner } from '../conversation/store.ts';
import { messageOf } from '../errors.ts';
import { Backoff } from './learning/backoff.ts';

interface Deps {
  readonly log: Pick<ErasureLog, 'requestErasure' | 'findErasure' | 'openErasures' | 'completeErasure'>;
  /** Nothing is learned about this owner until it is disposed. */
  readonly pause: (owner: Owner) => Promise<Disposable>;
  /** Each erases all of the owner from one place, and can be done again. In this order. */
  readonly places: readonly ((erasure: Erasure) => Promise<unknown> | void)[];
  readonly clock: Clock;
  readonly ids: IdSource;
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
      if (this.#isWanted && !this.#backoff.isWaiting) this.resume();
    });
  }

  /** Resolves when nothing is being erased at the moment. */
  async idle(): Promise<void> {
    while (this.#run) await this.#run;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#backoff[Symbol.dispose]();
    await this.idle();
  }

  async #eraseAll(): Promise<void> {
    this.#isWanted = false;
    let id = '';
    try {
      for (const erasure of await this.#deps.log.openErasures()) {
        if (this.#isClosed) return;
        id = erasure.id;
        await this.#erase(erasure);
      }
      this.#backoff.succeeded();
    } catch (error) {
      this.#deps.onFailed(id, messageOf(error));
      this.#backoff.failed();
    }
  }

  async #erase(erasure: Erasure): Promise<void> {
    const { log, pause, places, clock } = this.#deps;
    using _paused = await pause(erasure.owner);
    for (const erase of places) await erase(erasure);
    await log.completeErasure(erasure.owner, erasure.id, clock.nowMs());
  }
}
