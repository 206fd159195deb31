import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';

export type Parameters = Record<string, SQLInputValue>;

/** Statements of one database, each compiled once. The SQL must come from constants: the cache never forgets. */
export class Statements {
  readonly #db: DatabaseSync;
  readonly #compiled = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  get inTransaction(): boolean {
    return this.#db.isTransaction;
  }

  /** The number of rows that changed. */
  run(sql: string, parameters: Parameters = {}): number {
    return Number(this.#statement(sql).run(parameters).changes);
  }

  /** The first row. `Row` is what the SQL's columns are, by the word of the caller. */
  get<Row>(sql: string, parameters: Parameters = {}): Row | undefined {
    return this.#statement(sql).get(parameters) as Row | undefined;
  }

  all<Row>(sql: string, parameters: Parameters = {}): Row[] {
    return this.#statement(sql).all(parameters) as Row[];
  }

  #statement(sql: string): StatementSync {
    let statement = this.#compiled.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      this.#compiled.set(sql, statement);
    }
    return statement;
  }
}
