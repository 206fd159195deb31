import type { TurnPart } from '../graph/state.ts';
import type { FinishReason, TokenUsage, ToolCall } from '../llm/chat-model.ts';
import type { ChatCompletion, ChatCompletionChunk } from '../protocol/rest-chat.ts';

interface Identity {
  readonly id: string;
  readonly createdAtMs: number;
  readonly model: string;
}

type Delta = ChatCompletionChunk['choices'][number]['delta'];

/** Makes a chat completion of the parts of a turn, whole or in chunks. */
export class ChatCompletionWriter {
  readonly #identity: { id: string; created: number; model: string };
  readonly #includeUsage: boolean;
  readonly #calls: ToolCall[] = [];
  #text = '';
  #usage: TokenUsage = { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0 };
  #finish: FinishReason = 'stop';
  #hasBegun = false;

  constructor({ id, createdAtMs, model }: Identity, includeUsage: boolean) {
    this.#identity = { id, created: Math.floor(createdAtMs / 1000), model };
    this.#includeUsage = includeUsage;
  }

  get text(): string {
    return this.#text;
  }

  get calls(): readonly ToolCall[] {
    return this.#calls;
  }

  /** Takes a part of the turn in; what a stream sends for it. */
  take(part: TurnPart): ChatCompletionChunk[] {
    switch (part.type) {
      case 'text':
        this.#text += part.text;
        return [this.#chunk({ content: part.text })];
      case 'tool-call': {
        const { callId: id, name, arguments: args } = part.call;
        const index = this.#calls.push(part.call) - 1;
        const call = { index, id, type: 'function' as const, function: { name, arguments: args } };
        return [this.#chunk({ tool_calls: [call] })];
      }
      case 'usage':
        this.#usage = part.usage;
        this.#finish = part.finishReason;
        return [];
      case 'answering':
      case 'reasoning':
      case 'node':
      case 'model-asked':
      case 'recalled':
        return [];
    }
  }

  /** The chunks that end a stream. */
  last(): ChatCompletionChunk[] {
    const end = this.#chunk({}, this.#finishReason());
    if (!this.#includeUsage) return [end];
    return [
      end,
      { ...this.#identity, object: 'chat.completion.chunk', choices: [], usage: this.#wireUsage() },
    ];
  }

  whole(): ChatCompletion {
    const toolCalls = this.#calls.map(({ callId: id, name, arguments: args }) => ({
      id,
      type: 'function' as const,
      function: { name, arguments: args },
    }));
    return {
      ...this.#identity,
      object: 'chat.completion',
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: this.#text === '' && toolCalls.length > 0 ? null : this.#text,
            refusal: null,
            ...(toolCalls.length > 0 && { tool_calls: toolCalls }),
          },
          logprobs: null,
          finish_reason: this.#finishReason(),
        },
      ],
      usage: this.#wireUsage(),
    };
  }

  #chunk(delta: Delta, finish: 'stop' | 'length' | 'tool_calls' | null = null): ChatCompletionChunk {
    const role = this.#hasBegun ? {} : { role: 'assistant' as const };
    this.#hasBegun = true;
    return {
      ...this.#identity,
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta: { ...role, ...delta }, logprobs: null, finish_reason: finish }],
      ...(this.#includeUsage && { usage: null }),
    };
  }

  #finishReason(): 'stop' | 'length' | 'tool_calls' {
    if (this.#calls.length > 0) return 'tool_calls';
    return this.#finish === 'length' ? 'length' : 'stop';
  }

  #wireUsage() {
    const { inputTokens, cachedInputTokens, outputTokens } = this.#usage;
    return {
      prompt_tokens: inputTokens,
      completion_tokens: outputTokens,
      total_tokens: inputTokens + outputTokens,
      prompt_tokens_details: { cached_tokens: cachedInputTokens },
    };
  }
}
