import type { RestConversation } from '../../../src/protocol/rest-conversations.ts';
import type { RestMemory } from '../../../src/protocol/rest-memories.ts';

const DAY_MS = 86_400_000;

export function titleOf({ metadata }: RestConversation): string {
  return metadata.title || 'Untitled conversation';
}

export const KIND_LABELS: Readonly<Record<RestMemory['kind'], string>> = {
  fact: 'Fact',
  preference: 'Preference',
  event: 'Event',
  profile: 'Who you are',
};

/** The time for today, the day of the week for this week, the date for what is older. */
export function dateLabel(atMs: number, nowMs: number): string {
  const at = new Date(atMs);
  const now = new Date(nowMs);
  if (at.toDateString() === now.toDateString()) {
    return at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  }
  if (nowMs - atMs < 6 * DAY_MS) return at.toLocaleDateString([], { weekday: 'long' });
  const isThisYear = at.getFullYear() === now.getFullYear();
  return at.toLocaleDateString([], {
    day: 'numeric',
    month: 'short',
    ...(!isThisYear && { year: 'numeric' }),
  });
}
