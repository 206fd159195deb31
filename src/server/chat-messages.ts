import type { Agent } from '../agent-file.ts';
import { VivavoceError } from '../errors.ts';
import type { TurnInput } from '../graph/state.ts';
import type { ChatMessage, ToolChoice } from '../llm/chat-model.ts';
import type { ChatCompletionMessage, ChatCompletionRequest } from '../protocol/rest-chat.ts';

/** A chat completion as a turn. System messages of the client take the place of the agent's own instructions. */
export function toTurnInput(request: ChatCompletionRequest, agent: Agent): TurnInput {
  const { messages, tools, tool_choice: choice, temperature } = request;
  const system = messages.filter(isSystem).map((message) => textOf(message.content ?? ''));
  const maxTokens = request.max_completion_tokens ?? request.max_tokens;
  return {
    instructions: system.length > 0 ? system.join('\n\n') : agent.instructions,
    history: toHistory(messages),
    ...(tools && {
      tools: tools.map(({ function: { name, description, parameters } }) => ({
        name,
        parameters: parameters ?? { type: 'object', properties: {} },
        ...(description && { description }),
      })),
    }),
    ...(choice && { toolChoice: toToolChoice(choice) }),
    ...(typeof maxTokens === 'number' && { maxTokens }),
    ...(typeof temperature === 'number' && { temperature }),
  };
}

function toHistory(messages: readonly ChatCompletionMessage[]): ChatMessage[] {
  const names = new Map<string, string>();
  return messages.flatMap((message, index) => toChatMessages(message, `messages.${index}`, names));
}

/** `names` are those of the calls so far, by their ids. */
function toChatMessages(
  message: ChatCompletionMessage,
  path: string,
  names: Map<string, string>,
): ChatMessage[] {
  switch (message.role) {
    case 'system':
    case 'developer':
      return [];
    case 'user':
      return [{ role: 'user', text: textOf(message.content, `${path}.content`) }];
    case 'assistant': {
      const toolCalls = (message.tool_calls ?? []).map((call) => {
        names.set(call.id, call.function.name);
        return { callId: call.id, name: call.function.name, arguments: call.function.arguments };
      });
      const text = textOf(message.content ?? '');
      return [{ role: 'assistant', text, ...(toolCalls.length > 0 && { toolCalls }) }];
    }
    case 'tool': {
      const { tool_call_id: callId } = message;
      const name = names.get(callId);
      if (name !== undefined) return [{ role: 'tool', callId, name, text: textOf(message.content) }];
      throw new VivavoceError('invalid_request', `No message before this one calls ${callId}.`, {
        param: `${path}.tool_call_id`,
      });
    }
  }
}

type Part = { type: 'text'; text: string } | { type: 'refusal'; refusal: string } | { type: 'image_url' };

/** The words of a message. */
export function textOf(content: string | readonly Part[], param = 'messages'): string {
  if (typeof content === 'string') return content;
  return content
    .map((part) => {
      if (part.type === 'text') return part.text;
      if (part.type === 'refusal') return part.refusal;
      throw new VivavoceError('invalid_request', 'Images are not understood here; send text.', { param });
    })
    .join('');
}

function isSystem(message: ChatCompletionMessage) {
  return message.role === 'system' || message.role === 'developer';
}

function toToolChoice(choice: NonNullable<ChatCompletionRequest['tool_choice']>): ToolChoice {
  return typeof choice === 'string' ? choice : { name: choice.function.name };
}
