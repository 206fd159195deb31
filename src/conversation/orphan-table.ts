import type { Statements } from '../sqlite/statements.ts';
import type { Owner } from './store.ts';

/** So many rows are deleted in one go; other writes get their turn in between. */
const ROWS_AT_ONCE = 200;

const DISOWN = `UPDATE conversations
  SET id = hex(randomblob(16)), owner_key = '', owner_user = '', metadata = '{}'`;

/** Every statement that deletes conversations; a test asks SQLite whether an index serves each of them. */
export const orphanSql = {
  disown: `${DISOWN} WHERE id = :id AND owner_key = :key AND owner_user = :user`,
  begunBy: `SELECT id FROM conversations
    WHERE owner_key = :key AND owner_user = :user AND created_at_ms <= :untilMs LIMIT :limit`,
  next: `SELECT seq FROM conversations WHERE owner_key = '' AND owner_user = '' LIMIT 1`,
  deleteItems: `DELETE FROM items
    WHERE rowid IN (SELECT rowid FROM items WHERE conversation = :conversation LIMIT :limit)`,
  delete: 'DELETE FROM conversations WHERE seq = :conversation',
} as const;

/**
 * Deletes conversations. At once they lose their owner and id, so that nobody finds them and a new one may have the id;
 * then `sweep` takes what is left of them away, a little at a time. Synchronous: it runs in the store's thread.
 */
export class OrphanTable {
  readonly #statements: Statements;

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  /** False when it was not there. */
  disown({ owner, id }: { owner: Owner; id: string }): boolean {
    return this.#statements.run(orphanSql.disown, { ...owner, id }) > 0;
  }

  /** Some of the conversations of an owner that began by then; their ids. */
  disownBegunBy({ owner, ...values }: { owner: Owner; untilMs: number; limit: number }): readonly string[] {
    const begun = this.#statements.all<{ id: string }>(orphanSql.begunBy, { ...owner, ...values });
    for (const { id } of begun) this.disown({ owner, id });
    return begun.map(({ id }) => id);
  }

  /** True when there is more to sweep. What refers to an item or a conversation goes with it, by the foreign keys. */
  sweep(): boolean {
    let orphan = this.#next();
    for (let limit = ROWS_AT_ONCE; orphan !== null && limit > 0; limit--) {
      const items = this.#statements.run(orphanSql.deleteItems, { conversation: orphan, limit });
      limit -= items;
      if (limit > 0) {
        this.#statements.run(orphanSql.delete, { conversation: orphan });
        orphan = this.#next();
      }
    }
    return orphan !== null;
  }

  #next(): number | null {
    return this.#statements.get<{ seq: number }>(orphanSql.next)?.seq ?? null;
  }
}
