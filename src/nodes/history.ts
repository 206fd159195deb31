import { type FunctionCallItem, type Item, textOf } from '../conversation/item.ts';
import type { ChatMessage } from '../llm/chat-model.ts';

/**
 * The items of a conversation as a model reads them.
 *
 * Of a reply it gets what was heard. A tool call goes with the words of its response, and only once its output is
 * there: most servers refuse a call without one.
 */
export function toHistory(items: readonly Item[]): ChatMessage[] {
  const calls = new Map<string, FunctionCallItem>();
  const answered = new Set<string>();
  for (const item of items) {
    if (item.type === 'function_call') calls.set(item.callId, item);
    if (item.type === 'function_call_output') answered.add(item.callId);
  }
  const history: ChatMessage[] = [];
  let lastResponse: string | null = null;
  for (const item of items) {
    switch (item.type) {
      case 'message': {
        const text = textOf(item);
        if (text.trim() === '' || item.status === 'in_progress') continue;
        history.push({ role: item.role, text });
        break;
      }
      case 'function_call': {
        if (!answered.has(item.callId)) continue;
        const call = { callId: item.callId, name: item.name, arguments: item.arguments };
        const last = history.at(-1);
        if (last?.role === 'assistant' && item.responseId !== null && item.responseId === lastResponse) {
          history[history.length - 1] = { ...last, toolCalls: [...(last.toolCalls ?? []), call] };
        } else history.push({ role: 'assistant', text: '', toolCalls: [call] });
        break;
      }
      case 'function_call_output': {
        const name = calls.get(item.callId)?.name;
        if (name === undefined) continue;
        history.push({ role: 'tool', callId: item.callId, name, text: item.output });
        break;
      }
    }
    lastResponse = item.responseId;
  }
  return history;
}
