import type { ContentPart, Item } from '../conversation/item.ts';
import type { ClientItem } from '../protocol/client-items.ts';
import type { WireItem } from '../protocol/wire-item.ts';

/** An item as the protocol shows it. Its words are what was sent, or what was heard once that is known to be less. */
export function toWireItem(item: Item): WireItem {
  const record = { id: item.id, object: 'realtime.item' as const, status: item.status };
  switch (item.type) {
    case 'message':
      return {
        ...record,
        type: 'message',
        role: item.role,
        content: item.content.map((part) => toWirePart(part, item.reply?.heard ?? null)),
      } as WireItem;
    case 'function_call':
      return {
        ...record,
        type: 'function_call',
        call_id: item.callId,
        name: item.name,
        arguments: item.arguments,
      };
    case 'function_call_output':
      return { ...record, type: 'function_call_output', call_id: item.callId, output: item.output };
  }
}

function toWirePart(part: ContentPart, heard: string | null) {
  switch (part.type) {
    case 'input_image':
      return { type: part.type, image_url: part.imageUrl };
    case 'output_audio':
      return { type: part.type, transcript: heard ?? part.transcript };
    case 'output_text':
      return { type: part.type, text: heard ?? part.text };
    case 'input_text':
      return { type: part.type, text: part.text };
    case 'input_audio':
      return { type: part.type, transcript: part.transcript };
  }
}

interface Made {
  readonly id: string;
  readonly callId: string;
  readonly createdAtMs: number;
}

/** What a client put in, as an item; `made` stands in for ids that it did not choose. */
export function fromClientItem(item: ClientItem, made: Made): Item {
  const record = {
    id: item.id ?? made.id,
    status: 'completed' as const,
    createdAtMs: made.createdAtMs,
    responseId: null,
  };
  switch (item.type) {
    case 'message': {
      const content = item.content.map(fromClientPart);
      const text = content.map(wordsOf).join('');
      return {
        ...record,
        type: 'message',
        role: item.role,
        content,
        reply: item.role === 'assistant' ? { generated: text, sent: text, heard: null } : null,
      };
    }
    case 'function_call':
      return {
        ...record,
        type: 'function_call',
        callId: item.call_id ?? made.callId,
        name: item.name,
        arguments: item.arguments,
      };
    case 'function_call_output':
      return { ...record, type: 'function_call_output', callId: item.call_id, output: item.output };
  }
}

function wordsOf(part: ContentPart): string {
  if ('text' in part) return part.text;
  return 'transcript' in part ? (part.transcript ?? '') : '';
}

type ClientPart = Extract<ClientItem, { type: 'message' }>['content'][number];

function fromClientPart(part: ClientPart): ContentPart {
  switch (part.type) {
    case 'input_text':
    case 'output_text':
      return { type: part.type, text: part.text };
    case 'input_audio':
    case 'output_audio':
      return { type: part.type, transcript: part.transcript ?? null };
    case 'input_image':
      return { type: 'input_image', imageUrl: part.image_url };
  }
}
