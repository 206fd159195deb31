import type { Recall } from './entry.ts';

/** One line about what was remembered for an answer; null when there is nothing to tell. */
export function recallSummary({ source, memories }: Recall): string | null {
  if (memories.length === 0) return source === 'stale' || source === 'none' ? 'memory was too slow' : null;
  const count = memories.length === 1 ? 'remembered 1 thing' : `remembered ${memories.length} things`;
  return source === 'stale' ? `${count}, from a stale answer` : count;
}

/** Where it came from, and what it cost. */
export function recallNote({ source, wait_ms: waitMs }: Recall): string {
  const waited = `The answer waited ${Math.round(waitMs * 10) / 10} ms for it.`;
  switch (source) {
    case 'cache':
      return `The same was asked before, and nothing has changed since. ${waited}`;
    case 'search':
      return waited;
    case 'stale':
      return `The memory was too slow: this is what it said before. ${waited}`;
    case 'none':
      return `The answer was given without it. ${waited}`;
  }
}
