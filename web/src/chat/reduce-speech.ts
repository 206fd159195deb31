import type { WireMessage } from '../../../src/protocol/wire-item.ts';
import type { AgentEvent } from '../realtime/agent-event.ts';
import { append, edit } from './edit-entries.ts';
import { type Entry, type UserEntry, userEntry } from './entry.ts';
import { textOf } from './item-text.ts';

/** The entries after an event about what the person says aloud; the same array when it is about something else. */
export function reduceSpeech(entries: readonly Entry[], event: AgentEvent): readonly Entry[] {
  switch (event.type) {
    case 'vivavoce.transcript.partial':
      return withPartial(entries, event.item_id, event.text);
    case 'input_audio_buffer.speech_started':
      // Of what was being said before nothing more will come.
      return withoutTentative(entries, ({ id }) => id !== event.item_id);
    case 'vivavoce.output.resumed':
      // It was nothing.
      return withoutTentative(entries, ({ id }) => id === event.item_id);
    case 'input_audio_buffer.cleared':
    case 'response.created':
      return withoutTentative(entries, () => true);
    case 'conversation.item.input_audio_transcription.completed': {
      const text = event.transcript.trim();
      return edit(entries, 'user', event.item_id, (entry) => understood(entry, text));
    }
    case 'conversation.item.input_audio_transcription.failed': {
      const { message } = event.error;
      return edit(entries, 'user', event.item_id, (entry) => ({
        ...entry,
        text: '',
        speech: 'unclear',
        reason: message,
      }));
    }
    default:
      return entries;
  }
}

/** A message of the person that is in the conversation now; `isDone`: for good. */
export function placeUserItem(
  entries: readonly Entry[],
  item: WireMessage,
  isDone: boolean,
): readonly Entry[] {
  const state = isDone ? 'stored' : 'sent';
  const there = entries.find(({ id }) => id === item.id);
  const audio = item.content.find((part) => part.type === 'input_audio');
  if (there?.kind === 'user' && (!audio || there.speech !== 'tentative')) {
    return edit(entries, 'user', item.id, (entry) => ({ ...entry, state }));
  }
  const entry = userEntry({ id: item.id, text: textOf(item), state });
  if (!audio) return append(entries, entry);
  // Until the words are known, those that were shown while it was said are better than none.
  const tentative = there?.kind === 'user' ? there.text : '';
  const placed: UserEntry =
    audio.transcript === null
      ? { ...entry, text: tentative, speech: 'awaited' }
      : understood(entry, audio.transcript);
  return append(
    entries.filter(({ id }) => id !== item.id),
    placed,
  );
}

function understood(entry: UserEntry, text: string): UserEntry {
  return text === ''
    ? { ...entry, text, speech: 'unclear', reason: 'No words were understood.' }
    : { ...entry, text, speech: 'understood', reason: null };
}

function withPartial(entries: readonly Entry[], id: string, text: string): readonly Entry[] {
  if (text === '') return withoutTentative(entries, (entry) => entry.id === id);
  if (!entries.some((entry) => entry.id === id)) {
    return append(entries, userEntry({ id, text, state: 'sent', speech: 'tentative' }));
  }
  return edit(entries, 'user', id, (entry) =>
    entry.speech === 'tentative' || entry.speech === 'awaited' ? { ...entry, text } : entry,
  );
}

function withoutTentative(
  entries: readonly Entry[],
  isOver: (entry: UserEntry) => boolean,
): readonly Entry[] {
  const isLeft = (entry: Entry) => entry.kind !== 'user' || entry.speech !== 'tentative' || !isOver(entry);
  return entries.every(isLeft) ? entries : entries.filter(isLeft);
}
