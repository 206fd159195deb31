import type { ConversationThread } from './conversation-database.ts';
import type { Erasure, ErasureLog } from './erasure-log.ts';
import type { Owner } from './store.ts';
import { bareOwner, checkLimit, checkName, checkOwner, checkTime } from './store-input.ts';
import { sweep } from './sweep.ts';

/** The erasures of a `SqliteStore`. */
export class SqliteErasures implements ErasureLog {
  readonly #thread: ConversationThread;

  constructor(thread: ConversationThread) {
    this.#thread = thread;
  }

  async requestErasure(
    owner: Owner,
    { id, requestedAtMs }: { readonly id: string; readonly requestedAtMs: number },
  ): Promise<Erasure> {
    checkErasure(owner, id);
    checkTime(requestedAtMs, 'requestedAtMs');
    return await this.#thread.write('requestErasure', { owner: bareOwner(owner), id, requestedAtMs });
  }

  async findErasure(owner: Owner, id: string): Promise<Erasure | null> {
    checkErasure(owner, id);
    return await this.#thread.read('findErasure', { owner: bareOwner(owner), id });
  }

  async openErasures(): Promise<readonly Erasure[]> {
    return await this.#thread.read('openErasures', null);
  }

  async completeErasure(owner: Owner, id: string, atMs: number): Promise<void> {
    checkErasure(owner, id);
    checkTime(atMs, 'atMs');
    await this.#thread.write('completeErasure', { owner: bareOwner(owner), id, atMs });
  }

  async eraseConversations(owner: Owner, untilMs: number, limit: number): Promise<readonly string[]> {
    checkOwner(owner);
    checkTime(untilMs, 'untilMs');
    checkLimit(limit);
    const erased = await this.#thread.write('erase', { owner: bareOwner(owner), untilMs, limit });
    await sweep(this.#thread);
    // Once, at the end of the erasure, because the whole file is written anew; also when a restart has only this left to do.
    if (erased.length === 0) await this.#thread.read('rewrite', null);
    return erased;
  }
}

function checkErasure(owner: Owner, id: string): void {
  checkOwner(owner);
  checkName(id, 'erasure_id');
}
