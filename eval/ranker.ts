import type { Sample } from './locomo.ts';

/** Ranks the turns of a conversation by how well they fit a question. */
export interface Ranker {
  readonly name: string;
  /** The ids of the turns that fit best, best first. */
  rank(question: string, limit: number): Promise<readonly string[]>;
}

/** Takes in a conversation. */
export type RankerOf = (sample: Sample) => Promise<Ranker>;
