import type { ChatModel, ChatPart } from '../../src/llm/chat-model.ts';

/** Answers at once. */
export const silentModel: ChatModel = {
  engine: 'none',
  model: 'none',
  contextTokens: 8_192,
  async *stream(): AsyncGenerator<ChatPart> {
    yield { type: 'text', text: 'Yes.' };
    const usage = { inputTokens: 0, cachedInputTokens: 0, outputTokens: 1 };
    yield { type: 'usage', usage, finishReason: 'stop' };
  },
};
