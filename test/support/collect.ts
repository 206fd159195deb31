import type { ChatPart } from '../../src/llm/chat-model.ts';

/** Everything that a stream of parts delivered, sorted. */
export interface Collected {
  readonly text: string;
  readonly reasoning: string;
  readonly parts: readonly ChatPart[];
}

export async function collect(stream: AsyncIterable<ChatPart>): Promise<Collected> {
  const parts: ChatPart[] = [];
  for await (const part of stream) parts.push(part);
  const join = (type: 'text' | 'reasoning') =>
    parts.map((part) => (part.type === type && 'text' in part ? part.text : '')).join('');
  return { text: join('text'), reasoning: join('reasoning'), parts };
}
