import { isAbort, VivavoceError } from '../errors.ts';
import { FENCE } from '../speech/spoken-rules.ts';

/** Said when there is no answer, to somebody who would only hear that nothing comes. */
export const NO_ANSWER = "Sorry, I can't think right now. Please try again in a moment.";
/** Said behind an answer that broke off. */
const LOST = 'I lost my train of thought.';

const ENDS_A_SENTENCE = /[.!?…。！？]["'”’»)\]*_`]*$/;
const ENDS_IN_A_WORD = /[\p{L}\p{M}\p{N}]$/u;

/** How far an answer had come when it failed. */
interface Broken {
  /** Its words so far. */
  readonly said: string;
  /** A tool was called, or all was said: nothing is missing of what was begun. */
  readonly isComplete: boolean;
  /** Somebody listens, and would take silence for an answer. */
  readonly apologises: boolean;
}

/** What is still said when an answer has failed with `error`; null when nothing is. */
export function apologyFor({ said, isComplete, apologises }: Broken, error: unknown): string | null {
  // Who is turned away because there is too much to do must cost nothing.
  const isTurnedAway = error instanceof VivavoceError && error.code === 'overloaded';
  if (isComplete || isTurnedAway || isAbort(error)) return null;
  if (said.trim() !== '') return lostBehind(said);
  return apologises ? NO_ANSWER : null;
}

/** Ends `said` so that the words before it stay what they are, and so that it is heard. */
function lostBehind(said: string): string {
  const fence = openFence(said);
  if (fence !== null) return `${said.endsWith('\n') ? '' : '\n'}${fence}\n${LOST}`;
  const gap = /\s$/.test(said) ? '' : ' ';
  if (ENDS_A_SENTENCE.test(said.trimEnd())) return `${gap}${LOST}`;
  return ENDS_IN_A_WORD.test(said) ? `… ${LOST}` : `${gap}… ${LOST}`;
}

/** The marker of a block of code that is still open: what stands in it is not spoken. */
function openFence(text: string): string | null {
  let open: string | null = null;
  for (const line of text.split('\n')) {
    const trimmed = line.trim();
    if (open === null) open = FENCE.exec(trimmed)?.[1] ?? null;
    else if (trimmed.startsWith(open)) open = null;
  }
  return open;
}
