import type { ChatPart } from '../llm/chat-model.ts';
import { SentenceSplitter } from '../speech/sentences.ts';

/**
 * Ends a reply at the first sentence end past `softTokens`, because nobody wants to listen for long.
 *
 * Every text part counts as one token, which is what local engines send. Returning closes the engine's stream; what
 * was said so far is whole sentences: of a token that showed where the last one ended, nothing behind it is said.
 */
export async function* limitReply(
  parts: AsyncIterable<ChatPart>,
  softTokens: number,
): AsyncGenerator<ChatPart> {
  const splitter = new SentenceSplitter();
  let tokens = 0;
  let length = 0;
  for await (const part of parts) {
    if (part.type !== 'text') {
      yield part;
      continue;
    }
    tokens++;
    const sentences = splitter.push(part.text);
    const end = sentences.findLast(({ ending }) => ending === 'sentence')?.end;
    if (tokens >= softTokens && end !== undefined) {
      const text = part.text.slice(0, Math.max(end - length, 0));
      if (text !== '') yield { type: 'text', text };
      return;
    }
    length += part.text.length;
    yield part;
  }
}
