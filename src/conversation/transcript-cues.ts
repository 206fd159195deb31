import type { Item } from './item.ts';
import { textOf } from './item.ts';
import type { ConversationRecord } from './store.ts';
import type { TranscriptWriter } from './transcript.ts';
import { cueTime, linesOf, offsetMs, speakerOf } from './transcript-words.ts';

/** Fifteen characters a second, an unhurried voice. */
const MS_PER_CHARACTER = 66;
/** No cue is shorter, even when the next item came at the same moment: that one is then shown so much later. */
const MIN_CUE_MS = 500;

interface Cue {
  readonly speaker: string;
  readonly lines: readonly string[];
  readonly startMs: number;
  /** How long it would take to say. */
  readonly spokenMs: number;
}

/**
 * Subtitles: one cue for each message of the user or the assistant that has words.
 *
 * Only the moment is stored at which an item began. A cue starts there, counted from the beginning of the conversation,
 * and lasts as long as its text takes to say at 66 ms a character, or until the next one starts. Cues are in the order
 * of the conversation, at least 500 ms long, and never overlap.
 */
export function cueWriter(format: 'vtt' | 'srt', conversation: ConversationRecord): TranscriptWriter {
  const write = format === 'vtt' ? vttCue : srtCue;
  let held: Cue | null = null;
  let count = 0;

  const release = (nextStartMs: number): string => {
    if (!held) return '';
    count += 1;
    const endMs = Math.max(held.startMs + MIN_CUE_MS, Math.min(held.startMs + held.spokenMs, nextStartMs));
    return write(count, held, endMs);
  };

  return {
    begin: () => (format === 'vtt' ? 'WEBVTT\n\n' : ''),
    add: (item) => {
      const lines = spokenLines(item);
      if (lines.length === 0) return '';
      const earliestMs = held ? held.startMs + MIN_CUE_MS : 0;
      const startMs = Math.max(earliestMs, Math.round(offsetMs(item, conversation)));
      const text = release(startMs);
      held = {
        speaker: speakerOf(item),
        lines,
        startMs,
        spokenMs: lines.join(' ').length * MS_PER_CHARACTER,
      };
      return text;
    },
    end: () => release(Number.POSITIVE_INFINITY),
  };
}

/** The words of an item that was said aloud; empty for tools, instructions and what has no words. */
function spokenLines(item: Item): string[] {
  return item.type === 'message' && item.role !== 'system' ? linesOf(textOf(item)) : [];
}

function vttCue(number: number, { speaker, lines, startMs }: Cue, endMs: number): string {
  // `&gt;` also breaks the arrow that WebVTT forbids in a text.
  const escaped = lines.map((line) =>
    line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
  );
  const times = `${cueTime(startMs, '.')} --> ${cueTime(endMs, '.')}`;
  return `${number}\n${times}\n<v ${speaker}>${escaped.join('\n')}</v>\n\n`;
}

/** SubRip has no escapes, and players act on tags in `<>` and `{\}`: their wide twins look alike and do nothing. */
function srtCue(number: number, { speaker, lines, startMs }: Cue, endMs: number): string {
  const harmless = lines.map((line) =>
    line
      .replaceAll('<', '\uff1c')
      .replaceAll('>', '\uff1e')
      .replaceAll('{', '\uff5b')
      .replaceAll('}', '\uff5d'),
  );
  const times = `${cueTime(startMs, ',')} --> ${cueTime(endMs, ',')}`;
  return `${number}\n${times}\n${speaker}: ${harmless.join('\n')}\n\n`;
}
