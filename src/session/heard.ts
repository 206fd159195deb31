import type { MessageItem } from '../conversation/item.ts';
import { type AudioTimeline, MS_PER_CHAR } from './audio-timeline.ts';

/** What is still known of the audio of a reply. */
export interface SpokenReply {
  readonly itemId: string;
  readonly timeline: AudioTimeline;
  readonly generated: string;
}

/**
 * The item as it is once the client says that only `audioEndMs` of it were played: clamped to what was sent, because
 * one SDK reports wall-clock time.
 */
export function truncateToHeard(
  item: MessageItem,
  spoken: SpokenReply | null,
  audioEndMs: number,
): { item: MessageItem; audioEndMs: number } {
  const sent = item.reply?.sent ?? '';
  const endMs = Math.min(Math.max(audioEndMs, 0), spoken?.timeline.sentMs ?? Number.POSITIVE_INFINITY);
  const heard = spoken
    ? spoken.generated.slice(0, spoken.timeline.heardOffset(endMs))
    : upToWord(sent, endMs / MS_PER_CHAR);
  const shorter = heard.length < sent.length ? heard : sent;
  return {
    item: { ...item, reply: { generated: item.reply?.generated ?? sent, sent, heard: shorter } },
    audioEndMs: Math.round(endMs),
  };
}

/** The whole words within the first `length` characters. */
function upToWord(text: string, length: number): string {
  if (length >= text.length) return text;
  const cut = text.slice(0, Math.floor(length));
  return cut.slice(0, Math.max(cut.search(/\s\S*$/), 0));
}
