/** An entry of a conversation, in the words of the Realtime protocol, so that nothing is lost between wire and store. */
export type Item = MessageItem | FunctionCallItem | FunctionCallOutputItem;

export type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

interface ItemRecord {
  readonly id: string;
  readonly status: ItemStatus;
  /** Milliseconds since 1970. */
  readonly createdAtMs: number;
  /** The response that made it; null for what came from a client. */
  readonly responseId: string | null;
}

export interface MessageItem extends ItemRecord {
  readonly type: 'message';
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: readonly ContentPart[];
  /** Only on assistant messages. */
  readonly reply: ReplyText | null;
}

/** The three texts of a reply: what the model wrote, what left for the client, and what the person heard of it. */
export interface ReplyText {
  readonly generated: string;
  readonly sent: string;
  /** Null while nothing says otherwise than that all of `sent` was heard. */
  readonly heard: string | null;
}

export type ContentPart =
  | { readonly type: 'input_text' | 'output_text'; readonly text: string }
  | { readonly type: 'input_audio' | 'output_audio'; readonly transcript: string | null }
  | { readonly type: 'input_image'; readonly imageUrl: string };

export interface FunctionCallItem extends ItemRecord {
  readonly type: 'function_call';
  readonly callId: string;
  readonly name: string;
  /** A JSON object as text. */
  readonly arguments: string;
}

export interface FunctionCallOutputItem extends ItemRecord {
  readonly type: 'function_call_output';
  readonly callId: string;
  readonly output: string;
}

/** The words of an item as the next prompt and a transcript should have them: of a reply, what was heard. */
export function textOf(item: Item): string {
  switch (item.type) {
    case 'message':
      if (item.reply) return item.reply.heard ?? item.reply.sent;
      return item.content
        .map((part) => ('text' in part ? part.text : 'transcript' in part ? (part.transcript ?? '') : ''))
        .join('');
    case 'function_call':
      return item.arguments;
    case 'function_call_output':
      return item.output;
  }
}

/** The words of a message of a person; null for every other item, and while there are none. */
export function saidIn(item: Item): string | null {
  if (item.type !== 'message' || item.role !== 'user') return null;
  return textOf(item).trim() || null;
}
