import type { Owner } from '../../conversation/store.ts';
import type { Statements } from '../../sqlite/statements.ts';
import type { AppliedChange, MemoryChange, MemoryEdit, NewMemory } from '../memory.ts';
import { hashOfWords, sameValue } from '../memory-id.ts';
import { type MemoryRow, toNewRow } from './memory-row.ts';
import { memorySql } from './memory-table.ts';
import type { OwnerTable } from './owner-table.ts';
import type { TermIndex } from './term-index.ts';
import type { VectorIndex } from './vector-index.ts';

export const changeSql = {
  insert: `INSERT INTO memories (owner, id, kind, text, subject, attribute, value, importance, valid_at_ms,
      conversation_id, item_id, created_at_ms, fingerprint, terms, space)
    VALUES (:owner, :id, :kind, :text, :subject, :attribute, :value, :importance, :valid_at_ms,
      :conversation_id, :item_id, :created_at_ms, :fingerprint, '', 0) RETURNING seq`,
  sameWords: `SELECT * FROM memories
    WHERE owner = :owner AND fingerprint = :fingerprint AND invalid_at_ms IS NULL`,
  rivals: `SELECT * FROM memories WHERE owner = :owner AND subject = :subject AND attribute = :attribute
    AND invalid_at_ms IS NULL AND attribute IS NOT NULL ORDER BY valid_at_ms DESC, seq DESC`,
  setTerms: 'UPDATE memories SET terms = :terms WHERE seq = :seq',
  invalidate: `UPDATE memories SET invalid_at_ms = :invalidAtMs, superseded_by = :supersededBy, terms = ''
    WHERE seq = :seq`,
  edit: `UPDATE memories SET kind = :kind, text = :text, value = :value, importance = :importance,
    fingerprint = :fingerprint WHERE seq = :seq`,
  delete: 'DELETE FROM memories WHERE seq = :seq',
  // What it took the place of goes on to what took its own place.
  relink: 'UPDATE memories SET superseded_by = :next WHERE owner = :owner AND superseded_by = :id',
  some: 'SELECT * FROM memories WHERE owner = :owner LIMIT :limit',
} as const;

interface Indexes {
  readonly terms: TermIndex;
  readonly vectors: VectorIndex;
}

/** Changes what is remembered, and with it the indexes. Only what holds is in them. */
export class MemoryChanges {
  readonly #statements: Statements;
  readonly #owners: OwnerTable;
  readonly #indexes: Indexes;

  constructor(statements: Statements, owners: OwnerTable, indexes: Indexes) {
    this.#statements = statements;
    this.#owners = owners;
    this.#indexes = indexes;
  }

  apply(argument: {
    owner: Owner;
    changes: readonly MemoryChange[];
    vectors: ReadonlyMap<string, Float32Array>;
  }): AppliedChange[] {
    const owner = this.#owners.findOrInsert(argument.owner);
    return argument.changes.map((change) => {
      if (change.type === 'add')
        return this.#add(owner, change.memory, change.supersedes, argument.vectors.get(change.memory.id));
      const row = this.#find(owner, change.id);
      if (!row) return { outcome: 'missing', id: change.id, superseded: [] };
      if (change.type === 'edit') return this.#edit(row, change.edit);
      if (row.invalid_at_ms === null) this.#invalidate(row, change.atMs, null);
      return { outcome: 'ended', id: row.id, superseded: [] };
    });
  }

  setVector(owner: Owner, { id, text, vector }: { id: string; text: string; vector: Float32Array }): void {
    const seq = this.#owners.find(owner);
    const row = seq === null ? undefined : this.#find(seq, id);
    if (!row || row.text !== text || row.invalid_at_ms !== null) return;
    this.#indexes.vectors.set(row.owner, row.seq, row.space, vector);
  }

  delete({ owner, id }: { owner: Owner; id: string }): boolean {
    const seq = this.#owners.find(owner);
    const row = seq === null ? undefined : this.#find(seq, id);
    if (!row) return false;
    this.#statements.run(changeSql.relink, { owner: row.owner, id, next: row.superseded_by });
    this.#remove(row);
    return true;
  }

