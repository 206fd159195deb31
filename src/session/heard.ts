import type { MessageItem } from '../conversation/item.ts';
import { type AudioTimeline, MS_PER_CHAR } from './audio-timeline.ts';

/** Clients and clocks round. */
const ROUNDING_MS = 1;

/** What is still known of the audio of a reply. */
export interface SpokenReply {
  readonly itemId: string;
  readonly timeline: AudioTimeline;
  readonly generated: string;
}

/**
 * The item as it is once the client says that only `audioEndMs` of it were played: clamped to what was sent, because
 * one SDK reports wall-clock time.
 *
 * What was taken as heard before does not count: who knows better may say more, or less.
 */
export function truncateToHeard(
  item: MessageItem,
  spoken: SpokenReply | null,
  audioEndMs: number,
): { item: MessageItem; audioEndMs: number } {
  const sent = item.reply?.sent ?? '';
  const endMs = Math.min(Math.max(audioEndMs, 0), spoken?.timeline.sentMs ?? Number.POSITIVE_INFINITY);
  const heard = spoken ? heardText(item, spoken, endMs) : upToWord(sent, endMs / MS_PER_CHAR);
  const shorter = heard.length < sent.length ? heard : sent;
  return {
    item: { ...item, reply: { generated: item.reply?.generated ?? sent, sent, heard: shorter } },
    audioEndMs: Math.round(endMs),
  };
}

/**
 * The item as it is once somebody interrupts, `playedMs` being our own idea of how much was played; a `truncate` that
 * the client sends later has the last word. What was only written was read, and what was played to its end was heard:
 * such an item stays as it is (the same object).
 */
export function interruptAt(item: MessageItem, spoken: SpokenReply, playedMs: number): MessageItem {
  const isSpoken = item.content.some(({ type }) => type === 'output_audio');
  if (!isSpoken || wasHeardToTheEnd(item, spoken, playedMs)) return item;
  return truncateToHeard(item, spoken, playedMs).item;
}

function heardText(item: MessageItem, spoken: SpokenReply, endMs: number): string {
  if (wasHeardToTheEnd(item, spoken, endMs)) return spoken.generated;
  return spoken.generated.slice(0, spoken.timeline.heardOffset(endMs));
}

/** Then what is not spoken at its end (a block of code, an emoji) belongs to it too. */
function wasHeardToTheEnd({ status }: MessageItem, { timeline }: SpokenReply, endMs: number): boolean {
  return status === 'completed' && timeline.sentMs > 0 && endMs > timeline.sentMs - ROUNDING_MS;
}

/** The whole words within the first `length` characters. */
function upToWord(text: string, length: number): string {
  if (length >= text.length) return text;
  const cut = text.slice(0, Math.floor(length));
  return cut.slice(0, Math.max(cut.search(/\s\S*$/), 0));
}
