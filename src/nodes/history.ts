import { type FunctionCallItem, type Item, type MessageItem, textOf } from '../conversation/item.ts';
import type { ChatMessage } from '../llm/chat-model.ts';

/** A message and, when it calls tools, what they gave. */
interface Entry {
  message: ChatMessage;
  readonly outputs: ChatMessage[];
  /** Said aloud by the person: what is said next, with no answer between, is the rest of it. */
  readonly isSpoken: boolean;
}

/**
 * The items of a conversation as a model reads them.
 *
 * Of a reply it gets what was heard; two turns that a person spoke with nothing heard between them are one. A tool call goes with the words of its response, and only once its output is
 * there: most servers refuse a call without one. They also refuse anything between the two, so an output follows its
 * call at once, though a person may have spoken while the tool ran.
 */
export function toHistory(items: readonly Item[]): ChatMessage[] {
  const outputs = outputsOf(items);
  const entries: Entry[] = [];
  let lastResponse: string | null = null;
  for (const item of items) {
    switch (item.type) {
      case 'message': {
        const text = textOf(item);
        if (text.trim() === '' || item.status === 'in_progress') continue;
        const before = entries.at(-1);
        if (before && isSpoken(item) && before.isSpoken) {
          before.message = { role: 'user', text: `${before.message.text} ${text}` };
          break;
        }
        entries.push({ message: { role: item.role, text }, outputs: [], isSpoken: isSpoken(item) });
        break;
      }
      case 'function_call': {
        const { callId, name } = item;
        const output = outputs.get(item);
        if (output === undefined) continue;
        const call = { callId, name, arguments: item.arguments };
        const result: ChatMessage = { role: 'tool', callId, name, text: output };
        const last = entries.at(-1);
        if (
          last?.message.role === 'assistant' &&
          item.responseId !== null &&
          item.responseId === lastResponse
        ) {
          last.message = { ...last.message, toolCalls: [...(last.message.toolCalls ?? []), call] };
          last.outputs.push(result);
        } else {
          const message: ChatMessage = { role: 'assistant', text: '', toolCalls: [call] };
          entries.push({ message, outputs: [result], isSpoken: false });
        }
        break;
      }
      case 'function_call_output':
        continue;
    }
    lastResponse = item.responseId;
  }
  return entries.flatMap(({ message, outputs }) => [message, ...outputs]);
}

function isSpoken({ role, content }: MessageItem): boolean {
  return role === 'user' && content.every(({ type }) => type === 'input_audio');
}

/** What each call gave. An output belongs to the newest call before it with its id: some models count theirs anew. */
function outputsOf(items: readonly Item[]): Map<FunctionCallItem, string> {
  const waiting = new Map<string, FunctionCallItem>();
  const outputs = new Map<FunctionCallItem, string>();
  for (const item of items) {
    if (item.type === 'function_call') waiting.set(item.callId, item);
    if (item.type !== 'function_call_output') continue;
    const call = waiting.get(item.callId);
    if (!call) continue;
    outputs.set(call, item.output);
    waiting.delete(item.callId);
  }
  return outputs;
}
