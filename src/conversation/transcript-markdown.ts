import type { ConversationRecord } from './store.ts';
import type { TranscriptWriter } from './transcript.ts';
import { clockTime, isoTime, offsetMs, oneLine, readableLines, speakerOf } from './transcript-words.ts';

/** Markdown: a heading, then per item a bold speaker with the time since the beginning and a paragraph. */
export function markdownWriter(conversation: ConversationRecord): TranscriptWriter {
  return {
    begin: () => {
      const about = Object.entries(conversation.metadata).map(
        ([key, value]) => `- ${escapeMarkdown(oneLine(key))}: ${escapeMarkdown(oneLine(value))}`,
      );
      const started = `- Started: ${isoTime(conversation.createdAtMs)}`;
      return `# Conversation ${escapeMarkdown(oneLine(conversation.id))}\n\n${[started, ...about].join('\n')}\n`;
    },
    add: (item) => {
      const time = clockTime(offsetMs(item, conversation));
      // Two spaces at the end of a line keep the line end.
      return `\n**${speakerOf(item)}** · ${time}\n\n${readableLines(item).map(escapeMarkdown).join('  \n')}\n`;
    },
    end: () => '',
  };
}

/** One trimmed line as literal text: no mark-up, HTML, list, heading, rule or table can begin in it. */
function escapeMarkdown(line: string): string {
  return line
    .replace(/[\\`*_[\]|~$]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/^[-+=#:]/, '\\$&')
    .replace(/^(\d+)([.)])/, '$1\\$2');
}
