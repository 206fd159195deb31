import type { Owner, Page } from '../../conversation/store.ts';
import { VivavoceError } from '../../errors.ts';
import type { Statements } from '../../sqlite/statements.ts';
import type { Memory } from '../memory.ts';
import type { MemoryPage, Unembedded } from '../memory-store.ts';
import { fromMemoryRow, type MemoryRow } from './memory-row.ts';
import type { OwnerTable } from './owner-table.ts';

/** What is read of memories; a test asks SQLite whether an index serves each of them. */
export const memorySql = {
  find: 'SELECT * FROM memories WHERE owner = :owner AND id = :id',
  profile: `SELECT * FROM memories WHERE owner = :owner AND invalid_at_ms IS NULL AND kind = 'profile' ORDER BY seq`,
  oldestFirst: `SELECT * FROM memories WHERE owner = :owner AND (created_at_ms, seq) > (:createdAtMs, :seq)
    AND (:withHistory OR invalid_at_ms IS NULL) ORDER BY created_at_ms, seq LIMIT :count`,
  newestFirst: `SELECT * FROM memories WHERE owner = :owner AND (created_at_ms, seq) < (:createdAtMs, :seq)
    AND (:withHistory OR invalid_at_ms IS NULL) ORDER BY created_at_ms DESC, seq DESC LIMIT :count`,
  // Back to all that it took the place of, and on to what took its place, from everything that is met on the way.
  history: `WITH RECURSIVE chain (id, next) AS (
      SELECT id, superseded_by FROM memories WHERE owner = :owner AND id = :id
      UNION
      SELECT memories.id, memories.superseded_by FROM chain
        JOIN memories ON memories.owner = :owner AND memories.superseded_by = chain.id
      UNION
      SELECT memories.id, memories.superseded_by FROM chain
        JOIN memories ON memories.owner = :owner AND memories.id = chain.next
    )
    SELECT memories.* FROM chain JOIN memories ON memories.owner = :owner AND memories.id = chain.id
    ORDER BY valid_at_ms, created_at_ms, seq`,
  touch: 'UPDATE memories SET last_used_at_ms = :atMs WHERE owner = :owner AND id = :id',
  unembedded: `SELECT owners.key, owners.user, memories.id, memories.text FROM memories
    JOIN owners ON owners.seq = memories.owner
    WHERE memories.space < :space AND memories.invalid_at_ms IS NULL
    ORDER BY memories.space, memories.seq LIMIT :limit`,
} as const;

/** Reads memories; each method but `unembedded` sees those of one owner. */
export class MemoryTable {
  readonly #statements: Statements;
  readonly #owners: OwnerTable;

  constructor(statements: Statements, owners: OwnerTable) {
    this.#statements = statements;
    this.#owners = owners;
  }

  get({ owner, id }: { owner: Owner; id: string }): Memory | null {
    const row = this.#find(owner, id);
    return row ? fromMemoryRow(row) : null;
  }

  profile({ owner }: { owner: Owner }): Memory[] {
    return this.#memories(memorySql.profile, owner);
  }

  history({ owner, id }: { owner: Owner; id: string }): Memory[] {
    return this.#memories(memorySql.history, owner, { id });
  }

  list({ owner, page }: { owner: Owner; page: MemoryPage }): Page<Memory> {
    const { after, limit, order, withHistory } = page;
    const sql = order === 'desc' ? memorySql.newestFirst : memorySql.oldestFirst;
    const cursor = after === undefined ? beforeTheFirst(order) : this.#cursor(owner, after);
    const values = { ...cursor, withHistory: withHistory ? 1 : 0, count: limit + 1 };
    const found = this.#memories(sql, owner, values);
    return { data: found.slice(0, limit), hasMore: found.length > limit };
  }

  touch({ owner, ids, atMs }: { owner: Owner; ids: readonly string[]; atMs: number }): void {
    const seq = this.#owners.find(owner);
    if (seq === null) return;
    for (const id of ids) this.#statements.run(memorySql.touch, { owner: seq, id, atMs });
  }

  unembedded({ space, limit }: { space: number; limit: number }): Unembedded[] {
    interface Row {
      key: string;
      user: string;
      id: string;
      text: string;
    }
    return this.#statements
      .all<Row>(memorySql.unembedded, { space, limit })
      .map(({ key, user, id, text }) => ({ owner: { key, user }, id, text }));
  }

  #find(owner: Owner, id: string): MemoryRow | undefined {
    const seq = this.#owners.find(owner);
    return seq === null ? undefined : this.#statements.get<MemoryRow>(memorySql.find, { owner: seq, id });
  }

  #memories(sql: string, owner: Owner, values: Record<string, string | number> = {}): Memory[] {
    const seq = this.#owners.find(owner);
    if (seq === null) return [];
    return this.#statements.all<MemoryRow>(sql, { owner: seq, ...values }).map(fromMemoryRow);
  }

  #cursor(owner: Owner, after: string) {
    const row = this.#find(owner, after);
    if (row) return { createdAtMs: row.created_at_ms, seq: row.seq };
    throw new VivavoceError('not_found', `after names "${after}", which is not there`, { param: 'after' });
  }
}

function beforeTheFirst(order: 'asc' | 'desc') {
  return order === 'asc'
    ? { createdAtMs: Number.MIN_SAFE_INTEGER, seq: 0 }
    : { createdAtMs: Number.MAX_SAFE_INTEGER, seq: Number.MAX_SAFE_INTEGER };
}
