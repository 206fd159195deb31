import type { AgentEntry } from './entry.ts';

/** A stretch of an answer: `unheard` was cut off by an interruption, `skipped` could not be spoken. */
export interface Segment {
  readonly text: string;
  readonly mark: 'plain' | 'unheard' | 'skipped';
  /** Why it was not spoken. */
  readonly reason: string | null;
}

/** The text of an answer with the marks on it; joined, the segments are the text. */
export function segmentsOf({
  text,
  heard,
  skipped,
}: Pick<AgentEntry, 'text' | 'heard' | 'skipped'>): Segment[] {
  const end = heard?.length ?? text.length;
  const segments: Segment[] = [];
  let at = 0;
  const take = (to: number, mark: Segment['mark'], reason: string | null = null) => {
    if (to > at) segments.push({ text: text.slice(at, to), mark, reason });
    at = Math.max(at, to);
  };
  for (const { text: part, reason } of skipped) {
    const start = text.indexOf(part, at);
    if (part === '' || start === -1 || start >= end) continue;
    take(start, 'plain');
    take(Math.min(start + part.length, end), 'skipped', reason);
  }
  take(end, 'plain');
  take(text.length, 'unheard');
  return segments;
}

/** How an answer ended, when it did not simply end. */
export function endingNote({ status, ending, text, heard }: AgentEntry): string | null {
  if (status === 'in_progress') return null;
  if (text === '') return 'Nothing of this answer was heard.';
  if (heard !== null) return 'Interrupted: what is pale was not heard.';
  if (ending === 'length') return 'Ended here: the limit on the length of answers was reached.';
  if (ending === 'interrupted') return 'Interrupted here.';
  return ending === 'stopped' ? 'Stopped here.' : null;
}
