import { type Item, textOf } from './item.ts';
import type { ConversationRecord } from './store.ts';

/** How the speakers and the rest are called in what people read. */
export function speakerOf(item: Item): string {
  switch (item.type) {
    case 'message':
      return { user: 'User', assistant: 'Assistant', system: 'System' }[item.role];
    case 'function_call':
      return 'Tool call';
    case 'function_call_output':
      return 'Tool result';
  }
}

/**
 * The lines of `text` for a reader, without what would act on the page or the terminal instead of being read.
 *
 * Every kind of line end ends a line, blank lines go, spaces at the ends go; control characters and halves of
 * surrogate pairs become U+FFFD. No word is lost.
 */
export function linesOf(text: string): string[] {
  return text
    .toWellFormed()
    .split(/\r\n|[\n\v\f\r\u0085\u2028\u2029]/)
    .map((line) => line.replaceAll('\t', ' ').replaceAll(CONTROL, '\ufffd').trim())
    .filter((line) => line !== '');
}

const CONTROL = /\p{Cc}/gu;

export function oneLine(text: string): string {
  return linesOf(text).join(' ');
}

/** What the item says, for a reader: of a reply what was heard, of content without words what it is. */
export function readableLines(item: Item): string[] {
  const lines = linesOf(item.type === 'function_call' ? `${item.name}(${item.arguments})` : textOf(item));
  return [...lines, ...notesOn(item, lines.length === 0)];
}

/** Remarks in brackets: what cannot be shown as text, and that a reply did not come to its end. */
function notesOn(item: Item, isEmpty: boolean): string[] {
  const notes: string[] = [];
  if (item.type === 'message') {
    for (const part of item.content) {
      if (part.type === 'input_image') notes.push('[image]');
      if (
        (part.type === 'input_audio' || part.type === 'output_audio') &&
        part.transcript === null &&
        isEmpty
      ) {
        notes.push('[audio without a transcript]');
      }
    }
    const { reply } = item;
    if (reply && reply.heard !== null && reply.heard !== reply.sent) notes.push('[interrupted]');
    else if (item.status === 'incomplete') notes.push('[not finished]');
  }
  if (isEmpty && notes.length === 0) notes.push('[nothing]');
  return notes;
}

/** `2026-11-21T10:00:00.000Z`; times that no calendar has become its first or last. */
export function isoTime(timeMs: number): string {
  return new Date(Math.max(-MAX_DATE_MS, Math.min(MAX_DATE_MS, timeMs))).toISOString();
}

const MAX_DATE_MS = 8.64e15;

/** Milliseconds since the conversation began; never negative. */
export function offsetMs(item: Item, conversation: ConversationRecord): number {
  return Math.max(0, item.createdAtMs - conversation.createdAtMs);
}

/** `00:01:02.345`, with `point` before the milliseconds. Hours have two digits or more. */
export function cueTime(timeMs: number, point: string): string {
  return `${clockTime(timeMs)}${point}${String(Math.floor(timeMs) % 1000).padStart(3, '0')}`;
}

/** `00:01:02` */
export function clockTime(timeMs: number): string {
  const seconds = Math.floor(timeMs / 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
