import type { Sample } from './locomo.ts';
import type { Recall, RetrievalReport } from './retrieval.ts';

const CATEGORIES: Readonly<Record<number, string>> = {
  1: 'several turns',
  2: 'time',
  3: 'open',
  4: 'one turn',
};

/** What was read, for people. */
export function describeSamples(samples: readonly Sample[]): string {
  const sum = (of: (sample: Sample) => number) => samples.reduce((total, sample) => total + of(sample), 0);
  return [
    `${samples.length} conversations, ${sum(({ turns }) => turns.length)} turns, `,
    `${sum(({ questions }) => questions.length)} questions `,
    `(left out: ${sum(({ adversarial }) => adversarial)} of category 5, `,
    `${sum(({ withoutEvidence }) => withoutEvidence)} without evidence)\n`,
  ].join('');
}

export function describeReport({
  ranker,
  overall,
  questions,
  categories,
  searchMs,
}: RetrievalReport): string {
  const lines = categories.map(({ category, questions, recall }) =>
    line(`${category} ${CATEGORIES[category] ?? ''}`, questions, recall),
  );
  const { p50, p95 } = searchMs;
  return [
    `\n${ranker}`,
    `  ${'evidence recall'.padEnd(20)}${'questions'.padStart(10)}${'@5'.padStart(8)}${'@10'.padStart(8)}${'@20'.padStart(8)}`,
    line('all', questions, overall),
    ...lines,
    `  search: ${p50.toFixed(2)} ms (p50), ${p95.toFixed(2)} ms (p95)\n`,
  ].join('\n');
}

function line(name: string, questions: number, recall: Recall): string {
  const shares = [recall[5], recall[10], recall[20]].map((share) => share.toFixed(3).padStart(8));
  return `  ${name.padEnd(20)}${String(questions).padStart(10)}${shares.join('')}`;
}
