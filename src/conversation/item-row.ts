import type { Item, ItemStatus, MessageItem } from './item.ts';

/** An item as the table has it: what queries ask for in columns, the rest as JSON in `body`. */
export interface ItemRow {
  readonly id: string;
  readonly type: Item['type'];
  readonly role: MessageItem['role'] | null;
  readonly status: ItemStatus;
  readonly createdAtMs: number;
  readonly responseId: string | null;
  readonly body: string;
}

/** JSON also carries what SQLite's text would lose: NUL and lone surrogates come back as they were. */
export function toItemRow(item: Item): ItemRow {
  const { id, type, status, createdAtMs, responseId } = item;
  const role = item.type === 'message' ? item.role : null;
  return { id, type, role, status, createdAtMs, responseId, body: JSON.stringify(bodyOf(item)) };
}

export function fromItemRow(row: ItemRow): Item {
  const { id, type, status, createdAtMs, responseId } = row;
  const role = type === 'message' ? { role: row.role } : {};
  return { type, id, status, createdAtMs, responseId, ...role, ...JSON.parse(row.body) };
}

function bodyOf(item: Item) {
  switch (item.type) {
    case 'message':
      return { content: item.content, reply: item.reply };
    case 'function_call':
      return { callId: item.callId, name: item.name, arguments: item.arguments };
    case 'function_call_output':
      return { callId: item.callId, output: item.output };
  }
}
