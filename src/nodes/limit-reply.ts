import type { ReplyLimits } from '../graph/state.ts';
import type { ChatPart, FinishReason } from '../llm/chat-model.ts';
import { SentenceSplitter } from '../speech/sentences.ts';

interface Limits extends ReplyLimits {
  /** An estimate, for the usage of a reply that is ended before the engine says. */
  readonly promptTokens: number;
  /** A call may come after the words; then the stream is read on in silence. */
  readonly hasTools: boolean;
}

/**
 * Ends a reply by voice, because nobody wants to listen for long: at the first sentence end past `softTokens`, at
 * `hardTokens` in any case. Only words count, so no tool call and no thought is cut short.
 *
 * Returning closes the engine's stream. Of the token that showed where a sentence ended nothing behind it is said.
 */
export async function* limitReply(
  parts: AsyncIterable<ChatPart>,
  { softTokens, hardTokens, promptTokens, hasTools }: Limits,
): AsyncGenerator<ChatPart> {
  const splitter = new SentenceSplitter();
  let tokens = 0;
  let length = 0;
  let ended: { reason: FinishReason; atTokens: number } | null = null;
  for await (const part of parts) {
    if (part.type === 'usage') yield ended ? { ...part, finishReason: ended.reason } : part;
    else if (part.type !== 'text') yield part;
    else {
      tokens++;
      if (ended === null) {
        const end = splitter.push(part.text).findLast(({ ending }) => ending === 'sentence')?.end;
        const isSentence = tokens >= softTokens && end !== undefined;
        const text = isSentence ? part.text.slice(0, Math.max(end - length, 0)) : part.text;
        length += part.text.length;
        if (text !== '') yield { type: 'text', text };
        if (isSentence) ended = { reason: 'stop', atTokens: tokens };
        else if (tokens >= hardTokens) ended = { reason: 'length', atTokens: tokens };
      }
      // With tools it is read on, but not for ever: so much more text means that no call is coming.
      if (ended !== null && tokens >= ended.atTokens + (hasTools ? hardTokens : 0)) {
        const usage = { inputTokens: promptTokens, cachedInputTokens: 0, outputTokens: tokens };
        yield { type: 'usage', usage, finishReason: ended.reason };
        return;
      }
    }
  }
}
