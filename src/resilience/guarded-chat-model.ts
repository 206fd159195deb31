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

interface Options extends Partial<StreamClocks> {
  /** For a model with none behind it that could answer instead: a turn that fails at once is asked again. */
  readonly retry?: boolean;
}

/**
 * The same model behind its guards: for turns, and for work that nobody waits for. That has the patience for a model that
 * is loaded every time, and is not asked again: it is all tried again later.
 */
export function guardChatModel(
  model: ChatModel,
  { turns, background }: Guards,
  options: Options = {},
): { readonly model: ChatModel; readonly background: ChatModel } {
  const { warmFirstMs: _, retry: __, ...patient } = options;
  return { model: behind(turns, model, options), background: behind(background, model, patient) };
}

/** Reasoning counts as content: an engine that thinks aloud is well. */
function behind(guard: Guard, model: ChatModel, options: Options): ChatModel {
  const stream = guardStream(guard, (request: ChatRequest, signal) => model.stream(request, signal), {
    ...CLOCKS,
    ...options,
    isContent: (part: ChatPart) => part.type !== 'usage',
    subject: () => model.model,
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
