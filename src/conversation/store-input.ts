import { VivavoceError } from '../errors.ts';
import type { Item } from './item.ts';
import type { Owner, PageQuery, Placement } from './store.ts';

export const MAX_PAGE = 100;

/** Refuses what no store could keep as it is. Every implementation of `ConversationStore` asks here first. */
export function checkOwner(owner: Owner): void {
  checkName(owner.key, 'owner.key');
  checkName(owner.user, 'owner.user');
}

export function checkConversation(owner: Owner, conversationId: string): void {
  checkOwner(owner);
  checkName(conversationId, 'conversation_id');
}

/** An owner may be a larger object with these two fields; statements take no others. */
export function bareOwner({ key, user }: Owner): Owner {
  return { key, user };
}

/** NUL ends a text in SQLite and a lone surrogate has no UTF-8: two ids, or two users, could become one. */
export function checkName(name: string, param: string): void {
  if (typeof name !== 'string' || name === '') throw invalid(param, 'must be a text that is not empty');
  if (name.includes('\0') || !name.isWellFormed()) throw invalid(param, 'must be valid Unicode without NUL');
}

export function checkTime(timeMs: number, param: string): void {
  if (!Number.isSafeInteger(timeMs)) throw invalid(param, 'must be whole milliseconds since 1970');
}

export function checkItem(item: Item): void {
  checkName(item.id, 'item.id');
  checkTime(item.createdAtMs, 'item.createdAtMs');
  if (item.responseId !== null) checkName(item.responseId, 'item.responseId');
}

export function checkPlacement(placement: Placement): void {
  if (typeof placement === 'object') checkName(placement.after, 'previous_item_id');
}

/** Of lists that are no pages: whoever asks for a long one waits for it. */
export function checkLimit(limit: number): void {
  if (!Number.isSafeInteger(limit) || limit < 1) throw invalid('limit', 'must be a whole number from 1');
}

export function checkPage({ after, limit, order }: PageQuery): void {
  if (after !== undefined) checkName(after, 'after');
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE) {
    throw invalid('limit', `must be a whole number from 1 to ${MAX_PAGE}`);
  }
  if (order !== 'asc' && order !== 'desc') throw invalid('order', 'must be "asc" or "desc"');
}

function invalid(param: string, problem: string): VivavoceError {
  return new VivavoceError('invalid_request', `${param} ${problem}`, { param });
}
