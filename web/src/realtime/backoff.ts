const FIRST_MS = 500;
const LONGEST_MS = 15_000;
const SOON_MS = 150;
const SOON_JITTER_MS = 100;

/**
 * How long to wait before attempt number `attempt` (0 is the first repetition): doubling, with the upper half left to
 * chance so that the pages of a restarted server don't come back all at once.
 */
export function backoffMs(attempt: number, random: () => number): number {
  const ceiling = Math.min(FIRST_MS * 2 ** attempt, LONGEST_MS);
  return Math.round(ceiling / 2 + (random() * ceiling) / 2);
}

/** The same for coming back to a session: the first attempt is soon, so that a short outage is not noticed. */
export function resumeDelayMs(attempt: number, random: () => number): number {
  return attempt === 0 ? Math.round(SOON_MS + random() * SOON_JITTER_MS) : backoffMs(attempt - 1, random);
}
