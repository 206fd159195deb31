import type { RestConversationItem } from '../../../src/protocol/rest-conversations.ts';
import { agentEntry, type Entry, type ToolEntry, userEntry } from './entry.ts';

/** Items of the store, oldest first, as entries. */
export function fromItems(items: readonly RestConversationItem[]): Entry[] {
  const outputs = new Map<string, string>();
  for (const item of items) if (item.type === 'function_call_output') outputs.set(item.call_id, item.output);
  return items.flatMap((item): Entry[] => {
    if (item.type === 'message') return fromMessage(item);
    return item.type === 'function_call' ? [toolEntry(item, outputs.get(item.call_id) ?? null)] : [];
  });
}

export function toolEntry(
  call: { id: string; call_id: string; name: string; arguments: string },
  output: string | null,
): ToolEntry {
  return { kind: 'tool', id: call.id, callId: call.call_id, name: call.name, args: call.arguments, output };
}

function fromMessage(item: Extract<RestConversationItem, { type: 'message' }>): Entry[] {
  const { id, role, status } = item;
  const text = item.content.map((part) => ('text' in part ? part.text : '[image]')).join('\n');
  switch (role) {
    case 'user':
      return [userEntry({ id, text, state: 'stored' })];
    case 'assistant': {
      // Whoever was making it is gone: the connection that asked for it has ended.
      const isWhole = status === 'completed';
      return [
        agentEntry({
          id,
          text,
          status: isWhole ? 'completed' : 'incomplete',
          ending: isWhole ? null : 'stopped',
        }),
      ];
    }
    case 'system':
      return [];
  }
}
