import type { Owner, Page } from '../../src/conversation/store.ts';
import { VivavoceError } from '../../src/errors.ts';
import type { AppliedChange, FoundMemory, Memory, MemoryChange, NewMemory } from '../../src/memory/memory.ts';
import { fingerprintOf } from '../../src/memory/memory-id.ts';
import type {
  EmbeddingSpace,
  MemoryPage,
  MemoryQuery,
  MemoryStore,
  Unembedded,
} from '../../src/memory/memory-store.ts';

interface Row {
  memory: Memory;
  readonly context: string;
  vector: Float32Array | null;
}

/** Below this, two texts of the tests' vectors are not about the same. */
const NEAR = 0.5;

/** A memory without files: what `MemoryStore` promises in the plainest way, for tests of what stands before a store. */
export class MemoryInArrays implements MemoryStore {
  readonly engine = 'arrays';
  /** How often it was searched, in the words that it was asked. */
  readonly searches: string[] = [];
  readonly #owners = new Map<string, { readonly owner: Owner; rows: Row[] }>();
  #space: EmbeddingSpace | null = null;

  async apply(
    owner: Owner,
    changes: readonly MemoryChange[],
    vectors: ReadonlyMap<string, Float32Array> = new Map(),
  ): Promise<readonly AppliedChange[]> {
    return changes.map((change) => {
      if (change.type === 'add')
        return this.#add(owner, change.memory, change.supersedes, vectors.get(change.memory.id));
      const row = this.#row(owner, change.id);
      if (!row) return { outcome: 'missing', id: change.id, superseded: [] };
      if (change.type === 'end') {
        if (row.memory.invalidAtMs === null) row.memory = { ...row.memory, invalidAtMs: change.atMs };
        return { outcome: 'ended', id: change.id, superseded: [] };
      }
      if (change.edit.text !== undefined && change.edit.text !== row.memory.text) row.vector = null;
      row.memory = { ...row.memory, ...change.edit };
      return { outcome: 'edited', id: change.id, superseded: [] };
    });
  }

  async search(owner: Owner, query: MemoryQuery, signal: AbortSignal): Promise<readonly FoundMemory[]> {
    if (signal.aborted) throw new VivavoceError('cancelled', 'the search was cancelled');
    this.searches.push(query.text);
    return this.#rows(owner)
      .filter(({ memory }) => memory.invalidAtMs === null)
      .map(({ memory, context, vector }) => ({
        memory,
        relevance: Math.max(shareOf(query.text, `${memory.text} ${context}`), near(query.vector, vector)),
      }))
      .filter(({ relevance }) => relevance > 0)
      .toSorted((one, other) => other.relevance - one.relevance)
      .slice(0, query.limit);
  }

