import { Annotation } from '@langchain/langgraph';
import type { ChatMessage, ChatPart, ToolChoice, ToolDefinition } from '../llm/chat-model.ts';

/** When a spoken reply ends by itself. Every piece of text that a model streams counts as a token. */
export interface ReplyLimits {
  /** At the first sentence end past so many tokens … */
  readonly softTokens: number;
  /** … and here in any case. */
  readonly hardTokens: number;
}

/**
 * What one turn needs to know. The store is the source of truth; this is the window of one turn and nothing else, so
 * there is no checkpointer and nothing to grow.
 */
export const TurnState = Annotation.Root({
  /** The persona, or what the client put in its place. */
  instructions: Annotation<string>,
  /** The conversation up to the newest user message, oldest first. */
  history: Annotation<readonly ChatMessage[]>,
  tools: Annotation<readonly ToolDefinition[] | undefined>,
  toolChoice: Annotation<ToolChoice | undefined>,
  temperature: Annotation<number | undefined>,
  /** Exact upper bound of tokens. */
  maxTokens: Annotation<number | undefined>,
  /** When a spoken reply ends by itself; unset: when the model ends. */
  limits: Annotation<ReplyLimits | undefined>,
  /** Made by `context`. */
  prompt: Annotation<readonly ChatMessage[]>,
  /** Made by `respond`: all of the text. */
  reply: Annotation<string>,
  /** Made by `respond`: why the reply is not whole, in words; null when it is. */
  failure: Annotation<string | null>,
});

export type TurnState = typeof TurnState.State;

/** What a turn starts from. */
export type TurnInput = Pick<TurnState, 'instructions' | 'history'> &
  Partial<Pick<TurnState, 'tools' | 'toolChoice' | 'temperature' | 'maxTokens' | 'limits'>>;

/** How long a node took, for the trace. */
export interface NodeTrace {
  readonly type: 'node';
  readonly node: string;
  /** Monotonic milliseconds. */
  readonly startedMs: number;
  readonly endedMs: number;
  /** Why the node gave less than it should, in one sentence; null when all is well. */
  readonly degraded: string | null;
}

/** The model was asked: the prompt is ready and leaves now. */
export interface ModelAsked {
  readonly type: 'model-asked';
  readonly atMs: number;
  readonly engine: string;
  readonly model: string;
  /** An estimate, for turns that end before the engine says. */
  readonly promptTokens: number;
}

/** The turn failed here. It is a part because LangGraph's stream drops what it still holds when a node throws. */
export interface TurnFailed {
  readonly type: 'failed';
  readonly error: unknown;
}

/** What a turn streams. */
export type TurnPart = ChatPart | NodeTrace | ModelAsked;

/** What its nodes write to LangGraph's `custom` stream. */
export type NodeOutput = TurnPart | TurnFailed;
