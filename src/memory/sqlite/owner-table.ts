import type { Owner } from '../../conversation/store.ts';
import type { Statements } from '../../sqlite/statements.ts';

const sql = {
  find: 'SELECT seq FROM owners WHERE key = :key AND user = :user',
  insert: 'INSERT INTO owners (key, user) VALUES (:key, :user) RETURNING seq',
  delete: 'DELETE FROM owners WHERE seq = :owner',
} as const;

/** The numbers by which the other tables know people. */
export class OwnerTable {
  readonly #statements: Statements;

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  /** Null when nothing is remembered of them. */
  find({ key, user }: Owner): number | null {
    return this.#statements.get<{ seq: number }>(sql.find, { key, user })?.seq ?? null;
  }

  findOrInsert({ key, user }: Owner): number {
    const found = this.find({ key, user });
    if (found !== null) return found;
    return this.#statements.get<{ seq: number }>(sql.insert, { key, user })?.seq ?? 0;
  }

  delete(owner: number): void {
    this.#statements.run(sql.delete, { owner });
  }
}
