import type { ContentPart, Item } from '../conversation/item.ts';
import { textOf } from '../conversation/item.ts';
import type { ConversationItemInput, RestConversationItem } from '../protocol/rest-conversations.ts';

/** An item in the shape of the Conversations API: everything that was said is text. */
export function toRestItem(item: Item): RestConversationItem {
  const { id, status } = item;
  switch (item.type) {
    case 'message':
      return {
        type: 'message',
        id,
        status,
        role: item.role,
        content: item.reply
          ? [{ type: 'output_text', text: textOf(item), annotations: [] }]
          : item.content.map(toRestPart),
      };
    case 'function_call':
      return {
        type: 'function_call',
        id,
        status,
        call_id: item.callId,
        name: item.name,
        arguments: item.arguments,
      };
    case 'function_call_output':
      return { type: 'function_call_output', id, status, call_id: item.callId, output: item.output };
  }
}

function toRestPart(part: ContentPart) {
  switch (part.type) {
    case 'input_image':
      return { type: part.type, image_url: part.imageUrl, file_id: null, detail: 'auto' as const };
    case 'input_audio':
    case 'output_audio':
      return { type: 'input_text' as const, text: part.transcript ?? '' };
    case 'input_text':
    case 'output_text':
      return { type: 'input_text' as const, text: part.text };
  }
}

/** `id` stands in when the client chose none. */
export function fromRestItem(input: ConversationItemInput, id: string, createdAtMs: number): Item {
  const record = { id: input.id ?? id, status: 'completed' as const, createdAtMs, responseId: null };
  if (input.type === 'function_call') {
    const { call_id: callId, name, arguments: args } = input;
    return { ...record, type: 'function_call', callId, name, arguments: args };
  }
  if (input.type === 'function_call_output') {
    return { ...record, type: 'function_call_output', callId: input.call_id, output: input.output };
  }
  const role = input.role === 'developer' ? 'system' : input.role;
  const parts =
    typeof input.content === 'string' ? [{ type: 'text' as const, text: input.content }] : input.content;
  const text = parts.map((part) => (part.type === 'input_image' ? '' : part.text)).join('');
  return {
    ...record,
    type: 'message',
    role,
    content: parts.map((part) => {
      if (part.type === 'input_image') return { type: part.type, imageUrl: part.image_url };
      return { type: role === 'assistant' ? 'output_text' : 'input_text', text: part.text };
    }),
    reply: role === 'assistant' ? { generated: text, sent: text, heard: null } : null,
  };
}
