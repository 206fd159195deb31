import type { DatabaseSync } from 'node:sqlite';
import type { Statements } from '../../sqlite/statements.ts';
import type { EmbeddingSpace } from '../memory-store.ts';

interface Space extends EmbeddingSpace {
  readonly number: number;
}

const sql = {
  spaces: 'SELECT number, model, dimensions FROM spaces',
  insertSpace: 'INSERT INTO spaces (model, dimensions) VALUES (:model, :dimensions) RETURNING number',
  deleteSpace: 'DELETE FROM spaces WHERE number = :number',
  ofSpace: 'SELECT seq FROM memories WHERE space = :space AND invalid_at_ms IS NULL LIMIT :limit',
  setSpace: 'UPDATE memories SET space = :space WHERE seq = :seq',
} as const;

/**
 * The vectors of memories, one table for each space. The table of the space in use is searched; others are emptied in
 * slices and dropped. Each owner's vectors are a partition of their own, so a search reads those of nobody else.
 */
export class VectorIndex {
  readonly #db: DatabaseSync;
  readonly #statements: Statements;
  /** By number: those that have a table. */
  readonly #spaces = new Map<number, Space>();
  #inUse: Space | null = null;

  constructor(db: DatabaseSync, statements: Statements) {
    this.#db = db;
    this.#statements = statements;
    this.reload();
  }

  /** The number of the selected space; 0 when there is none. */
  get space(): number {
    return this.#inUse?.number ?? 0;
  }

  /** After a transaction that was undone, which may have made or dropped a table. */
  reload(): void {
    this.#spaces.clear();
    for (const space of this.#statements.all<Space>(sql.spaces)) this.#spaces.set(space.number, space);
  }

  /** The space of what follows. None when it has no table: `create` makes it. */
  select(space: EmbeddingSpace | null): void {
    this.#inUse = space && this.#known(space);
  }

  create(space: EmbeddingSpace): void {
    if (this.#known(space)) return;
    const { model, dimensions } = space;
    const number =
      this.#statements.get<{ number: number }>(sql.insertSpace, { model, dimensions })?.number ?? 0;
    // Small chunks: each owner has some of their own, and most owners have little.
    this.#db.exec(`CREATE VIRTUAL TABLE ${table(number)} USING vec0 (
      memory INTEGER PRIMARY KEY, owner INTEGER PARTITION KEY,
      vector FLOAT[${dimensions}] distance_metric=cosine, chunk_size=16)`);
    this.#spaces.set(number, { model, dimensions, number });
  }

  /** Removes some vectors of spaces that are not in use; true when there is nothing left to remove. */
  dropOthers(limit: number): boolean {
    if (!this.#inUse) return true;
    const [other] = [...this.#spaces.keys()].filter((number) => number !== this.space);
    if (other === undefined) return true;
    const memories = this.#statements.all<{ seq: number }>(sql.ofSpace, { space: other, limit });
    for (const { seq } of memories) this.remove(seq, other);
    if (memories.length === 0) this.#drop(other);
    return false;
  }

  /** Gives a memory a vector in the space in use, in place of the one that it has. */
  set(owner: number, memory: number, before: number, vector: Float32Array): void {
    if (!this.#inUse) return;
    this.remove(memory, before);
    const insert = `INSERT INTO ${table(this.space)} (memory, owner, vector) VALUES (:memory, :owner, :vector)`;
    // sqlite-vec takes no number that is not an integer, and node:sqlite makes a double of a large one.
    this.#statements.run(insert, { memory: BigInt(memory), owner: BigInt(owner), vector: bytesOf(vector) });
    this.#statements.run(sql.setSpace, { seq: memory, space: this.space });
  }

  /** @param space the one in which it has a vector */
  remove(memory: number, space: number): void {
    if (!this.#spaces.has(space)) return;
    this.#statements.run(`DELETE FROM ${table(space)} WHERE memory = :memory`, { memory: BigInt(memory) });
    this.#statements.run(sql.setSpace, { seq: memory, space: 0 });
  }

  /** The memories whose vectors are nearest, nearest first. */
  search(owner: number, vector: Float32Array, limit: number): number[] {
    if (vector.length !== this.#inUse?.dimensions) return [];
    const nearest = `SELECT memory FROM ${table(this.space)}
      WHERE vector MATCH :vector AND owner = :owner AND k = :limit ORDER BY distance`;
    const values = { vector: bytesOf(vector), owner: BigInt(owner), limit: BigInt(limit) };
    return this.#statements.all<{ memory: number }>(nearest, values).map(({ memory }) => memory);
  }

  #known({ model, dimensions }: EmbeddingSpace): Space | null {
    const isThis = (space: Space) => space.model === model && space.dimensions === dimensions;
    return [...this.#spaces.values()].find(isThis) ?? null;
  }

  #drop(number: number): void {
    this.#db.exec(`DROP TABLE ${table(number)}`);
    this.#statements.run(sql.deleteSpace, { number });
    this.#spaces.delete(number);
  }
}

function table(space: number): string {
  return `vectors_${space}`;
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