  /** Removes some of what is remembered of an owner, and the owner with the last of it; how many. Null: they are unknown. */
  eraseSome({ owner, limit }: { owner: Owner; limit: number }): number | null {
    const seq = this.#owners.find(owner);
    if (seq === null) return null;
    const rows = this.#statements.all<MemoryRow>(changeSql.some, { owner: seq, limit });
    for (const row of rows) this.#remove(row);
    if (rows.length < limit) this.#owners.delete(seq);
    return rows.length;
  }

  #add(
    owner: number,
    memory: NewMemory,
    supersedes: readonly string[],
    vector: Float32Array | undefined,
  ): AppliedChange {
    const { id, subject, attribute, value, validAtMs } = memory;
    const row = toNewRow(owner, memory);
    const { fingerprint } = row;
    const rivals =
      attribute === null
        ? []
        : this.#statements.all<MemoryRow>(changeSql.rivals, { owner, subject, attribute });
    const known =
      this.#find(owner, id) ??
      this.#statements.get<MemoryRow>(changeSql.sameWords, { owner, fingerprint }) ??
      rivals.find((rival) => sameValue(rival.value, value));
    if (known) return { outcome: 'known', id: known.id, superseded: [] };

    const seq = this.#statements.get<{ seq: number }>(changeSql.insert, row)?.seq ?? 0;
    const [newest] = rivals;
    if (newest && newest.valid_at_ms > validAtMs) {
      const values = { seq, invalidAtMs: newest.valid_at_ms, supersededBy: newest.id };
      this.#statements.run(changeSql.invalidate, values);
      return { outcome: 'outdated', id, superseded: [] };
    }
    this.#statements.run(changeSql.setTerms, { seq, terms: this.#indexes.terms.add(owner, seq, memory) });
    if (vector) this.#indexes.vectors.set(owner, seq, 0, vector);
    const named = supersedes.map((other) => this.#find(owner, other));
    const replaced = new Map([...rivals, ...named].flatMap((other) => (other ? [[other.seq, other]] : [])));
    const superseded = [...replaced.values()].filter(
      (other) => other.invalid_at_ms === null && other.seq !== seq,
    );
    for (const other of superseded) this.#invalidate(other, Math.max(validAtMs, other.valid_at_ms), id);
    return { outcome: 'added', id, superseded: superseded.map((other) => other.id) };
  }

  #edit(row: MemoryRow, edit: MemoryEdit): AppliedChange {
    const { kind, text, value, importance } = { ...row, ...edit };
    const fingerprint = hashOfWords(text);
    this.#statements.run(changeSql.edit, { seq: row.seq, kind, text, value, importance, fingerprint });
    if (text !== row.text && row.invalid_at_ms === null) {
      this.#unindex(row);
      // What was said around it was said around other words.
      const searched = { text, context: '', subject: row.subject, validAtMs: row.valid_at_ms };
      const terms = this.#indexes.terms.add(row.owner, row.seq, searched);
      this.#statements.run(changeSql.setTerms, { seq: row.seq, terms });
    }
    return { outcome: 'edited', id: row.id, superseded: [] };
  }

  #invalidate(row: MemoryRow, invalidAtMs: number, supersededBy: string | null): void {
    this.#unindex(row);
    this.#statements.run(changeSql.invalidate, { seq: row.seq, invalidAtMs, supersededBy });
  }

  #remove(row: MemoryRow): void {
    this.#unindex(row);
    this.#statements.run(changeSql.delete, { seq: row.seq });
  }

  #unindex({ owner, seq, terms, space }: MemoryRow): void {
    this.#indexes.terms.remove(owner, seq, terms);
    this.#indexes.vectors.remove(seq, space);
  }

  #find(owner: number, id: string): MemoryRow | undefined {
    return this.#statements.get<MemoryRow>(memorySql.find, { owner, id });
  }
}
