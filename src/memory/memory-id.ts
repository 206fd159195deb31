import { hash } from 'node:crypto';
import { v5 } from 'uuid';
import type { Owner } from '../conversation/store.ts';
import type { MemorySource } from './memory.ts';

/** Of this program; any other UUID would do as well, and none may ever take its place. */
const NAMESPACE = '8a1f3c5e-0d5b-4e0f-9a57-6d0f6a2c9b41';

/** The id of what was learned from one place: the same words from the same item are the same memory, whoever reads them again. */
export function memoryId(owner: Owner, source: MemorySource, text: string): string {
  const { conversationId, itemId } = source;
  return v5(JSON.stringify([owner.key, owner.user, conversationId, itemId, fingerprintOf(text)]), NAMESPACE);
}

/** The same for texts that say the same word for word, whatever their case, punctuation and spaces. */
export function fingerprintOf(text: string): string {
  return (
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{N}\p{M}]+/gu) ?? []
  ).join(' ');
}

/** The id of what was written down by hand. @param unique an id that was never used before */
export function writtenMemoryId(unique: string): string {
  return v5(unique, NAMESPACE);
}

/** The same for texts that say the same word for word. Texts without a word are the same when they are equal. */
export function hashOfWords(text: string): string {
  return hash('sha256', fingerprintOf(text) || text.trim(), 'base64');
}

export function sameValue(one: string | null, other: string | null): boolean {
  return one !== null && other !== null && hashOfWords(one) === hashOfWords(other);
}
