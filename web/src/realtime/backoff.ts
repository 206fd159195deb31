const FIRST_MS = 500;
const LONGEST_MS = 15_000;

/**
 * How long to wait before attempt number `attempt` (0 is the first repetition): doubling, with the upper half left to
 * chance so that the pages of a restarted server don't come back all at once.
 */
export function backoffMs(attempt: number, random: () => number): number {
  const ceiling = Math.min(FIRST_MS * 2 ** attempt, LONGEST_MS);
  return Math.round(ceiling / 2 + (random() * ceiling) / 2);
}
