import type { Clock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import type { TurnState } from '../graph/state.ts';
import type { ChatMessage, ChatModel, ChatRequest } from '../llm/chat-model.ts';
import { buildPrompt } from '../llm/prompt.ts';
import { estimatePromptTokens } from '../llm/token-estimate.ts';
import { statesSomething } from '../memory/extraction/sentence-kind.ts';
import type { ReplyCache } from '../memory/reply-cache.ts';
import { apologyFor } from './apology.ts';
import { limitReply } from './limit-reply.ts';
import { memoryNote } from './memory-note.ts';
import type { TurnNode } from './node.ts';

interface Deps {
  readonly clock: Clock;
  readonly model: ChatModel;
  /** Answers to questions that were asked before; absent: every one is answered anew. */
  readonly replies?: ReplyCache | undefined;
}

/**
 * Asks the model and streams every part of its answer as it comes. An answer that fails is ended in words, where
 * somebody waits for more of them, and then fails.
 */
export function respond({ clock, model, replies }: Deps): TurnNode {
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
    const repeated = replies && repeatedQuestion(state, model);
    const known = repeated ? replies.get(repeated.owner, repeated.question, repeated.basis) : null;
    if (known !== null) {
      emit({ type: 'answering', engine: 'cache', model: 'repeated question' });
      emit({ type: 'text', text: known });
      const usage = { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0 };
      emit({ type: 'usage', usage, finishReason: 'stop' });
      return { reply: known, failure: null };
    }
    const making = repeated ? replies.begin(repeated.owner, repeated.question, repeated.basis) : null;
    const parts = model.stream(chatRequest(state, prompt), signal);
    const limited = state.limits ? limitReply(parts, { ...state.limits, promptTokens, hasTools }) : parts;
    let reply = '';
    let isWhole = false;
    let isComplete = false;
    try {
      for await (const part of limited) {
        if (part.type === 'text') reply += part.text;
        if (part.type === 'usage') isWhole = part.finishReason === 'stop';
        isComplete ||= part.type === 'tool-call' || part.type === 'usage';
        emit(part);
      }
    } catch (error) {
      if (signal.aborted) throw error;
      const apology = apologyFor({ said: reply, isComplete, apologises: state.apologises ?? false }, error);
      if (apology !== null) emit({ type: 'text', text: apology });
      emit({ type: 'failed', error });
      return { reply: reply + (apology ?? ''), failure: messageOf(error) };
    }
    if (making && isWhole && !signal.aborted) void state.turn?.confirmed.then(() => making.keep(reply));
    return { reply, failure: null };
  };
}

/** What is asked, when the answer depends on nothing else that was said; null when it cannot be taken from a cache. */
function repeatedQuestion({ turn, history, tools, ...rest }: TurnState, { engine, model }: ChatModel) {
  const question = history?.at(-1);
  if (!turn || question?.role !== 'user' || (tools?.length ?? 0) > 0) return null;
  const { instructions, summary, maxTokens, temperature, limits } = rest;
  const said = history.slice(0, -1).flatMap(({ role, text }) => {
    return role === 'assistant' || (role === 'user' && !statesSomething(text)) ? [] : [`${role}: ${text}`];
  });
  const basis = {
    ...{ instructions, engine, model },
    before: [...(summary === undefined ? [] : [summary]), ...said],
    settings: { maxTokens, temperature, limits },
  };
  return { owner: turn.owner, question: question.text, basis };
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
