import type { Item } from './item.ts';
import type { ConversationRecord } from './store.ts';
import { cueWriter } from './transcript-cues.ts';
import { jsonWriter, ndjsonWriter } from './transcript-json.ts';
import { markdownWriter } from './transcript-markdown.ts';
import { textWriter } from './transcript-text.ts';

export const TRANSCRIPT_FORMATS = ['json', 'ndjson', 'md', 'txt', 'vtt', 'srt'] as const;
export type TranscriptFormat = (typeof TRANSCRIPT_FORMATS)[number];

/**
 * Writes one transcript, piece by piece: `begin`, `add` for each item in order, `end`.
 *
 * Everything is held together by these pieces alone, so a transcript of any length needs the memory of one item.
 */
export interface TranscriptWriter {
  begin(): string;
  add(item: Item): string;
  end(): string;
}

const CONTENT_TYPES: Readonly<Record<TranscriptFormat, string>> = {
  json: 'application/json; charset=utf-8',
  ndjson: 'application/x-ndjson; charset=utf-8',
  md: 'text/markdown; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
  vtt: 'text/vtt; charset=utf-8',
  srt: 'application/x-subrip; charset=utf-8',
};

export function transcriptContentType(format: TranscriptFormat): string {
  return CONTENT_TYPES[format];
}

/**
 * The whole conversation in `format`. `json` and `ndjson` carry all there is, for programs; `md` and `txt` are for
 * reading; `vtt` and `srt` are subtitles of what was said.
 */
export function renderTranscript(
  format: TranscriptFormat,
  { conversation, items }: { conversation: ConversationRecord; items: readonly Item[] },
): string {
  const writer = writerFor(format, conversation);
  return writer.begin() + items.map((item) => writer.add(item)).join('') + writer.end();
}

/** The same text as `renderTranscript`, in chunks, for conversations that should not be in memory at once. */
export async function* transcriptChunks(
  format: TranscriptFormat,
  conversation: ConversationRecord,
  items: AsyncIterable<Item>,
): AsyncGenerator<string, void, undefined> {
  const writer = writerFor(format, conversation);
  yield writer.begin();
  for await (const item of items) {
    const chunk = writer.add(item);
    if (chunk !== '') yield chunk;
  }
  yield writer.end();
}

function writerFor(format: TranscriptFormat, conversation: ConversationRecord): TranscriptWriter {
  switch (format) {
    case 'json':
      return jsonWriter(conversation);
    case 'ndjson':
      return ndjsonWriter(conversation);
    case 'md':
      return markdownWriter(conversation);
    case 'txt':
      return textWriter(conversation);
    case 'vtt':
    case 'srt':
      return cueWriter(format, conversation);
  }
}
