import type { Memory, MemoryKind, NewMemory } from '../memory.ts';
import { hashOfWords } from '../memory-id.ts';

export interface MemoryRow {
  readonly seq: number;
  readonly owner: number;
  readonly id: string;
  readonly kind: MemoryKind;
  readonly text: string;
  readonly subject: string;
  readonly attribute: string | null;
  readonly value: string | null;
  readonly importance: number;
  readonly valid_at_ms: number;
  readonly invalid_at_ms: number | null;
  readonly superseded_by: string | null;
  readonly conversation_id: string | null;
  readonly item_id: string | null;
  readonly created_at_ms: number;
  readonly last_used_at_ms: number | null;
  readonly fingerprint: string;
  readonly terms: string;
  readonly space: number;
}

export function fromMemoryRow(row: MemoryRow): Memory {
  const { id, kind, text, subject, attribute, value, importance, conversation_id, item_id } = row;
  return {
    ...{ id, kind, text, subject, attribute, value, importance },
    validAtMs: row.valid_at_ms,
    invalidAtMs: row.invalid_at_ms,
    supersededBy: row.superseded_by,
    source:
      conversation_id !== null && item_id !== null
        ? { conversationId: conversation_id, itemId: item_id }
        : null,
    createdAtMs: row.created_at_ms,
    lastUsedAtMs: row.last_used_at_ms,
  };
}

/** A new memory as it is inserted, before anything is indexed. */
export function toNewRow(owner: number, memory: NewMemory) {
  const { id, kind, text, subject, attribute, value, importance, source } = memory;
  return {
    ...{ owner, id, kind, text, subject, attribute, value, importance },
    valid_at_ms: memory.validAtMs,
    conversation_id: source?.conversationId ?? null,
    item_id: source?.itemId ?? null,
    created_at_ms: memory.createdAtMs,
    fingerprint: hashOfWords(text),
  };
}
