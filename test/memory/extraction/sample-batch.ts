import type { NumberedMessage } from '../../../src/memory/extraction/extraction-prompt.ts';
import type { BatchMessage } from '../../../src/memory/learning/batch-reader.ts';
import type { Memory } from '../../../src/memory/memory.ts';

export const ALICE = { key: 'local', user: 'alice' };
export const SAID_AT_MS = Date.UTC(2026, 10, 20, 18, 30);

/** `me: …` is said by the person and to be learned from, `too: …` by the person and not, `bot: …` by the assistant. */
export function batchOf(...lines: readonly string[]): BatchMessage[] {
  return lines.map((line, index) => {
    const [, who = '', text = ''] = /^(me|too|bot): ([\s\S]*)$/.exec(line) ?? [];
    const role = who === 'bot' ? 'assistant' : 'user';
    return {
      itemId: `item_${index + 1}`,
      role,
      text,
      saidAtMs: SAID_AT_MS + index * 1000,
      learn: who === 'me',
    };
  });
}

export function numbered(...lines: readonly string[]): NumberedMessage[] {
  return batchOf(...lines).map((message, index) => ({ ...message, number: index + 1 }));
}

/** Something that is remembered already, and holds. */
export function knownMemory(text: string, details: Partial<Memory> = {}): Memory {
  return {
    id: `known: ${text}`,
    kind: 'fact',
    text,
    subject: 'user',
    attribute: null,
    value: null,
    importance: 0.5,
    validAtMs: SAID_AT_MS - 86_400_000,
    invalidAtMs: null,
    supersededBy: null,
    source: null,
    createdAtMs: SAID_AT_MS - 86_400_000,
    lastUsedAtMs: null,
    ...details,
  };
}

export function home(place: string): Memory {
  return knownMemory(`The user lives in ${place}.`, { kind: 'profile', attribute: 'home', value: place });
}

/** What a model writes about one fact. */
export function claim(from: readonly number[], text: string, details: object = {}) {
  return { from, text, kind: 'fact', subject: 'user', importance: 3, replaces: [], ...details };
}

export function answer(...facts: readonly unknown[]): string {
  return JSON.stringify({ facts });
}
