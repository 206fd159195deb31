import {
  AIMessage,
  type BaseMessage,
  HumanMessage,
  SystemMessage,
  ToolMessage,
} from '@langchain/core/messages';
import type { ChatMessage, ChatRequest, ToolCall, ToolChoice, ToolDefinition } from './chat-model.ts';

export function toLangChain(messages: readonly ChatMessage[]): BaseMessage[] {
  return messages.map(toLangChainMessage);
}

function toLangChainMessage(message: ChatMessage): BaseMessage {
  const { text: content } = message;
  switch (message.role) {
    case 'system':
      return new SystemMessage(content);
    case 'user':
      return new HumanMessage(content);
    case 'assistant':
      return new AIMessage({ content, tool_calls: (message.toolCalls ?? []).map(toLangChainCall) });
    case 'tool':
      return new ToolMessage({ content, tool_call_id: message.callId, name: message.name });
  }
}

function toLangChainCall(call: ToolCall) {
  return { id: call.callId, name: call.name, args: argumentsOf(call), type: 'tool_call' as const };
}

/** A model may have written arguments that are no object; it should see what it wrote beside the tool's complaint. */
function argumentsOf(call: ToolCall): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(call.arguments);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return { malformed: call.arguments };
}

export interface FunctionTool {
  readonly type: 'function';
  readonly function: { readonly name: string; readonly description?: string; readonly parameters: object };
}

export function toFunctionTool({ name, description, parameters }: ToolDefinition): FunctionTool {
  return {
    type: 'function',
    function: { name, ...(description !== undefined && { description }), parameters },
  };
}

/** The tools that a model may see under `toolChoice`: all, none, or the one that it has to call. */
export function visibleTools({ tools = [], toolChoice = 'auto' }: ChatRequest): readonly ToolDefinition[] {
  if (toolChoice === 'none') return [];
  return isNamed(toolChoice) ? tools.filter((tool) => tool.name === toolChoice.name) : tools;
}

export function isNamed(toolChoice: ToolChoice): toolChoice is { readonly name: string } {
  return typeof toolChoice === 'object';
}
