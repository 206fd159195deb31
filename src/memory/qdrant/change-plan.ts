import type { AppliedChange, Memory, MemoryChange, MemoryEdit, NewMemory } from '../memory.ts';
import { hashOfWords, sameValue } from '../memory-id.ts';
import type { SearchedText } from '../term-weights.ts';
import { HOLDS, type OwnedPoints, type PointFilter } from './owned-points.ts';
import type { Operation, Point } from './qdrant-api.ts';
import { memoryVector } from './sparse-vector.ts';
import { type MemoryPayload, type StoredMemory, slotOf, toPayload } from './stored-memory.ts';

interface Row {
  memory: Memory;
  /** `hashOfWords` of its text, and its slot, computed once. */
  words: string;
  readonly slot: string | null;
  /** Ids of what it takes the place of, until that is written. */
  replacing: readonly string[];
  /** What it is found by, when the whole point is to be written: then it keeps no vector but these. */
  searched: SearchedText | null;
  vector: Float32Array | null;
  /** What is to be written of a point that stays. */
  readonly patch: Partial<MemoryPayload>;
}

/** Which memories decide what becomes of these changes. */
export function filterFor(points: OwnedPoints, changes: readonly MemoryChange[]): PointFilter {
  const added = changes.flatMap((change) => (change.type === 'add' ? [change.memory] : []));
  const ids = changes.flatMap((change) =>
    change.type === 'add' ? [change.memory.id, ...change.supersedes] : [change.id],
  );
  const slots = added.flatMap((memory) => slotOf(memory) ?? []);
  const holdsWith = (key: string, any: readonly string[]) => ({
    must: [HOLDS, { key, match: { any: [...new Set(any)] } }],
  });
  const should = [
    points.withIds(ids),
    ...(added.length > 0
      ? [
          holdsWith(
            'fingerprint',
            added.map(({ text }) => hashOfWords(text)),
          ),
        ]
      : []),
    ...(slots.length > 0 ? [holdsWith('slot', slots)] : []),
  ];
  return { should };
}

/**
 * What becomes of changes, and what has to be written for it.
 *
 * There are no transactions. A new memory is written before what it takes the place of ends, and says until then whose
 * place it takes: so whatever is cut off is finished by the next change that meets it, the same one made again above all.
 */
export class ChangePlan {
  readonly #points: OwnedPoints;
  readonly #rows: Map<string, Row>;

