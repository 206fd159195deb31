import { type ContentPart, type Item, textOf } from './item.ts';
import type { ConversationRecord } from './store.ts';
import type { TranscriptWriter } from './transcript.ts';
import { isoTime } from './transcript-words.ts';

/** One document: `{"conversation": {…}, "items": […]}`, an item per line. */
export function jsonWriter(conversation: ConversationRecord): TranscriptWriter {
  let separator = '\n';
  return {
    begin: () => `{"conversation":${JSON.stringify(conversationJson(conversation))},"items":[`,
    add: (item) => {
      const text = `${separator}${JSON.stringify(itemJson(item))}`;
      separator = ',\n';
      return text;
    },
    end: () => '\n]}\n',
  };
}

/** One JSON object per line: first the conversation, then its items. JSON escapes every line end inside of a text. */
export function ndjsonWriter(conversation: ConversationRecord): TranscriptWriter {
  return {
    begin: () => `${JSON.stringify({ object: 'conversation', ...conversationJson(conversation) })}\n`,
    add: (item) => `${JSON.stringify({ object: 'conversation.item', ...itemJson(item) })}\n`,
    end: () => '',
  };
}

function conversationJson({ id, createdAtMs, updatedAtMs, metadata }: ConversationRecord) {
  return { id, created_at: isoTime(createdAtMs), updated_at: isoTime(updatedAtMs), metadata };
}

/** `text` is what counts as said; `content` and `reply` (generated, sent, heard) are what it comes from. */
function itemJson(item: Item) {
  const { id, type, status } = item;
  const common = { id, type, status, created_at: isoTime(item.createdAtMs), response_id: item.responseId };
  switch (item.type) {
    case 'message':
      return {
        ...common,
        role: item.role,
        text: textOf(item),
        content: item.content.map(partJson),
        reply: item.reply,
      };
    case 'function_call':
      return { ...common, call_id: item.callId, name: item.name, arguments: item.arguments };
    case 'function_call_output':
      return { ...common, call_id: item.callId, output: item.output };
  }
}

function partJson(part: ContentPart) {
  return part.type === 'input_image' ? { type: part.type, image_url: part.imageUrl } : part;
}
