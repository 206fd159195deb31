import type { Clock } from '../../clock.ts';
import type { MemoryOutbox, OutboxChanges } from '../../conversation/memory-outbox.ts';
import type { Owner } from '../../conversation/store.ts';
import { messageOf, VivavoceError } from '../../errors.ts';
import type { AppliedChange, MemoryChange } from '../memory.ts';
import { ownerKey } from '../recall/search-cache.ts';
import { Backoff } from './backoff.ts';

interface Deps {
  readonly outbox: Pick<MemoryOutbox, 'decided' | 'applied'>;
  readonly apply: (owner: Owner, changes: readonly MemoryChange[]) => Promise<readonly AppliedChange[]>;
  readonly clock: Clock;
  /** They could not be applied: `isLost` when they never can be, else they are tried again. */
  readonly onFailed: (error: string, isLost: boolean) => void;
}

const AT_ONCE = 100;

/**
 * Takes changes that are decided from the outbox into the memory, in their order, each owner's one after the other.
 *
 * While the memory cannot be reached they wait, and arrive afterwards exactly once: a change that is applied twice changes nothing.
 */
export class ChangeApplier implements AsyncDisposable {
  readonly #deps: Deps;
  readonly #backoff: Backoff;
  readonly #paused = new Set<string>();
  #run: Promise<void> | null = null;
  #isWanted = false;
  #isClosed = false;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#backoff = new Backoff(deps.clock, () => this.wake());
  }

  /** Something was decided. Returns at once. */
  wake(): void {
    this.#isWanted = true;
    if (this.#isClosed) return;
    this.#run ??= this.#drain().finally(() => {
      this.#run = null;
      if (this.#isWanted && !this.#backoff.isWaiting) this.wake();
    });
  }

  /** Resolves when nothing is being applied at the moment. */
  async idle(): Promise<void> {
    while (this.#run) await this.#run;
  }

  /** Applies nothing of this owner until it is disposed. What was being applied is done when this resolves. */
  async pause(owner: Owner): Promise<Disposable> {
    const key = ownerKey(owner);
    this.#paused.add(key);
    await this.idle();
    return {
      [Symbol.dispose]: () => {
        this.#paused.delete(key);
        this.wake();
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#backoff[Symbol.dispose]();
    await this.idle();
  }

  async #drain(): Promise<void> {
    this.#isWanted = false;
    try {
      // Those of a paused owner stay in front, so more are asked for than they are.
      const decided = await this.#deps.outbox.decided(AT_ONCE);
      const ready = decided.filter(({ owner }) => !this.#paused.has(ownerKey(owner)));
      for (const changes of ready) {
        if (this.#isClosed) return;
        if (this.#paused.has(ownerKey(changes.owner))) continue;
        await this.#apply(changes);
        await this.#deps.outbox.applied([changes.sequence]);
      }
      this.#backoff.succeeded();
      if (decided.length === AT_ONCE && ready.length > 0) this.#isWanted = true;
    } catch (error) {
      this.#deps.onFailed(messageOf(error), false);
      this.#backoff.failed();
    }
  }

  async #apply({ owner, changes }: OutboxChanges): Promise<void> {
    try {
      await this.#deps.apply(owner, JSON.parse(changes) as MemoryChange[]);
    } catch (error) {
      // What no store will ever take must not hold up the rest.
      const isLost = error instanceof VivavoceError ? error.isFaultOfCaller() : error instanceof SyntaxError;
      if (!isLost) throw error;
      this.#deps.onFailed(messageOf(error), true);
    }
  }
}
