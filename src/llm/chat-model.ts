/** One message of a prompt, in the order in which the model reads it. */
export type ChatMessage =
  | { readonly role: 'system' | 'user'; readonly text: string }
  | { readonly role: 'assistant'; readonly text: string; readonly toolCalls?: readonly ToolCall[] }
  | { readonly role: 'tool'; readonly callId: string; readonly name: string; readonly text: string };

export interface ToolCall {
  readonly callId: string;
  readonly name: string;
  /** A JSON object as text, as the model wrote it. */
  readonly arguments: string;
}

export interface ToolDefinition {
  readonly name: string;
  readonly description?: string;
  /** JSON Schema of the arguments. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

export type ToolChoice = 'auto' | 'none' | 'required' | { readonly name: string };

export interface ChatRequest {
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly ToolDefinition[];
  readonly toolChoice?: ToolChoice;
  /** Exact upper bound of generated tokens; the engine's own default when absent. */
  readonly maxTokens?: number;
  readonly temperature?: number;
  /** The answer is to be JSON of this schema. Models and servers may ignore it: check the answer. */
  readonly format?: AnswerFormat;
}

export interface AnswerFormat {
  /** Letters, digits, `_`. */
  readonly name: string;
  /** JSON Schema. */
  readonly schema: Readonly<Record<string, unknown>>;
}

export interface TokenUsage {
  readonly inputTokens: number;
  /** How many of `inputTokens` the engine did not have to compute again; 0 when it does not say. */
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
}

export type FinishReason = 'stop' | 'length' | 'tool-calls';

/** What a model streams. One that picks among others says first who answers. Exactly one `usage` part comes last on a stream that was not aborted and did not fail. */
export type ChatPart =
  | { readonly type: 'answering'; readonly engine: string; readonly model: string }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'reasoning'; readonly text: string }
  | { readonly type: 'tool-call'; readonly call: ToolCall }
  | { readonly type: 'usage'; readonly usage: TokenUsage; readonly finishReason: FinishReason };

/** A language model that answers in a stream. */
export interface ChatModel {
  /** Engine and model as shown to people and counted in metrics. They may change between turns (`auto`). */
  readonly engine: string;
  readonly model: string;
  /** Prompt and answer together must fit into so many tokens. */
  readonly contextTokens: number;
  /**
   * Streams the answer to `request`.
   *
   * Aborting `signal` closes the connection to the engine at once and ends the stream with an error for which
   * `isAbort` is true. Every other failure is a `VivavoceError` with code `engine_*` or `breaker_open`.
   */
  stream(request: ChatRequest, signal: AbortSignal): AsyncIterable<ChatPart>;
}
