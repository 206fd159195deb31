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
  /** Questions that nobody had asked: so many searches were made. */
  readonly misses: number;
  /** Questions for which the same search was under way, and that shared it. */
  readonly shared: number;
  readonly failures: number;
  readonly entries: number;
  readonly bytes: number;
}

interface Entry<T> {
  readonly owner: string;
  readonly value: T;
  readonly bytes: number;
}

interface Search<T> {
  readonly value: Promise<T>;
  /** What it finds may not hold any more: the memory has changed since it began. */
  isOutdated: boolean;
}

/** Answers that are too old go so many times in the time that they hold. A timer for each would be the other way. */
const SWEEPS = 5;

/**
 * Answers of searches by owner and question, for a while, within a bound of memory, and until the owner's memory changes.
 * The same question asked twice at once is searched once.
 *
 * The newest answer of an owner is kept beyond that as the stale one: better than none when a search is too slow.
 */
export class SearchCache<T extends object> {
  readonly #entries: LRUCache<string, Entry<T>>;
  readonly #newest: LRUCache<string, Entry<T>>;
  /** By owner, then by question: what is cached, and what is under way. */
  readonly #questionsOf = new Map<string, Set<string>>();
  readonly #running = new Map<string, Map<string, Search<T>>>();
  #hits = 0;
  #misses = 0;
  #shared = 0;
  #failures = 0;
  readonly #clock: Options['clock'];
  readonly #sweepMs: number;
  #sweptMs: number;

  constructor({ ttlMs, maxBytes, clock }: Options) {
    this.#clock = clock;
    this.#sweepMs = ttlMs / SWEEPS;
    this.#sweptMs = clock.monotonicMs();
    const shared = {
      maxSize: maxBytes / 2,
      sizeCalculation: ({ bytes }: Entry<T>) => bytes,
      // It takes a beginning at 0 for none.
      perf: { now: () => clock.monotonicMs() + 1 },
      ttlResolution: 0,
    };
    this.#entries = new LRUCache({
      ...shared,
      ttl: ttlMs,
      dispose: ({ owner }, key) => this.#unlist(owner, key),
    });
    this.#newest = new LRUCache(shared);
  }

  /** What is known, without asking anybody; null when nothing is. */
  get(owner: Owner, question: string): T | null {
    const found = this.#entries.get(keyOf(ownerKey(owner), question));
    if (found) this.#hits++;
    return found?.value ?? null;
  }

  /** What `search` finds, unless it is known or being found out already. A search that its caller gave up goes on. */
  async find(owner: Owner, question: string, search: () => Promise<T>): Promise<T> {
    const name = ownerKey(owner);
    const known = this.get(owner, question);
    if (known) return known;
    const running = this.#running.get(name)?.get(question);
    if (running && !running.isOutdated) {
      this.#shared++;
      return await running.value;
    }
    this.#misses++;
    const begun: Search<T> = { value: search(), isOutdated: false };
    const searches = this.#running.get(name) ?? new Map<string, Search<T>>();
    this.#running.set(name, searches.set(question, begun));
    try {
      const value = await begun.value;
      if (!begun.isOutdated) this.#keep(name, question, value);
      return value;
    } catch (error) {
      this.#failures++;
      throw error;
    } finally {
      if (searches.get(question) === begun) searches.delete(question);
      if (searches.size === 0 && this.#running.get(name) === searches) this.#running.delete(name);
    }
  }

  /** The newest answer to anything that this owner has asked; null when there is none. */
  stale(owner: Owner): T | null {
    return this.#newest.get(ownerKey(owner))?.value ?? null;
  }

  /** Their memory has changed: nothing of what was found holds; the stale answer stays, for when nothing else is there. */
  drop(owner: Owner): void {
    const name = ownerKey(owner);
    for (const key of [...(this.#questionsOf.get(name) ?? [])]) this.#entries.delete(key);
    for (const search of this.#running.get(name)?.values() ?? []) search.isOutdated = true;
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
      shared: this.#shared,
      failures: this.#failures,
      entries: this.#entries.size,
      bytes: this.#entries.calculatedSize + this.#newest.calculatedSize,
    };
  }

  #keep(name: string, question: string, value: T): void {
    this.#sweep();
    const key = keyOf(name, question);
    // Two bytes a character, and what the maps take.
    const entry = { owner: name, value, bytes: 2 * (JSON.stringify(value).length + key.length) + 200 };
    this.#entries.set(key, entry);
    this.#newest.set(name, entry);
    if (!this.#entries.has(key)) return;
    const keys = this.#questionsOf.get(name) ?? new Set();
    this.#questionsOf.set(name, keys.add(key));
  }

  /** Nobody asks again for most of what was found, and only who asks would see that it is too old. */
  #sweep(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#sweptMs < this.#sweepMs) return;
    this.#sweptMs = nowMs;
    this.#entries.purgeStale();
  }

  #unlist(owner: string, key: string): void {
    const keys = this.#questionsOf.get(owner);
    keys?.delete(key);
    if (keys?.size === 0) this.#questionsOf.delete(owner);
  }
}

export function ownerKey({ key, user }: Owner): string {
  return JSON.stringify([key, user]);
}

function keyOf(owner: string, question: string): string {
  return `${owner}\n${question}`;
}
