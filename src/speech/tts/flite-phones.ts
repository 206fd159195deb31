/** A speech sound and when it ends, from the first sample. */
export interface TimedPhone {
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
}

export interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

export const PAUSE = 'pau';
const VOWEL = /^[aeiou]/;
const GAP_COST = 3;

/** Reads what `-psdur` prints: `pau:0.164 hh:0.255 …`, each with the second at which it ends. */
export function parseTimedPhones(printed: string): TimedPhone[] {
  let startMs = 0;
  return [...printed.matchAll(/([a-z]+):(\d+\.\d+)/g)].map(([, name = '', seconds = '0']) => {
    const phone = { name, startMs, endMs: Number(seconds) * 1000 };
    startMs = phone.endMs;
    return phone;
  });
}

/** Reads what `-ps` prints, cut at the pauses: `pau hh ax l ow pau dh eh r pau` is two groups. */
export function parsePhoneGroups(printed: string): string[][] {
  return printed
    .split(/\bpau\b/)
    .map((group) => group.trim().split(/\s+/).filter(Boolean))
    .filter((group) => group.length > 0);
}

/**
 * Finds the words in the sounds of a sentence, given how each word sounds on its own.
 *
 * Flite prints sounds without the words they belong to, and a word in a sentence may sound a little different ("the"
 * before a vowel). So this is the cheapest alignment of the two sequences; a changed sound keeps its place.
 *
 * @returns a span per word, null for a word of which nothing was found.
 */
export function alignWords(
  words: readonly (readonly string[])[],
  sentence: readonly TimedPhone[],
): (Span | null)[] {
  const alone = words.flatMap((phones, word) => phones.map((name) => ({ name, word })));
  const heard = sentence.filter(({ name }) => name !== PAUSE);
  const width = heard.length + 1;
  const cost = new Uint32Array((alone.length + 1) * width);
  const at = (row: number, column: number) => cost[row * width + column] ?? 0;
  for (let row = 0; row <= alone.length; row++) {
    for (let column = 0; column <= heard.length; column++) {
      if (row === 0 || column === 0) {
        cost[row * width + column] = (row + column) * GAP_COST;
        continue;
      }
      const swap =
        at(row - 1, column - 1) + swapCost(alone[row - 1]?.name ?? '', heard[column - 1]?.name ?? '');
      const gap = Math.min(at(row - 1, column), at(row, column - 1)) + GAP_COST;
      cost[row * width + column] = Math.min(swap, gap);
    }
  }

  const spans: (Span | null)[] = words.map(() => null);
  let row = alone.length;
  let column = heard.length;
  while (row > 0 && column > 0) {
    const own = alone[row - 1];
    const phone = heard[column - 1];
    if (!own || !phone) break;
    const swap = at(row - 1, column - 1) + swapCost(own.name, phone.name);
    if (at(row, column) === swap) {
      // From the back: the first sound found is the end of the word, every earlier one moves its start.
      spans[own.word] = { startMs: phone.startMs, endMs: spans[own.word]?.endMs ?? phone.endMs };
      row--;
      column--;
    } else if (at(row, column) === at(row - 1, column) + GAP_COST) row--;
    else column--;
  }
  return spans;
}

/** A vowel is taken for another vowel sooner than for a consonant. */
function swapCost(a: string, b: string): number {
  if (a === b) return 0;
  return VOWEL.test(a) === VOWEL.test(b) ? 2 : 5;
}
