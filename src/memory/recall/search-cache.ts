import { LRUCache } from 'lru-cache';
import type { Clock } from '../../clock.ts';
import type { Owner } from '../../conversation/store.ts';

interface Options {
  readonly ttlMs: number;
  readonly maxBytes: number;
  readonly clock: Pick<Clock, 'monotonicMs'>;
}

export interface CacheCounters {
  readonly hits: number;
  readonly misses: number;
  readonly entries: number;
  readonly bytes: number;
}

interface Entry<T> {
  readonly owner: string;
  readonly value: T;
  readonly bytes: number;
}

/**
 * Answers of searches by owner and question, for a while, within a bound of memory, and until the owner's memory changes.
 *
 * The newest answer of an owner is kept beyond that as the stale one: better than none when a search is too slow.
 */
export class SearchCache<T extends object> {
  readonly #entries: LRUCache<string, Entry<T>>;
  readonly #newest: LRUCache<string, Entry<T>>;
  readonly #keysOf = new Map<string, Set<string>>();
  #hits = 0;
  #misses = 0;

  constructor({ ttlMs, maxBytes, clock }: Options) {
    const shared = {
      maxSize: maxBytes / 2,
      sizeCalculation: ({ bytes }: Entry<T>) => bytes,
      perf: { now: () => clock.monotonicMs() },
      ttlResolution: 0,
    };
    this.#entries = new LRUCache({
      ...shared,
      ttl: ttlMs,
      dispose: ({ owner }, key) => this.#unlist(owner, key),
    });
    this.#newest = new LRUCache(shared);
  }

  get(owner: Owner, question: string): T | null {
    const found = this.#entries.get(keyOf(ownerKey(owner), question));
    if (found) this.#hits++;
    else this.#misses++;
    return found?.value ?? null;
  }

  /** Whether it would be a hit; counts as nothing. */
  has(owner: Owner, question: string): boolean {
    return this.#entries.has(keyOf(ownerKey(owner), question));
  }

  set(owner: Owner, question: string, value: T): void {
    const name = ownerKey(owner);
    const key = keyOf(name, question);
    // Two bytes a character, and what the maps take.
    const entry = { owner: name, value, bytes: 2 * (JSON.stringify(value).length + key.length) + 200 };
    this.#entries.set(key, entry);
    this.#newest.set(name, entry);
    if (!this.#entries.has(key)) return;
    const keys = this.#keysOf.get(name) ?? new Set();
    this.#keysOf.set(name, keys.add(key));
  }

  /** The newest answer to anything that this owner has asked; null when there is none. */
  stale(owner: Owner): T | null {
    return this.#newest.get(ownerKey(owner))?.value ?? null;
  }

  /** Their memory has changed: nothing of what was found holds; the stale answer stays, for when nothing else is there. */
  drop(owner: Owner): void {
    for (const key of [...(this.#keysOf.get(ownerKey(owner)) ?? [])]) this.#entries.delete(key);
  }

  /** Everything of this owner, the stale answer too: they want to be forgotten. */
  forget(owner: Owner): void {
    this.drop(owner);
    this.#newest.delete(ownerKey(owner));
  }

  get counters(): CacheCounters {
    return {
      hits: this.#hits,
      misses: this.#misses,
      entries: this.#entries.size,
      bytes: this.#entries.calculatedSize + this.#newest.calculatedSize,
    };
  }

  #unlist(owner: string, key: string): void {
    const keys = this.#keysOf.get(owner);
    keys?.delete(key);
    if (keys?.size === 0) this.#keysOf.delete(owner);
  }
}

export function ownerKey({ key, user }: Owner): string {
  return JSON.stringify([key, user]);
}

function keyOf(owner: string, question: string): string {
  return `${owner}\n${question}`;
}
