import type { Statements } from '../../sqlite/statements.ts';
import { queryTermsOf, rarityOf, type SearchedText, termWeights, USUAL_WEIGHT } from '../term-weights.ts';

interface Posting {
  readonly memory: number;
  readonly weight: number;
}

export interface LexicalHit {
  readonly memory: number;
  /** How much of what the query asks for is there, 0 to 1. */
  readonly relevance: number;
}

const sql = {
  insert: 'INSERT INTO postings (owner, term, memory, weight) VALUES (:owner, :term, :memory, :weight)',
  delete: 'DELETE FROM postings WHERE owner = :owner AND term = :term AND memory = :memory',
  of: 'SELECT memory, weight FROM postings WHERE owner = :owner AND term = :term',
  having: 'SELECT count(*) AS count FROM postings WHERE owner = :owner AND term = :term',
  holding: 'SELECT count(*) AS count FROM memories WHERE owner = :owner AND invalid_at_ms IS NULL',
} as const;

/** The rarity of what nine of ten memories have. */
const TELLS_NOTHING = 0.1;

/**
 * Finds the memories of one owner by their words, as BM25 ranks them.
 *
 * A plain table and not FTS5: there, a search walks through the words of all owners (7 ms among 100,000 memories, and more
 * with every user, against 0.5 ms here), how rare a word is depends on what strangers say, and deleted words stay behind.
 */
export class TermIndex {
  readonly #statements: Statements;

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  /** @returns the terms, for `remove` */
  add(owner: number, memory: number, searched: SearchedText): string {
    const weights = termWeights(searched);
    for (const [term, weight] of weights) this.#statements.run(sql.insert, { owner, term, memory, weight });
    return [...weights.keys()].join(' ');
  }

  remove(owner: number, memory: number, terms: string): void {
    if (terms === '') return;
    for (const term of terms.split(' ')) this.#statements.run(sql.delete, { owner, term, memory });
  }

  /** What has at least one word of the query, best first. */
  search(owner: number, query: string, limit: number): LexicalHit[] {
    const { terms, cues } = queryTermsOf(query);
    if (terms.length === 0) return [];
    const all = this.#statements.get<{ count: number }>(sql.holding, { owner })?.count ?? 0;
    const scores = new Map<number, number>();
    let attainable = 0;
    for (const term of terms) {
      const postings = this.#statements.all<Posting>(sql.of, { owner, term });
      const rarity = rarityOf(postings.length, all);
      attainable += rarity * USUAL_WEIGHT;
      for (const { memory, weight } of postings)
        scores.set(memory, (scores.get(memory) ?? 0) + rarity * weight);
    }
    for (const [cue, share] of cues) this.#weigh(scores, owner, cue, share, all);
    return (
      [...scores]
        // Of two that fit as well, the one that was learned last.
        .sort(([one, score], [other, otherScore]) => otherScore - score || other - one)
        .slice(0, limit)
        .map(([memory, score]) => ({ memory, relevance: Math.min(1, score / attainable) }))
    );
  }

  /** Adds what a cue tells to what was found without it. Most memories are about the user: that tells nothing, and is not read. */
  #weigh(scores: Map<number, number>, owner: number, cue: string, share: number, all: number): void {
    if (scores.size < 2) return;
    const having = this.#statements.get<{ count: number }>(sql.having, { owner, term: cue })?.count ?? 0;
    const rarity = rarityOf(having, all) * share;
    if (having === 0 || rarity < TELLS_NOTHING) return;
    for (const { memory, weight } of this.#statements.all<Posting>(sql.of, { owner, term: cue })) {
      const score = scores.get(memory);
      if (score !== undefined) scores.set(memory, score + rarity * weight);
    }
  }
}
