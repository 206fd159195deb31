import type {
  FunctionCallItem,
  FunctionCallOutputItem,
  MessageItem,
  ReplyText,
} from '../../src/conversation/item.ts';
import type { Owner } from '../../src/conversation/store.ts';

export const ALICE: Owner = { key: 'home', user: 'alice' };
export const BOB: Owner = { key: 'home', user: 'bob' };

export const START_MS = Date.UTC(2026, 10, 21, 10, 0, 0);

export function userSays(id: string, text: string, atMs = START_MS): MessageItem {
  return {
    id,
    type: 'message',
    role: 'user',
    status: 'completed',
    createdAtMs: atMs,
    responseId: null,
    content: [{ type: 'input_text', text }],
    reply: null,
  };
}

export function agentSays(
  id: string,
  sent: string,
  changes: Partial<MessageItem> & { heard?: string } = {},
): MessageItem {
  const { heard, ...rest } = changes;
  const reply: ReplyText = { generated: sent, sent, heard: heard ?? null };
  return {
    id,
    type: 'message',
    role: 'assistant',
    status: 'completed',
    createdAtMs: START_MS,
    responseId: 'resp_1',
    content: [{ type: 'output_audio', transcript: sent }],
    reply,
    ...rest,
  };
}

export function toolCall(id: string, name: string, args: string, atMs = START_MS): FunctionCallItem {
  return {
    id,
    type: 'function_call',
    status: 'completed',
    createdAtMs: atMs,
    responseId: 'resp_1',
    callId: `call_${id}`,
    name,
    arguments: args,
  };
}

export function toolResult(
  id: string,
  callId: string,
  output: string,
  atMs = START_MS,
): FunctionCallOutputItem {
  return {
    id,
    type: 'function_call_output',
    status: 'completed',
    createdAtMs: atMs,
    responseId: null,
    callId,
    output,
  };
}
