import { crc32 } from 'node:zlib';
import { queryTermsOf, type SearchedText, termWeights } from '../term-weights.ts';

export interface SparseVector {
  indices: number[];
  values: number[];
}

export interface QueryVectors {
  /** What is found has at least one of these. */
  readonly terms: SparseVector;
  /** The terms, and what speaks for one memory among those that are found; null when there is nothing of that kind. */
  readonly withCues: SparseVector | null;
}

/**
 * What a memory is found by, as its part of BM25: Qdrant multiplies it with the weights of the query and with how rare
 * each term is. Null when there is no word in it.
 */
export function memoryVector(searched: SearchedText): SparseVector | null {
  const weights = termWeights(searched);
  return weights.size > 0 ? toVector(weights) : null;
}

/** Null when the query says nothing. */
export function queryVectors(query: string): QueryVectors | null {
  const { terms, cues } = queryTermsOf(query);
  if (terms.length === 0) return null;
  const weights = new Map(terms.map((term) => [term, 1]));
  return {
    terms: toVector(weights),
    withCues: cues.size > 0 ? toVector(new Map([...weights, ...cues])) : null,
  };
}

/** A term is known by its checksum, which is the same on every machine. Of 100,000 terms, one or two share theirs. */
function toVector(weights: ReadonlyMap<string, number>): SparseVector {
  const values = new Map<number, number>();
  for (const [term, weight] of weights) {
    const index = crc32(term);
    values.set(index, (values.get(index) ?? 0) + weight);
  }
  return { indices: [...values.keys()], values: [...values.values()] };
}
