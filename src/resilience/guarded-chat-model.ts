import type { ChatModel, ChatPart, ChatRequest } from '../llm/chat-model.ts';
import type { Guard } from './guard.ts';
import { guardStream, type StreamClocks } from './guard-stream.ts';

/** Generous at the start: a local model is loaded from disk for its first answer. */
const CLOCKS: StreamClocks = { firstMs: 60_000, stallMs: 20_000, totalMs: 180_000 };

/** The same model behind `guard`. Reasoning counts as content: an engine that thinks aloud is well. */
export function guardChatModel(
  model: ChatModel,
  guard: Guard,
  clocks: Partial<StreamClocks> = {},
): ChatModel {
  const stream = guardStream(guard, (request: ChatRequest, signal) => model.stream(request, signal), {
    ...CLOCKS,
    ...clocks,
    isContent: (part: ChatPart) => part.type !== 'usage',
  });
  // Read at every use: `auto` changes its engine between turns.
  return {
    get engine() {
      return model.engine;
    },
    get model() {
      return model.model;
    },
    get contextTokens() {
      return model.contextTokens;
    },
    stream,
  };
}
