import type { Owner } from '../conversation/store.ts';
import { VivavoceError } from '../errors.ts';
import { MEMORY_KINDS, type MemoryChange, type MemoryEdit, type NewMemory } from './memory.ts';
import type { EmbeddingSpace, MemoryPage, MemoryQuery } from './memory-store.ts';

export const MAX_FOUND = 100;
export const MAX_MEMORY_PAGE = 100;
/** Characters of one memory: a long paragraph. */
export const MAX_MEMORY_TEXT = 4_000;
const MAX_NAME = 500;

/**
 * Refuses what no store could keep as it is, before anything is written. Every implementation of `MemoryStore` asks here
 * first. The context of a memory and the text of a query may be anything: only their words are looked at.
 */
export function checkOwner({ key, user }: Owner): void {
  checkText(key, 'owner.key', MAX_NAME);
  checkText(user, 'owner.user', MAX_NAME);
}

export function checkId(id: string, param = 'memory_id'): void {
  checkText(id, param, MAX_NAME);
}

export function checkTime(timeMs: number, param: string): void {
  if (!Number.isSafeInteger(timeMs)) throw invalid(param, 'must be whole milliseconds since 1970');
}

export function checkChanges(changes: readonly MemoryChange[]): void {
  for (const change of changes) {
    if (change.type === 'add') {
      checkNew(change.memory);
      for (const id of change.supersedes) checkId(id, 'supersedes');
    } else {
      checkId(change.id);
      if (change.type === 'edit') checkEdit(change.edit);
      else checkTime(change.atMs, 'atMs');
    }
  }
}

export function checkQuery({ text, vector, limit }: MemoryQuery, space: EmbeddingSpace | null): void {
  if (typeof text !== 'string') throw invalid('query', 'must be a text');
  if (vector) checkVector(vector, space);
  checkLimit(limit, MAX_FOUND);
}

export function checkPage({ after, limit, order }: MemoryPage): void {
  if (after !== undefined) checkId(after, 'after');
  checkLimit(limit, MAX_MEMORY_PAGE);
  if (order !== 'asc' && order !== 'desc') throw invalid('order', 'must be "asc" or "desc"');
}

/** Without a space there is nothing that it has to fit, and nothing to do with it. */
export function checkVector(vector: Float32Array, space: EmbeddingSpace | null): void {
  if (!space) return;
  if (vector.length !== space.dimensions) {
    const problem = `must have the ${space.dimensions} numbers of ${space.model}, not ${vector.length}`;
    throw invalid('vector', problem);
  }
  // Not `every`: this is on the way of each search.
  let squares = 0;
  for (const number of vector) squares += number * number;
  if (!(squares > 0 && squares < Number.POSITIVE_INFINITY))
    throw invalid('vector', 'must have a direction: finite numbers, not all of them zero');
}

function checkNew(memory: NewMemory): void {
  checkId(memory.id, 'memory.id');
  checkText(memory.text, 'memory.text', MAX_MEMORY_TEXT);
  checkText(memory.subject, 'memory.subject', MAX_NAME);
  if (memory.attribute !== null) checkText(memory.attribute, 'memory.attribute', MAX_NAME);
  if (memory.value !== null) checkText(memory.value, 'memory.value', MAX_MEMORY_TEXT);
  checkKind(memory.kind);
  checkImportance(memory.importance);
  checkTime(memory.validAtMs, 'memory.validAtMs');
  checkTime(memory.createdAtMs, 'memory.createdAtMs');
  if (memory.source) {
    checkId(memory.source.conversationId, 'memory.source.conversationId');
    checkId(memory.source.itemId, 'memory.source.itemId');
  }
}

function checkEdit({ text, kind, value, importance }: MemoryEdit): void {
  if (text !== undefined) checkText(text, 'memory.text', MAX_MEMORY_TEXT);
  if (kind !== undefined) checkKind(kind);
  if (typeof value === 'string') checkText(value, 'memory.value', MAX_MEMORY_TEXT);
  if (importance !== undefined) checkImportance(importance);
}

function checkKind(kind: string): void {
  if (!(MEMORY_KINDS as readonly string[]).includes(kind))
    throw invalid('memory.kind', `must be one of ${MEMORY_KINDS.join(', ')}`);
}

function checkImportance(importance: number): void {
  if (!(importance >= 0 && importance <= 1))
    throw invalid('memory.importance', 'must be a number from 0 to 1');
}

function checkLimit(limit: number, max: number): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > max)
    throw invalid('limit', `must be a whole number from 1 to ${max}`);
}

/** NUL ends a text in SQLite and a lone surrogate has no UTF-8: two ids, or two users, could become one. */
function checkText(text: string, param: string, maxLength: number): void {
  if (typeof text !== 'string' || text.trim() === '')
    throw invalid(param, 'must be a text that is not empty');
  if (text.length > maxLength) throw invalid(param, `must have at most ${maxLength} characters`);
  if (text.includes('\0') || !text.isWellFormed()) throw invalid(param, 'must be valid Unicode without NUL');
}

function invalid(param: string, problem: string): VivavoceError {
  return new VivavoceError('invalid_request', `${param} ${problem}`, { param });
}
