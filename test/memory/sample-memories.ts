import type { Owner } from '../../src/conversation/store.ts';
import type { FoundMemory, Memory, MemoryChange, NewMemory } from '../../src/memory/memory.ts';
import type { EmbeddingSpace, MemoryPage, MemoryStore } from '../../src/memory/memory-store.ts';

export const ALICE: Owner = { key: 'home', user: 'alice' };
export const BOB: Owner = { key: 'home', user: 'bob' };
/** Another person of the same name, behind another key. */
export const OTHER_ALICE: Owner = { key: 'office', user: 'alice' };
/** Whoever opens a shared store for the contract empties these when a test is over. */
export const OWNERS: readonly Owner[] = [ALICE, BOB, OTHER_ALICE];

export const DAY_MS = 86_400_000;
export const START_MS = Date.UTC(2026, 10, 21, 10, 0, 0);

export const EVERYTHING: MemoryPage = { limit: 100, order: 'asc', withHistory: true };
export const HOLDING: MemoryPage = { ...EVERYTHING, withHistory: false };

export const SPACE: EmbeddingSpace = { model: 'fake:four', dimensions: 4 };
export const OTHER_SPACE: EmbeddingSpace = { model: 'fake:six', dimensions: 6 };

/** A UUID that is the same for the same number. */
export function idOf(number: number): string {
  return `00000000-0000-5000-8000-${String(number).padStart(12, '0')}`;
}

let day = 0;

/** Each is learned a day after the one before it. */
export function memory(number: number, text: string, changes: Partial<NewMemory> = {}): NewMemory {
  day += 1;
  const atMs = START_MS + day * DAY_MS;
  return {
    id: idOf(number),
    kind: 'fact',
    text,
    subject: 'user',
    attribute: null,
    value: null,
    importance: 0.5,
    validAtMs: atMs,
    source: { conversationId: 'conv', itemId: `item_${number}` },
    createdAtMs: atMs,
    context: '',
    ...changes,
  };
}

/** Where somebody lives: one place at a time. */
export function home(number: number, city: string, changes: Partial<NewMemory> = {}): NewMemory {
  return memory(number, `The user lives in ${city}.`, { attribute: 'home', value: city, ...changes });
}

export function add(memory: NewMemory, supersedes: readonly string[] = []): MemoryChange {
  return { type: 'add', memory, supersedes };
}

/** As it is kept when nothing has happened to it since. */
export function kept({ context: _, ...memory }: NewMemory, changes: Partial<Memory> = {}): Memory {
  return { ...memory, invalidAtMs: null, supersededBy: null, lastUsedAtMs: null, ...changes };
}

export function texts(memories: readonly Memory[]): string[] {
  return memories.map(({ text }) => text);
}

/** A unit vector along one axis, or between two. */
export function along(...axes: number[]): Float32Array {
  const vector = new Float32Array(SPACE.dimensions);
  for (const axis of axes) vector[axis] = 1 / Math.sqrt(axes.length);
  return vector;
}

export function find(
  store: MemoryStore,
  owner: Owner,
  text: string,
  { vector = null, limit = 10 }: { vector?: Float32Array | null; limit?: number } = {},
): Promise<readonly FoundMemory[]> {
  return store.search(owner, { text, vector, limit }, AbortSignal.timeout(10_000));
}

export async function foundTexts(...query: Parameters<typeof find>): Promise<string[]> {
  return (await find(...query)).map(({ memory }) => memory.text);
}
