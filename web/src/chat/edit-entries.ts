import type { AgentEntry, Entry, UserEntry } from './entry.ts';

/** The entries with the one of this kind and id changed; the same array when there is none. */
export function edit<Kind extends Entry['kind']>(
  entries: readonly Entry[],
  kind: Kind,
  id: string,
  change: (entry: Extract<Entry, { kind: Kind }>) => Entry,
): readonly Entry[] {
  const index = entries.findLastIndex((entry) => entry.kind === kind && entry.id === id);
  const entry = entries[index];
  return entry ? entries.with(index, change(entry as Extract<Entry, { kind: Kind }>)) : entries;
}

/** The same for the last answer of a response. */
export function editAnswerOf(
  entries: readonly Entry[],
  responseId: string,
  change: (entry: AgentEntry) => AgentEntry,
): readonly Entry[] {
  const index = entries.findLastIndex((entry) => entry.kind === 'agent' && entry.responseId === responseId);
  const entry = entries[index];
  return entry?.kind === 'agent' ? entries.with(index, change(entry)) : entries;
}

/** Adds an entry: in front of the messages that still wait for a connection. */
export function append(entries: readonly Entry[], entry: Entry): readonly Entry[] {
  const waiting = entries.findIndex((other) => other.kind === 'user' && other.state === 'queued');
  return waiting === -1 ? [...entries, entry] : entries.toSpliced(waiting, 0, entry);
}

/** The messages of the person that wait for a connection. */
export function queued(entries: readonly Entry[]): UserEntry[] {
  return entries.filter((entry) => entry.kind === 'user').filter(({ state }) => state === 'queued');
}