  /** @param stored what `filterFor` finds, and all that any of it is still replacing */
  constructor(points: OwnedPoints, stored: readonly StoredMemory[]) {
    this.#points = points;
    this.#rows = new Map(
      stored.map((one) => [one.memory.id, toRow(one.memory, { replacing: one.replacing })]),
    );
    for (const row of this.#rows.values()) {
      if (row.replacing.length === 0) continue;
      this.#replace(row, this.#holding(row.replacing));
      // Also when there is nothing left to end.
      row.patch.replacing = [];
    }
  }

  change(change: MemoryChange, vectors: ReadonlyMap<string, Float32Array>): AppliedChange {
    if (change.type === 'add')
      return this.#add(change.memory, change.supersedes, vectors.get(change.memory.id) ?? null);
    const row = this.#rows.get(change.id);
    if (!row) return { outcome: 'missing', id: change.id, superseded: [] };
    if (change.type === 'edit') {
      this.#edit(row, change.edit);
      return { outcome: 'edited', id: change.id, superseded: [] };
    }
    if (row.memory.invalidAtMs === null) this.#end(row, change.atMs, null);
    return { outcome: 'ended', id: change.id, superseded: [] };
  }

  /** In the order in which they have to be done. */
  operations(): Operation[] {
    const rows = [...this.#rows.values()];
    const whole = rows.filter(({ searched }) => searched !== null);
    const patched = rows.filter(({ searched, patch }) => searched === null && Object.keys(patch).length > 0);
    const upserts = whole.length > 0 ? [this.#points.upsert(whole.map((row) => this.#toPoint(row)))] : [];
    const isLast = ({ patch }: Row) => patch.replacing !== undefined;
    const patches = [...patched.filter((row) => !isLast(row)), ...patched.filter(isLast)].map((row) =>
      this.#points.setPayload({ must: [this.#points.withIds([row.memory.id])] }, row.patch),
    );
    const finished = whole.filter(({ replacing }) => replacing.length > 0).map(({ memory }) => memory.id);
    if (finished.length > 0)
      patches.push(this.#points.setPayload({ must: [this.#points.withIds(finished)] }, { replacing: [] }));
    return [...upserts, ...patches];
  }

  #add(
    { context, ...added }: NewMemory,
    supersedes: readonly string[],
    vector: Float32Array | null,
  ): AppliedChange {
    const { id, value, validAtMs } = added;
    const holding = [...this.#rows.values()].filter(({ memory }) => memory.invalidAtMs === null);
    const memory = { ...added, invalidAtMs: null, supersededBy: null, lastUsedAtMs: null };
    const row = toRow(memory, { searched: { ...added, context }, vector });
    const rivals = row.slot === null ? [] : holding.filter(({ slot }) => slot === row.slot);
    const known =
      this.#rows.get(id) ??
      holding.find(({ words }) => words === row.words) ??
      rivals.find(({ memory }) => sameValue(memory.value, value));
    if (known) return { outcome: 'known', id: known.memory.id, superseded: [] };

    const newest = rivals.map((rival) => rival.memory).toSorted((a, b) => b.validAtMs - a.validAtMs)[0];
    if (newest && newest.validAtMs > validAtMs) {
      this.#end(row, newest.validAtMs, newest.id);
      this.#rows.set(id, row);
      return { outcome: 'outdated', id, superseded: [] };
    }
    const replaced = [...new Set([...rivals, ...this.#holding(supersedes)])];
    this.#rows.set(id, row);
    row.replacing = replaced.map((other) => other.memory.id);
    this.#replace(row, replaced);
    return { outcome: 'added', id, superseded: row.replacing };
  }

  #holding(ids: readonly string[]): Row[] {
    const rows = ids.flatMap((id) => this.#rows.get(id) ?? []);
    return rows.filter(({ memory }) => memory.invalidAtMs === null);
  }

  #replace({ memory }: Row, replaced: readonly Row[]): void {
    for (const row of replaced) this.#end(row, Math.max(memory.validAtMs, row.memory.validAtMs), memory.id);
  }

  #end(row: Row, invalidAtMs: number, supersededBy: string | null): void {
    row.memory = { ...row.memory, invalidAtMs, supersededBy };
    Object.assign(row.patch, { holds: false, invalid_at: invalidAtMs, superseded_by: supersededBy });
  }

  #edit(row: Row, edit: MemoryEdit): void {
    const { text } = row.memory;
    row.memory = { ...row.memory, ...edit };
    const { kind, value, importance, subject, validAtMs } = row.memory;
    Object.assign(row.patch, { kind, value, importance });
    if (row.memory.text === text) return;
    row.words = hashOfWords(row.memory.text);
    // What was said around it was said around other words, and its vector was theirs.
    row.searched = { text: row.memory.text, context: '', subject, validAtMs };
    row.vector = null;
  }

  #toPoint({ memory, replacing, searched, vector }: Row): Point {
    const words = searched && memoryVector(searched);
    return {
      id: this.#points.by.pointId(memory.id),
      vector: { ...(words && { bm25: words }), ...(vector && { dense: [...vector] }) },
      payload: { ...toPayload(this.#points.by, memory, replacing) },
    };
  }
}

function toRow(memory: Memory, row: Partial<Pick<Row, 'replacing' | 'searched' | 'vector'>>): Row {
  const words = hashOfWords(memory.text);
  return {
    memory,
    words,
    slot: slotOf(memory),
    replacing: [],
    searched: null,
    vector: null,
    patch: {},
    ...row,
  };
}
