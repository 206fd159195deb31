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
    if (this.#isClosed || this.#backoff.isWaiting) return;
    this.#run ??= this.#drain().finally(() => {
      this.#run = null;
      if (this.#isWanted) this.wake();
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

  /** What failed may be well again: it is tried now. */
  retry(): void {
    this.#backoff.hurry();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.idle();
    this.#backoff[Symbol.dispose]();
  }

  async #drain(): Promise<void> {
    this.#isWanted = false;
    const failed = new Set<string>();
    try {
      // Those of a paused owner stay in front, so more are asked for than they are.
      const decided = await this.#deps.outbox.decided(AT_ONCE);
      const ready = decided.filter(({ owner }) => !this.#paused.has(ownerKey(owner)));
      for (const changes of ready) {
        if (this.#isClosed) return;
        const key = ownerKey(changes.owner);
        // What follows a change that failed waits behind it.
        if (this.#paused.has(key) || failed.has(key)) continue;
        if (await this.#isApplied(changes)) await this.#deps.outbox.applied([changes.sequence]);
        else failed.add(key);
      }
      if (failed.size > 0) this.#backoff.failed();
      else this.#backoff.succeeded();
      if (decided.length === AT_ONCE && ready.length > 0) this.#isWanted = true;
    } catch (error) {
      this.#deps.onFailed(messageOf(error), false);
      this.#backoff.failed();
    }
  }

  /** False when it is to be tried again. Throws when nobody's changes can be applied now. */
  async #isApplied({ owner, changes }: OutboxChanges): Promise<boolean> {
    try {
      await this.#apply(owner, parse(changes));
      return true;
    } catch (error) {
      if (error instanceof VivavoceError && error.shouldRetry()) throw error;
      // Nor can what nobody can read hold up anything.
      const isLost = error instanceof SyntaxError;
      this.#deps.onFailed(messageOf(error), isLost);
      return isLost;
    }
  }

  /** What no store will ever take is told and left out, and holds up nothing. */
  async #apply(owner: Owner, changes: readonly MemoryChange[]): Promise<void> {
    try {
      await this.#deps.apply(owner, changes);
    } catch (error) {
      if (!(error instanceof VivavoceError && error.isFaultOfCaller())) throw error;
      if (changes.length === 1) this.#deps.onFailed(error.message, true);
      else for (const change of changes) await this.#apply(owner, [change]);
    }
  }
}

/** @throws SyntaxError */
function parse(changes: string): readonly MemoryChange[] {
  const parsed: unknown = JSON.parse(changes);
  if (!Array.isArray(parsed)) throw new SyntaxError('what was decided is no list of changes');
  return parsed as MemoryChange[];
}