  async profile(owner: Owner): Promise<readonly Memory[]> {
    return this.#memories(owner).filter(
      ({ kind, invalidAtMs }) => kind === 'profile' && invalidAtMs === null,
    );
  }

  async list(owner: Owner, { after, limit, order, withHistory }: MemoryPage): Promise<Page<Memory>> {
    const all = this.#memories(owner)
      .filter(({ invalidAtMs }) => withHistory || invalidAtMs === null)
      .toSorted((one, other) => one.createdAtMs - other.createdAtMs);
    if (order === 'desc') all.reverse();
    const start = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
    if (after !== undefined && start === 0)
      throw new VivavoceError('not_found', `there is no memory '${after}'`, { param: 'after' });
    return { data: all.slice(start, start + limit), hasMore: all.length > start + limit };
  }

  async get(owner: Owner, id: string): Promise<Memory | null> {
    return this.#row(owner, id)?.memory ?? null;
  }

  async history(owner: Owner, id: string): Promise<readonly Memory[]> {
    const all = this.#memories(owner);
    const found = new Set(all.filter((memory) => memory.id === id));
    // A set that grows while it is walked is walked to its end.
    for (const one of found)
      for (const other of all)
        if (other.supersededBy === one.id || one.supersededBy === other.id) found.add(other);
    return [...found].toSorted((one, other) => one.validAtMs - other.validAtMs);
  }

  async touch(owner: Owner, ids: readonly string[], atMs: number): Promise<void> {
    for (const row of this.#rows(owner))
      if (ids.includes(row.memory.id)) row.memory = { ...row.memory, lastUsedAtMs: atMs };
  }

  async delete(owner: Owner, id: string): Promise<boolean> {
    const row = this.#row(owner, id);
    if (row) this.#rows(owner).splice(this.#rows(owner).indexOf(row), 1);
    return row !== undefined;
  }

  async eraseAll(owner: Owner): Promise<number> {
    return this.#rows(owner).splice(0).length;
  }

  async useSpace(space: EmbeddingSpace | null): Promise<void> {
    const isSame = space?.model === this.#space?.model && space?.dimensions === this.#space?.dimensions;
    this.#space = space;
    if (isSame) return;
    for (const { rows } of this.#owners.values()) for (const row of rows) row.vector = null;
  }

  async unembedded(limit: number): Promise<readonly Unembedded[]> {
    if (!this.#space) return [];
    return [...this.#owners.values()]
      .flatMap(({ owner, rows }) =>
        rows.filter(({ vector }) => vector === null).map(({ memory: { id, text } }) => ({ owner, id, text })),
      )
      .slice(0, limit);
  }

  async setVectors(entries: readonly (Unembedded & { readonly vector: Float32Array })[]): Promise<void> {
    for (const { owner, id, text, vector } of entries) {
      const row = this.#row(owner, id);
      if (row?.memory.text === text) row.vector = vector;
    }
  }

  #add(
    owner: Owner,
    { context, ...memory }: NewMemory,
    supersedes: readonly string[],
    vector: Float32Array | undefined,
  ): AppliedChange {
    const rows = this.#rows(owner);
    const holding = rows.filter((row) => row.memory.invalidAtMs === null);
    const known = this.#row(owner, memory.id) ?? holding.find((row) => saysTheSame(row.memory, memory));
    if (known) return { outcome: 'known', id: known.memory.id, superseded: [] };

    const rivals = holding.filter((row) => isRival(row.memory, memory));
    const newer = rivals.find((row) => row.memory.validAtMs > memory.validAtMs)?.memory;
    const added: Row = {
      memory: {
        ...memory,
        invalidAtMs: newer?.validAtMs ?? null,
        supersededBy: newer?.id ?? null,
        lastUsedAtMs: null,
      },
      context,
      vector: vector ?? null,
    };
    rows.push(added);
    if (newer) return { outcome: 'outdated', id: memory.id, superseded: [] };

    const replaced = holding.filter((row) => rivals.includes(row) || supersedes.includes(row.memory.id));
    for (const row of replaced) {
      const invalidAtMs = Math.max(memory.validAtMs, row.memory.validAtMs);
      row.memory = { ...row.memory, invalidAtMs, supersededBy: memory.id };
    }
    return { outcome: 'added', id: memory.id, superseded: replaced.map((row) => row.memory.id) };
  }

  #rows(owner: Owner): Row[] {
    const key = JSON.stringify([owner.key, owner.user]);
    const known = this.#owners.get(key) ?? { owner, rows: [] };
    this.#owners.set(key, known);
    return known.rows;
  }

  #memories(owner: Owner): Memory[] {
    return this.#rows(owner).map(({ memory }) => memory);
  }

  #row(owner: Owner, id: string): Row | undefined {
    return this.#rows(owner).find(({ memory }) => memory.id === id);
  }
}

type Said = Pick<Memory, 'text' | 'subject' | 'attribute' | 'value'>;

function isRival(one: Said, other: Said): boolean {
  return one.attribute !== null && one.attribute === other.attribute && one.subject === other.subject;
}

function saysTheSame(one: Said, other: Said): boolean {
  if (fingerprintOf(one.text) === fingerprintOf(other.text)) return true;
  return (
    isRival(one, other) &&
    one.value !== null &&
    other.value !== null &&
    fingerprintOf(one.value) === fingerprintOf(other.value)
  );
}

/** How many of the words of the query are there, 0 to 1. */
function shareOf(query: string, text: string): number {
  const words = fingerprintOf(query).split(' ').filter(Boolean);
  const there = new Set(fingerprintOf(text).split(' '));
  return words.filter((word) => there.has(word)).length / Math.max(words.length, 1);
}

function near(query: Float32Array | null, vector: Float32Array | null): number {
  if (!query || !vector || query.length !== vector.length) return 0;
  const cosine = query.reduce((sum, value, index) => sum + value * (vector[index] ?? 0), 0);
  return cosine >= NEAR ? Math.min(cosine, 1) : 0;
}
