import type { ChatPart } from '../llm/chat-model.ts';
import { SentenceSplitter } from '../speech/sentences.ts';

/**
 * Ends a reply at the first sentence end past `softTokens`, because nobody wants to listen for long.
 *
 * Every text part counts as one token, which is what local engines send. Returning closes the engine's stream; what
 * was said so far is whole sentences.
 */
export async function* limitReply(
  parts: AsyncIterable<ChatPart>,
  softTokens: number,
): AsyncGenerator<ChatPart> {
  const splitter = new SentenceSplitter();
  let tokens = 0;
  for await (const part of parts) {
    yield part;
    if (part.type !== 'text') continue;
    tokens++;
    const sentences = splitter.push(part.text);
    if (tokens >= softTokens && sentences.at(-1)?.ending === 'sentence') return;
  }
}
