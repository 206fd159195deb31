import type { Clock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import type { TurnState } from '../graph/state.ts';
import type { ChatMessage, ChatModel, ChatRequest } from '../llm/chat-model.ts';
import { buildPrompt } from '../llm/prompt.ts';
import { estimatePromptTokens } from '../llm/token-estimate.ts';
import { limitReply } from './limit-reply.ts';
import { memoryNote } from './memory-note.ts';
import type { TurnNode } from './node.ts';

interface Deps {
  readonly clock: Clock;
  readonly model: ChatModel;
}

/** Asks the model and streams every part of its answer as it comes. */
export function respond({ clock, model }: Deps): TurnNode {
  return async (state, emit, signal) => {
    const prompt = promptOf(state);
    const promptTokens = estimatePromptTokens(prompt);
    const hasTools = (state.tools?.length ?? 0) > 0;
    emit({
      type: 'model-asked',
      atMs: clock.monotonicMs(),
      engine: model.engine,
      model: model.model,
      promptTokens,
    });
    const parts = model.stream(chatRequest(state, prompt), signal);
    const limited = state.limits ? limitReply(parts, { ...state.limits, promptTokens, hasTools }) : parts;
    let reply = '';
    try {
      for await (const part of limited) {
        if (part.type === 'text') reply += part.text;
        emit(part);
      }
    } catch (error) {
      if (signal.aborted) throw error;
      emit({ type: 'failed', error });
      return { reply, failure: messageOf(error) };
    }
    return { reply, failure: null };
  };
}

function promptOf({ instructions, summary, window, notes, person, recalled }: TurnState): ChatMessage[] {
  const known = memoryNote(person ?? [], recalled ?? []);
  return buildPrompt({
    instructions: instructions ?? '',
    summary: summary ?? null,
    history: window ?? [],
    notes: [...(notes ?? []), ...(known === null ? [] : [known])],
  });
}

function chatRequest(
  { tools, toolChoice, maxTokens, temperature }: TurnState,
  messages: readonly ChatMessage[],
): ChatRequest {
  return {
    messages,
    ...(tools && tools.length > 0 && { tools }),
    ...(toolChoice !== undefined && { toolChoice }),
    ...(maxTokens !== undefined && { maxTokens }),
    ...(temperature !== undefined && { temperature }),
  };
}
