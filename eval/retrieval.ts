import type { Question, Sample } from './locomo.ts';
import type { RankerOf } from './ranker.ts';

export const DEPTHS = [5, 10, 20] as const;
export type Depth = (typeof DEPTHS)[number];

/** Of the turns that answer a question, the share that is among the first so many, averaged over questions. */
export type Recall = Readonly<Record<Depth, number>>;

export interface RetrievalReport {
  readonly ranker: string;
  readonly questions: number;
  readonly overall: Recall;
  readonly categories: readonly {
    readonly category: number;
    readonly questions: number;
    readonly recall: Recall;
  }[];
  /** Milliseconds for one search, in the middle and of the slowest twentieth. */
  readonly searchMs: { readonly p50: number; readonly p95: number };
}

interface Answered {
  readonly question: Question;
  readonly ranked: readonly string[];
  readonly ms: number;
}

const DEEPEST = Math.max(...DEPTHS);

/** Asks every question of every sample and looks for the turns that answer it. */
export async function measureRetrieval(
  samples: readonly Sample[],
  rankerOf: RankerOf,
): Promise<RetrievalReport> {
  const answered: Answered[] = [];
  let name = '';
  for (const sample of samples) {
    const ranker = await rankerOf(sample);
    name = ranker.name;
    for (const question of sample.questions) {
      const startMs = performance.now();
      const ranked = await ranker.rank(question.question, DEEPEST);
      answered.push({ question, ranked, ms: performance.now() - startMs });
    }
  }
  const byCategory = Map.groupBy(answered, ({ question }) => question.category);
  const times = answered.map(({ ms }) => ms).toSorted((one, other) => one - other);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return {
    ranker: name,
    questions: answered.length,
    overall: recallOf(answered),
    categories: [...byCategory]
      .toSorted(([one], [other]) => one - other)
      .map(([category, some]) => ({ category, questions: some.length, recall: recallOf(some) })),
    searchMs: { p50: at(0.5), p95: at(0.95) },
  };
}

function recallOf(answered: readonly Answered[]): Recall {
  const at = (depth: number) => mean(answered.map((one) => shareFound(one, depth)));
  return { 5: at(5), 10: at(10), 20: at(20) };
}

function shareFound({ question, ranked }: Answered, depth: number): number {
  const first = new Set(ranked.slice(0, depth));
  return question.evidence.filter((id) => first.has(id)).length / question.evidence.length;
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0) / Math.max(1, numbers.length);
}
