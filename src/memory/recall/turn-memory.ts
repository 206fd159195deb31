import type { Clock } from '../../clock.ts';
import type { Owner } from '../../conversation/store.ts';
import type { MemoryKeeper } from '../memory-keeper.ts';
import { termsOf } from '../terms.ts';
import { asksForAll } from './asks-for-all.ts';
import { queryKey } from './query-key.ts';
import type { RecentlySaid } from './recently-said.ts';
import type { Question, Recalled, Recollection } from './recollection.ts';
import { type CacheCounters, SearchCache } from './search-cache.ts';

const SEARCHES = { ttlMs: 300_000, maxBytes: 16 * 1024 * 1024 };
const PROFILES = { ttlMs: 300_000, maxBytes: 4 * 1024 * 1024 };
/** Nobody waits so long; what it finds is still good for the next turn. */
const SEARCH_DEADLINE_MS = 2_000;
/** The vector of a question may take so long; after that words alone are compared. */
const VECTOR_WITHIN_MS = 120;
const MAX_MEMORIES = 8;
const MAX_SAID = 3;
/** Of who wants to know all that is known. */
const MAX_OVERVIEW = 20;
/** How recently something was used matters by the month: once a day is often enough to note it. */
const NOTE_USE_EVERY_MS = 24 * 3_600_000;
const MAX_NOTED = 10_000;

interface Deps {
  readonly keeper: Pick<MemoryKeeper, 'search' | 'overview' | 'profile' | 'touch'>;
  readonly said: Pick<RecentlySaid, 'search' | 'searchNow'>;
  readonly clock: Clock;
}

/** What was found in the store. */
interface Found {
  readonly memories: readonly Recalled[];
  /** The items from which they were learned. */
  readonly learnedFrom: readonly (string | null)[];
}

/** The memory as a turn uses it: cached, and with something to say at once when the turn cannot wait. */
export class TurnMemory {
  readonly #deps: Deps;
  readonly #searches: SearchCache<Found>;
  readonly #profiles: SearchCache<readonly Recalled[]>;
  /** When the use of a memory was noted last, of those that were used lately. */
  readonly #noted = new Map<string, number>();

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#searches = new SearchCache({ ...SEARCHES, clock: deps.clock });
    this.#profiles = new SearchCache({ ...PROFILES, clock: deps.clock });
  }

  /** What is remembered about words of a person, best first, and what they have said of it that is no memory yet. */
  async recall(owner: Owner, { text, conversationId }: Question): Promise<Recollection> {
    const question = queryKey(text);
    if (question === '') return { memories: [], source: 'none' };
    const saying = this.#deps.said.search(owner, text);
    // The search may fail first, and then nobody waits for this.
    saying.catch(() => undefined);
    const known = this.#searches.get(owner, question);
    const { memories, learnedFrom } = known ?? (await this.#find(owner, question, text));
    const tellsMore = (each: { readonly itemId: string; readonly text: string }) => {
      const learned = memories.filter((_, at) => learnedFrom[at] === each.itemId);
      return learned.length === 0 || addsTo(learned, each.text, text);
    };
    const said = (await saying)
      .filter((each) => each.conversationId !== conversationId && tellsMore(each))
      .slice(0, MAX_SAID)
      .map(toRecalled);
    return { memories: [...memories, ...said], source: known ? 'cache' : 'search' };
  }

  /**
   * At once, for a turn that cannot wait: what was found for an earlier question, and what the person has said of this one
   * that is no memory yet.
   */
  stale(owner: Owner, { text, conversationId }: Question): Recollection {
    const found = this.#searches.stale(owner)?.memories ?? [];
    const said = this.#deps.said
      .searchNow(owner, text)
      .filter((each) => each.conversationId !== conversationId)
      .slice(0, MAX_SAID)
      .map(toRecalled);
    const memories = [...found, ...said];
    return { memories, source: memories.length > 0 ? 'stale' : 'none' };
  }

  /** Looks for what is remembered about words that are probably going to be answered. */
  prefetch(owner: Owner, text: string): void {
    const question = queryKey(text);
    // One word tells too little, and the next one comes soon.
    if (question.includes(' ')) this.#find(owner, question, text).catch(() => undefined);
  }

  /** These were given to a model. */
  used(owner: Owner, { memories }: Recollection): void {
    const { keeper, clock } = this.#deps;
    const nowMs = clock.nowMs();
    const due = memories
      .map(({ id }) => id)
      .filter((id) => id !== null)
      .filter((id) => nowMs - (this.#noted.get(id) ?? 0) >= NOTE_USE_EVERY_MS);
    if (due.length === 0) return;
    if (this.#noted.size > MAX_NOTED) this.#noted.clear();
    for (const id of due) this.#noted.set(id, nowMs);
    // It is noted with the next use; nothing else depends on it.
    keeper.touch(owner, due, nowMs).catch(() => due.map((id) => this.#noted.delete(id)));
  }

  /** Who the person is. */
  async profile(owner: Owner): Promise<readonly Recalled[]> {
    return await this.#profiles.find(owner, 'profile', () =>
      this.#within(async (signal) => {
        const memories = await this.#deps.keeper.profile(owner, signal);
        return memories.map(({ id, kind, text, validAtMs }) => ({ id, kind, text, validAtMs, score: 1 }));
      }),
    );
  }

  staleProfile(owner: Owner): readonly Recalled[] {
    return this.#profiles.stale(owner) ?? [];
  }

  /** The memory of this owner has changed. What they removed is not told again, not even as a stale answer. */
  changed(owner: Owner, isRemoval: boolean): void {
    const how = isRemoval ? 'forget' : 'drop';
    this.#searches[how](owner);
    this.#profiles[how](owner);
  }

  /** They want to be forgotten. */
  forget(owner: Owner): void {
    this.#searches.forget(owner);
    this.#profiles.forget(owner);
  }

  get counters(): CacheCounters {
    return this.#searches.counters;
  }

  #find(owner: Owner, question: string, text: string): Promise<Found> {
    return this.#searches.find(owner, question, () =>
      this.#within(async (signal) => {
        const query = { text, limit: MAX_MEMORIES, vectorWithinMs: VECTOR_WITHIN_MS };
        const { keeper } = this.#deps;
        const ranked = asksForAll(text)
          ? await keeper.overview(owner, MAX_OVERVIEW)
          : await keeper.search(owner, query, signal);
        return {
          memories: ranked.map(({ memory: { id, kind, text, validAtMs }, score }) => {
            return { id, kind, text, validAtMs, score };
          }),
          learnedFrom: ranked.map(({ memory }) => memory.source?.itemId ?? null),
        };
      }),
    );
  }

  async #within<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const own = new AbortController();
    using _deadline = this.#deps.clock.after(SEARCH_DEADLINE_MS, () => own.abort());
    return await run(own.signal);
  }
}

/** Whether a message says something of what is asked that was not learned from it: of more than one thing, rules learn some. */
function addsTo(learned: readonly Recalled[], message: string, question: string): boolean {
  const said = new Set(termsOf(message));
  const known = new Set(learned.flatMap(({ text }) => termsOf(text)));
  return termsOf(question).some((term) => said.has(term) && !known.has(term));
}

function toRecalled({ id, kind, text, validAtMs, score }: Recalled): Recalled {
  return { id, kind, text, validAtMs, score };
}
