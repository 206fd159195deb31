import { VivavoceError } from '../errors.ts';
import { failureError, type Outcome } from './store-failure.ts';

interface Waiting<Write> {
  readonly write: Write;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** More than a full house writes in a second; a disk that falls so far behind is not coming back soon. */
const MAX_WAITING = 10_000;

/**
 * Collects the writes that arrive while a commit is running and sends them as one, in their order.
 *
 * A sync of the disk costs the same for one write as for hundreds. A lone write never waits for company.
 */
export class GroupCommit<Write> {
  readonly #commit: (writes: readonly Write[]) => Promise<readonly Outcome<unknown>[]>;
  #waiting: Waiting<Write>[] = [];
  #running = 0;

  /** @param commit makes all durable and answers with one outcome each; calls of it run in the order of the calls. */
  constructor(commit: (writes: readonly Write[]) => Promise<readonly Outcome<unknown>[]>) {
    this.#commit = commit;
  }

  /** Resolves or rejects with this write's own outcome, after the commit. */
  add(write: Write): Promise<unknown> {
    if (this.#waiting.length >= MAX_WAITING) {
      const message = `${MAX_WAITING} writes wait for the disk: it is too slow or stuck, check it`;
      return Promise.reject(new VivavoceError('store_failed', message));
    }
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.push({ write, resolve, reject });
    if (this.#running === 0) this.flush();
    return promise;
  }

  /** Sends what waits, behind the running commit: what is asked after that sees it. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    const group = this.#waiting;
    this.#waiting = [];
    this.#running += 1;
    void this.#send(group);
  }

  async #send(group: readonly Waiting<Write>[]): Promise<void> {
    try {
      const outcomes = await this.#commit(group.map(({ write }) => write));
      for (const [index, { resolve, reject }] of group.entries()) {
        const outcome = outcomes[index];
        if (!outcome)
          reject(new VivavoceError('store_failed', 'a commit did not answer for each of its writes'));
        else if (outcome.ok) resolve(outcome.value);
        else reject(failureError(outcome.failure));
      }
    } catch (error) {
      for (const { reject } of group) reject(error);
    } finally {
      this.#running -= 1;
      if (this.#running === 0) this.flush();
    }
  }
}
