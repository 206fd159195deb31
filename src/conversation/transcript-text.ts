import type { ConversationRecord } from './store.ts';
import type { TranscriptWriter } from './transcript.ts';
import { clockTime, isoTime, offsetMs, oneLine, readableLines, speakerOf } from './transcript-words.ts';

/**
 * Plain text: `[00:00:07] User: …` with the time since the beginning.
 *
 * Further lines of a text are indented, so nothing that was said can pass for a line of another speaker.
 */
export function textWriter(conversation: ConversationRecord): TranscriptWriter {
  return {
    begin: () => {
      const about = Object.entries(conversation.metadata).map(
        (entry) => `- ${entry.map(oneLine).join(': ')}`,
      );
      const started = `Started ${isoTime(conversation.createdAtMs)}`;
      return `${[`Conversation ${oneLine(conversation.id)}`, started, ...about].join('\n')}\n\n`;
    },
    add: (item) => {
      const time = clockTime(offsetMs(item, conversation));
      return `[${time}] ${speakerOf(item)}: ${readableLines(item).join('\n    ')}\n`;
    },
    end: () => '',
  };
}
