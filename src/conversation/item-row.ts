import { type Item, type ItemStatus, type MessageItem, saidIn } from './item.ts';
import type { OutboxStage } from './memory-outbox.ts';

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

/** An item on its way into the table. */
export interface NewItemRow extends ItemRow {
  /** What somebody said waits for memory from the moment it is there; null: there is nothing to learn from. */
  readonly stage: OutboxStage | null;
}

/** JSON also carries what SQLite's text would lose: NUL and lone surrogates come back as they were. */
export function toItemRow(item: Item): NewItemRow {
  const { id, type, status, createdAtMs, responseId } = item;
  const role = item.type === 'message' ? item.role : null;
  const stage = saidIn(item) === null ? null : 'new';
  return { id, type, role, status, createdAtMs, responseId, body: JSON.stringify(bodyOf(item)), stage };
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
