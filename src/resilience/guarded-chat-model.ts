import type { ChatModel, ChatPart, ChatRequest } from '../llm/chat-model.ts';
import type { Guard } from './guard.ts';
import { guardStream, type StreamClocks } from './guard-stream.ts';

/** Generous at the start: a local model is loaded from disk for its first answer. */
const CLOCKS: StreamClocks = { firstMs: 60_000, stallMs: 20_000, totalMs: 180_000 };

/** Apart: a model that fails at what nobody waits for can still answer people. */
interface Guards {
  readonly turns: Guard;
  readonly background: Guard;
}

/** The same model behind its guards: for turns, and for work that nobody waits for. */
export function guardChatModel(
  model: ChatModel,
  { turns, background }: Guards,
  clocks: Partial<StreamClocks> = {},
): { readonly model: ChatModel; readonly background: ChatModel } {
  return { model: behind(turns, model, clocks), background: behind(background, model, clocks) };
}

/** Reasoning counts as content: an engine that thinks aloud is well. */
function behind(guard: Guard, model: ChatModel, clocks: Partial<StreamClocks>): ChatModel {
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
