import type { Statements } from '../sqlite/statements.ts';
import type { Erasure } from './erasure-log.ts';
import { erasureIdTaken } from './not-found.ts';
import type { Owner } from './store.ts';

const COLUMNS = `owner_key AS key, owner_user AS user, id,
  requested_at_ms AS requestedAtMs, completed_at_ms AS completedAtMs`;
const OF_OWNER = 'owner_key = :key AND owner_user = :user';

/** Every statement on the log of erasures; a test asks SQLite whether an index serves each of them. */
export const erasureSql = {
  /** Does nothing when this one is known, or another one of the owner is under way. */
  request: `INSERT OR IGNORE INTO erasures (owner_key, owner_user, id, requested_at_ms)
    VALUES (:key, :user, :id, :requestedAtMs)`,
  underWay: `SELECT ${COLUMNS} FROM erasures WHERE ${OF_OWNER} AND completed_at_ms IS NULL`,
  find: `SELECT ${COLUMNS} FROM erasures WHERE ${OF_OWNER} AND id = :id`,
  openErasures: `SELECT ${COLUMNS} FROM erasures INDEXED BY erasures_under_way WHERE completed_at_ms IS NULL`,
  complete: `UPDATE erasures SET completed_at_ms = :atMs
    WHERE ${OF_OWNER} AND id = :id AND completed_at_ms IS NULL`,
} as const;

type ErasureRow = Omit<Erasure, 'owner'> & Owner;

/** Who wanted to be forgotten, and since when they are. Synchronous: it runs in the store's thread. */
export class ErasureTable {
  readonly #statements: Statements;

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  request({ owner, ...erasure }: { owner: Owner; id: string; requestedAtMs: number }): Erasure {
    this.#statements.run(erasureSql.request, { ...owner, ...erasure });
    const row = this.#statements.get<ErasureRow>(erasureSql.underWay, { ...owner });
    if (!row) throw erasureIdTaken(erasure.id);
    return toErasure(row);
  }

  find({ owner, id }: { owner: Owner; id: string }): Erasure | null {
    const row = this.#statements.get<ErasureRow>(erasureSql.find, { ...owner, id });
    return row ? toErasure(row) : null;
  }

  open(): readonly Erasure[] {
    return this.#statements.all<ErasureRow>(erasureSql.openErasures).map(toErasure);
  }

  complete({ owner, id, atMs }: { owner: Owner; id: string; atMs: number }): void {
    this.#statements.run(erasureSql.complete, { ...owner, id, atMs });
  }
}

function toErasure({ key, user, ...erasure }: ErasureRow): Erasure {
  return { ...erasure, owner: { key, user } };
}
