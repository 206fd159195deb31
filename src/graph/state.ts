import { Annotation } from '@langchain/langgraph';
import type { Owner } from '../conversation/store.ts';
import type { ChatMessage, ChatPart, ToolChoice, ToolDefinition } from '../llm/chat-model.ts';
import type { Recalled, Recollection } from '../memory/recall/recollection.ts';

/** When a spoken reply ends by itself. Every piece of text that a model streams counts as a token. */
export interface ReplyLimits {
  /** At the first sentence end past so many tokens … */
  readonly softTokens: number;
  /** … and here in any case. */
  readonly hardTokens: number;
}

/** Whose turn it is. A turn without it knows nobody: it recalls nothing, and nothing is learned from it. */
export interface TurnContext {
  readonly owner: Owner;
  /** Null for a turn outside of any conversation: it recalls, and nothing is learned from it. */
  readonly conversationId: string | null;
  /**
   * Resolves when the turn counts. An answer that is begun before it is certain that the person has finished may be
   * thrown away: until then nothing may be written. It never rejects, and of a turn that is dropped it never resolves.
   */
  readonly confirmed: Promise<void>;
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
  /** Somebody listens for the answer: a turn that has none says so. Unset: its failure is shown, and is enough. */
  apologises: Annotation<boolean | undefined>,
  turn: Annotation<TurnContext | undefined>,
  /** What came before `history`, in short. */
  summary: Annotation<string | undefined>,
  /** Made by `context`: as much of the history as fits. */
  window: Annotation<readonly ChatMessage[]>,
  /** Made by `context`: what is true only now. */
  notes: Annotation<readonly string[]>,
  /** Made by `profile`: who the person is. */
  person: Annotation<readonly Recalled[]>,
  /** Made by `recall`: what is remembered about what was said. */
  recalled: Annotation<readonly Recalled[]>,
  /** Made by `respond`: all of the text, with what it said about its failure. */
  reply: Annotation<string>,
  /** Made by `respond`: why the reply is not whole, in words; null when it is. */
  failure: Annotation<string | null>,
});

export type TurnState = typeof TurnState.State;

/** What a turn starts from. */
export type TurnInput = Pick<TurnState, 'instructions' | 'history'> &
  Partial<
    Pick<
      TurnState,
      'turn' | 'summary' | 'tools' | 'toolChoice' | 'temperature' | 'maxTokens' | 'limits' | 'apologises'
    >
  >;

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

/** What was remembered, for who wants to see it. */
export interface MemoryRecalled extends Recollection {
  readonly type: 'recalled';
  readonly waitedMs: number;
}

/** The turn failed here. It is a part because LangGraph's stream drops what it still holds when a node throws. */
export interface TurnFailed {
  readonly type: 'failed';
  readonly error: unknown;
}

/** What a turn streams. */
export type TurnPart = ChatPart | NodeTrace | ModelAsked | MemoryRecalled;

/** What its nodes write to LangGraph's `custom` stream. */
export type NodeOutput = TurnPart | TurnFailed;
