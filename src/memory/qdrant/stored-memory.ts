import { hash } from 'node:crypto';
import { v5 } from 'uuid';
import type { Owner } from '../../conversation/store.ts';
import type { Memory, MemoryKind } from '../memory.ts';
import { hashOfWords } from '../memory-id.ts';
import type { FoundPoint, ReadPoint } from './qdrant-api.ts';

/** Of the points of this program; what is stored is found by it, so it never changes. */
const NAMESPACE = 'c3f9a4a2-5f0e-4d43-8f6a-0b9a6c1d7e58';

/** The fields of a point that it can be found by, and how each is indexed. */
export const INDEXES = {
  owner: { type: 'keyword', is_tenant: true },
  holds: 'bool',
  kind: 'keyword',
  fingerprint: 'keyword',
  slot: 'keyword',
  superseded_by: 'keyword',
  created_at: 'integer',
} as const;

/** What a point says beside its vectors. What was said around a memory is in its vector alone. */
export interface MemoryPayload {
  owner: string;
  owner_key: string;
  owner_user: string;
  id: string;
  kind: MemoryKind;
  text: string;
  subject: string;
  attribute: string | null;
  value: string | null;
  importance: number;
  valid_at: number;
  invalid_at: number | null;
  superseded_by: string | null;
  conversation_id: string | null;
  item_id: string | null;
  created_at: number;
  last_used_at: number | null;
  /** Whether it holds: `invalid_at` is null. */
  holds: boolean;
  /** The same for memories that say the same. */
  fingerprint: string;
  /** The same for memories of which one takes the place of the other. */
  slot: string | null;
  /** Ids of what it takes the place of, while that is not written yet. */
  replacing: readonly string[];
}

/** A memory as it is read. */
export interface StoredMemory {
  readonly pointId: string;
  readonly memory: Memory;
  readonly replacing: readonly string[];
}

/** Whose points they are: one word for (key, user), which is in every point and in every filter. */
export class PointOwner {
  readonly owner: Owner;
  readonly token: string;

  constructor({ key, user }: Owner) {
    this.owner = { key, user };
    this.token = v5(JSON.stringify([key, user]), NAMESPACE);
  }

  /** The same memory is the same point, and no other owner's. */
  pointId(memoryId: string): string {
    const { key, user } = this.owner;
    return v5(JSON.stringify([key, user, memoryId]), NAMESPACE);
  }
}

export function slotOf({ subject, attribute }: Pick<Memory, 'subject' | 'attribute'>): string | null {
  return attribute === null ? null : hash('sha256', JSON.stringify([subject, attribute]), 'base64');
}

export function toPayload(by: PointOwner, memory: Memory, replacing: readonly string[]): MemoryPayload {
  const { id, kind, text, subject, attribute, value, importance, source } = memory;
  return {
    ...{ owner: by.token, owner_key: by.owner.key, owner_user: by.owner.user },
    ...{ id, kind, text, subject, attribute, value, importance },
    valid_at: memory.validAtMs,
    invalid_at: memory.invalidAtMs,
    superseded_by: memory.supersededBy,
    conversation_id: source?.conversationId ?? null,
    item_id: source?.itemId ?? null,
    created_at: memory.createdAtMs,
    last_used_at: memory.lastUsedAtMs,
    holds: memory.invalidAtMs === null,
    fingerprint: hashOfWords(text),
    slot: slotOf(memory),
    replacing,
  };
}

export function toMemory(point: ReadPoint | FoundPoint): StoredMemory {
  const payload = point.payload as unknown as MemoryPayload;
  const { id, kind, text, subject, attribute, value, importance, conversation_id, item_id } = payload;
  return {
    pointId: String(point.id),
    memory: {
      ...{ id, kind, text, subject, attribute, value, importance },
      validAtMs: payload.valid_at,
      invalidAtMs: payload.invalid_at,
      supersededBy: payload.superseded_by,
      source:
        conversation_id !== null && item_id !== null
          ? { conversationId: conversation_id, itemId: item_id }
          : null,
      createdAtMs: payload.created_at,
      lastUsedAtMs: payload.last_used_at,
    },
    replacing: payload.replacing,
  };
}

export function ownerOf(point: ReadPoint): Owner {
  const { owner_key, owner_user } = point.payload as unknown as MemoryPayload;
  return { key: owner_key, user: owner_user };
}
