const ONES =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  );
const TENS = '_ _ twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');

export interface WordErrors {
  readonly substitutions: number;
  readonly deletions: number;
  readonly insertions: number;
  /** Words of the reference. */
  readonly words: number;
  /** Errors for each word of the reference; above 1 when much was invented. */
  readonly rate: number;
  /** What was said and what was heard, side by side; null where one of them has nothing. */
  readonly aligned: readonly (readonly [said: string | null, heard: string | null])[];
}

/** Lower case, no punctuation, whole numbers below a million as words: what counts as the same word. */
export function normalisedWords(text: string): string[] {
  const plain = text
    .toLowerCase()
    .replace(/[’‘`]/g, "'")
    .replace(/(?<=\d),(?=\d{3}\b)/g, '')
    .replace(
      /\d+/g,
      (digits) => ` ${digits.length > 6 ? [...digits].join(' ') : numberWords(Number(digits))} `,
    )
    .replace(/[^\p{L}\p{N}'\s]/gu, ' ');
  return plain
    .split(/\s+/)
    .map((word) => word.replace(/^'+|'+$/g, ''))
    .filter((word) => word !== '');
}

/** The share of words of `reference` that `hypothesis` has wrong, left out or invented. */
export function wordErrorRate(reference: string, hypothesis: string): number {
  return alignWords(reference, hypothesis).rate;
}

/** The cheapest way from what was said to what was heard, a word at a time (Levenshtein). */
export function alignWords(reference: string, hypothesis: string): WordErrors {
  const said = normalisedWords(reference);
  const heard = normalisedWords(hypothesis);
  const costs = costTable(said, heard);
  const cost = (i: number, j: number) => costs[i]?.[j] ?? Number.POSITIVE_INFINITY;
  const aligned: (readonly [string | null, string | null])[] = [];
  let [substitutions, deletions, insertions] = [0, 0, 0];
  for (let i = said.length, j = heard.length; i > 0 || j > 0; ) {
    const [one, other] = [said[i - 1] ?? null, heard[j - 1] ?? null];
    if (i > 0 && j > 0 && cost(i, j) === cost(i - 1, j - 1) + (one === other ? 0 : 1)) {
      if (one !== other) substitutions++;
      aligned.unshift([one, other]);
      i--;
      j--;
    } else if (i > 0 && cost(i, j) === cost(i - 1, j) + 1) {
      deletions++;
      aligned.unshift([one, null]);
      i--;
    } else {
      insertions++;
      aligned.unshift([null, other]);
      j--;
    }
  }
  return summary({ substitutions, deletions, insertions, words: said.length, aligned });
}

/** The errors of a whole set: each word counts the same, however long its sentence is. */
export function alignSet(pairs: Iterable<readonly [reference: string, hypothesis: string]>): WordErrors {
  const all = [...pairs].map(([reference, hypothesis]) => alignWords(reference, hypothesis));
  const sum = (count: (errors: WordErrors) => number) =>
    all.reduce((total, errors) => total + count(errors), 0);
  return summary({
    substitutions: sum((errors) => errors.substitutions),
    deletions: sum((errors) => errors.deletions),
    insertions: sum((errors) => errors.insertions),
    words: sum((errors) => errors.words),
    aligned: all.flatMap(({ aligned }) => aligned),
  });
}

/** The words that differ, for the message of a test that fails: `said→heard`. */
export function mistakes({ aligned }: WordErrors): string[] {
  return aligned
    .filter(([said, heard]) => said !== heard)
    .map(([said, heard]) => `${said ?? '·'}→${heard ?? '·'}`);
}

function summary(counts: Omit<WordErrors, 'rate'>): WordErrors {
  const errors = counts.substitutions + counts.deletions + counts.insertions;
  // Words heard where nothing was said are errors too, and there is nothing to divide them by.
  return { ...counts, rate: counts.words === 0 ? errors : errors / counts.words };
}

function costTable(said: readonly string[], heard: readonly string[]): number[][] {
  const rows = [Array.from({ length: heard.length + 1 }, (_, j) => j)];
  for (const [i, word] of said.entries()) {
    const above = rows[i] ?? [];
    const row = [i + 1];
    for (const [j, other] of heard.entries()) {
      const replaced = (above[j] ?? 0) + (word === other ? 0 : 1);
      row.push(Math.min(replaced, (above[j + 1] ?? 0) + 1, (row[j] ?? 0) + 1));
    }
    rows.push(row);
  }
  return rows;
}

function numberWords(value: number): string {
  if (value < 20) return ONES[value] ?? '';
  if (value < 100) return joined(TENS[Math.floor(value / 10)], value % 10);
  if (value < 1000) return joined(`${ONES[Math.floor(value / 100)]} hundred`, value % 100);
  return joined(`${numberWords(Math.floor(value / 1000))} thousand`, value % 1000);
}

function joined(head: string | undefined, rest: number): string {
  return rest === 0 ? `${head}` : `${head} ${numberWords(rest)}`;
}
