import type { Turn } from './locomo.ts';
import type { RankerOf } from './ranker.ts';

const SATURATION = 1.5;
const LENGTH_SHARE = 0.75;

/** What is to be surpassed: BM25 over the words of single turns, as they are. */
export const plainBm25: RankerOf = async ({ turns }) => {
  const documents = turns.map((turn) => ({ id: turn.id, words: wordsOf(textOf(turn)) }));
  const usual = documents.reduce((sum, { words }) => sum + words.length, 0) / Math.max(1, documents.length);
  const having = new Map<string, number>();
  for (const { words } of documents)
    for (const word of new Set(words)) having.set(word, (having.get(word) ?? 0) + 1);

  const scoreOf = (asked: ReadonlySet<string>, words: readonly string[]) => {
    const length = SATURATION * (1 - LENGTH_SHARE + (LENGTH_SHARE * words.length) / usual);
    return [...asked].reduce((sum, word) => {
      const count = words.filter((each) => each === word).length;
      const rare = having.get(word) ?? 0;
      const rarity = Math.log(1 + (documents.length - rare + 0.5) / (rare + 0.5));
      return sum + (rarity * count * (SATURATION + 1)) / (count + length);
    }, 0);
  };

  return {
    name: 'plain BM25 over single turns',
    rank: async (question, limit) => {
      const asked = new Set(wordsOf(question));
      return documents
        .map(({ id, words }) => ({ id, score: scoreOf(asked, words) }))
        .filter(({ score }) => score > 0)
        .toSorted((one, other) => other.score - one.score)
        .slice(0, limit)
        .map(({ id }) => id);
    },
  };
};

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

function textOf({ text, caption }: Turn): string {
  return caption ? `${text} ${caption}` : text;
}
