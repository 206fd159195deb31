import type { TokenUsage } from '../llm/chat-model.ts';
import type { WireUsage } from '../protocol/wire-response.ts';

/** All of it counts as text: the model reads and writes text, whatever is heard. */
export function toWireUsage({ inputTokens, cachedInputTokens, outputTokens }: TokenUsage): WireUsage {
  return {
    total_tokens: inputTokens + outputTokens,
    input_tokens: inputTokens,
    output_tokens: outputTokens,
    input_token_details: {
      text_tokens: inputTokens,
      audio_tokens: 0,
      image_tokens: 0,
      cached_tokens: cachedInputTokens,
      cached_tokens_details: { text_tokens: cachedInputTokens, audio_tokens: 0, image_tokens: 0 },
    },
    output_token_details: { text_tokens: outputTokens, audio_tokens: 0 },
  };
}
