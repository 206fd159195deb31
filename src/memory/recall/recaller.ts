import type { Clock } from '../../clock.ts';
import type { Owner } from '../../conversation/store.ts';
import type { RankedMemory } from '../scoring.ts';
import { queryKey } from './query-key.ts';
import type { RecentlySaid } from './recently-said.ts';
import type { Recalled, Recollection } from './recollection.ts';
import { type CacheCounters, ownerKey, SearchCache } from './search-cache.ts';

const CACHE = { ttlMs: 300_000, maxBytes: 16 * 1024 * 1024 };
/** Nobody waits for it any more by then; it is still worth to be cached until here. */
const SEARCH_DEADLINE_MS = 2_000;
const MAX_MEMORIES = 8;
const MAX_SAID = 3;

interface Deps {
  readonly find: (
    owner: Owner,
    text: string,
    limit: number,
    signal: AbortSignal,
  ) => Promise<readonly RankedMemory[]>;
  readonly said: Pick<RecentlySaid, 'search'>;
  readonly clock: Clock;
}

/** What somebody asks, and where: what was said there the model knows anyway. */
export interface Question {
  readonly text: string;
  readonly conversationId: string | null;
}

export interface RecallCounters extends CacheCounters {
  /** Searches of the store. */
  readonly searches: number;
  /** Questions that found the same search under way and shared it. */
  readonly shared: number;
  readonly failures: number;
}

interface Search {
  readonly found: Promise<Found>;
  /** The memory has changed since it began. */
  isOutdated: boolean;
}

interface Found {
  readonly memories: readonly Recalled[];
  /** Where they were learned, item by item. */
  readonly sources: readonly (string | null)[];
}

/**
 * Finds what is remembered about a question, so fast that no turn waits for it.
 *
 * Answers are cached until the owner's memory changes; the same question asked twice at once is searched once. A search
 * that its turn gave up goes on, so that the next turn has it.
 */
export class Recaller {
  readonly #deps: Deps;
  readonly #cache: SearchCache<Found>;
  readonly #running = new Map<string, Search>();
  #searches = 0;
  #shared = 0;
  #failures = 0;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#cache = new SearchCache({ ...CACHE, clock: deps.clock });
  }

  async recall(owner: Owner, { text, conversationId }: Question): Promise<Recollection> {
    const question = queryKey(text);
    if (question === '') return { memories: [], source: 'none' };
    const cached = this.#cache.get(owner, question);
    const saying = this.#deps.said.search(owner, text, MAX_SAID * 2);
    // The search may fail first, and then nobody waits for this.
    saying.catch(() => undefined);
    const { memories, sources } = cached ?? (await this.#search(owner, question, text));
    const said = (await saying)
      .filter((each) => each.conversationId !== conversationId && !sources.includes(each.itemId))
      .slice(0, MAX_SAID)
      .map(({ id, kind, text, validAtMs, score }) => ({ id, kind, text, validAtMs, score }));
    return { memories: [...memories, ...said], source: cached ? 'cache' : 'search' };
  }

  /** Searches for what is probably going to be asked. */
  prefetch(owner: Owner, text: string): void {
    const question = queryKey(text);
    // One word tells too little, and the next partial text comes soon.
    if (!question.includes(' ') || this.#cache.has(owner, question)) return;
    this.#search(owner, question, text).catch(() => undefined);
  }

  /** What was found for an earlier question: better than nothing when this one takes too long. */
  stale(owner: Owner): Recollection {
    const found = this.#cache.stale(owner);
    return { memories: found?.memories ?? [], source: found ? 'stale' : 'none' };
  }

  /** The memory of this owner has changed. */
  changed(owner: Owner): void {
    this.#cache.drop(owner);
    this.#outdate(owner);
  }

  /** They want to be forgotten. */
  forget(owner: Owner): void {
    this.#cache.forget(owner);
    this.#outdate(owner);
  }

  get counters(): RecallCounters {
    const { counters } = this.#cache;
    return { ...counters, searches: this.#searches, shared: this.#shared, failures: this.#failures };
  }

  #search(owner: Owner, question: string, text: string): Promise<Found> {
    const key = `${ownerKey(owner)}\n${question}`;
    const running = this.#running.get(key);
    if (running && !running.isOutdated) {
      this.#shared++;
      return running.found;
    }
    const search: Search = { found: this.#find(owner, text), isOutdated: false };
    this.#running.set(key, search);
    search.found
      .then(
        (found) => {
          if (!search.isOutdated) this.#cache.set(owner, question, found);
        },
        () => {
          this.#failures++;
        },
      )
      .finally(() => {
        if (this.#running.get(key) === search) this.#running.delete(key);
      });
    return search.found;
  }

  async #find(owner: Owner, text: string): Promise<Found> {
    this.#searches++;
    const own = new AbortController();
    using _deadline = this.#deps.clock.after(SEARCH_DEADLINE_MS, () => own.abort());
    const ranked = await this.#deps.find(owner, text, MAX_MEMORIES, own.signal);
    return {
      memories: ranked.map(({ memory, score }) => ({
        id: memory.id,
        kind: memory.kind,
        text: memory.text,
        validAtMs: memory.validAtMs,
        score,
      })),
      sources: ranked.map(({ memory }) => memory.source?.itemId ?? null),
    };
  }

  #outdate(owner: Owner): void {
    const prefix = `${ownerKey(owner)}\n`;
    for (const [key, search] of this.#running) if (key.startsWith(prefix)) search.isOutdated = true;
  }
}
