import type { Owner } from '../../conversation/store.ts';
import type { Statements } from '../../sqlite/statements.ts';
import type { FoundMemory } from '../memory.ts';
import type { MemoryQuery } from '../memory-store.ts';
import { fromMemoryRow, type MemoryRow } from './memory-row.ts';
import type { OwnerTable } from './owner-table.ts';
import type { TermIndex } from './term-index.ts';
import type { VectorIndex } from './vector-index.ts';

/** How much less a place further down counts, as is usual for reciprocal rank fusion. */
const RANK_CONSTANT = 60;
/** So many of each ranking are brought together, at least. */
const MIN_DEPTH = 50;

const BY_SEQ = 'SELECT * FROM memories WHERE seq = :seq';

interface Hit {
  readonly memory: number;
  readonly relevance: number;
}

interface Parts {
  readonly owners: OwnerTable;
  readonly terms: TermIndex;
  readonly vectors: VectorIndex;
}

/** Finds what holds and fits. */
export class MemorySearch {
  readonly #statements: Statements;
  readonly #parts: Parts;

  constructor(statements: Statements, parts: Parts) {
    this.#statements = statements;
    this.#parts = parts;
  }

  search({ owner, query }: { owner: Owner; query: MemoryQuery }): FoundMemory[] {
    const seq = this.#parts.owners.find(owner);
    if (seq === null) return [];
    return this.#hits(seq, query).flatMap(({ memory, relevance }) => {
      const row = this.#statements.get<MemoryRow>(BY_SEQ, { seq: memory });
      return row ? [{ memory: fromMemoryRow(row), relevance }] : [];
    });
  }

  #hits(owner: number, { text, vector, limit }: MemoryQuery): Hit[] {
    const { terms, vectors } = this.#parts;
    const isDense = vector !== null && vectors.space !== 0;
    if (!isDense) return terms.search(owner, text, limit);
    const depth = Math.max(limit, MIN_DEPTH);
    const lexical = terms.search(owner, text, depth).map(({ memory }) => memory);
    return fuse([lexical, vectors.search(owner, vector, depth)]).slice(0, limit);
  }
}

/** What stands far up in several rankings comes first; 1 is the first place in all of them. */
function fuse(rankings: readonly (readonly number[])[]): Hit[] {
  const best = rankings.length / (RANK_CONSTANT + 1);
  const scores = new Map<number, number>();
  for (const ranking of rankings)
    for (const [index, memory] of ranking.entries())
      scores.set(memory, (scores.get(memory) ?? 0) + 1 / (RANK_CONSTANT + 1 + index) / best);
  return [...scores]
    .map(([memory, relevance]) => ({ memory, relevance }))
    .sort((one, other) => other.relevance - one.relevance);
}
