import type {
  CreateMemoryRequest,
  RestMemory,
  RestMemoryErasure,
  UpdateMemoryRequest,
} from '../../../src/protocol/rest-memories.ts';
import { Value } from '../agent/value.ts';
import type { MemoryRest } from '../api/memory-rest.ts';

const PAGE = 50;
const MAX_PAGE = 100;
/** Nobody has finished typing who typed a moment ago. */
const TYPING_MS = 150;
/** How often an erasure is asked how far it is. */
const POLL_MS = 500;

export interface MemoryBookState {
  readonly isOpen: boolean;
  /** Who the person is. */
  readonly profile: readonly RestMemory[];
  /** Newest first, with what no longer holds. */
  readonly memories: readonly RestMemory[];
  readonly hasMore: boolean;
  readonly isLoaded: boolean;
  /** What is looked for; empty: nothing. */
  readonly query: string;
  /** Best first; null before the first answer to a query. */
  readonly found: readonly RestMemory[] | null;
  /** Why the list is not what it should be. */
  readonly problem: string | null;
}

const closed: MemoryBookState = {
  isOpen: false,
  profile: [],
  memories: [],
  hasMore: false,
  isLoaded: false,
  query: '',
  found: null,
  problem: null,
};

interface Deps {
  readonly rest: MemoryRest;
  /** Resolves so many milliseconds later. */
  readonly pause: (ms: number) => Promise<void>;
}

/** What is remembered of the person, as it is shown. */
export class MemoryBook {
  readonly state = new Value<MemoryBookState>(closed);
  readonly #deps: Deps;
  /** The answer to an older question must not take the place of a newer one. */
  #search = new AbortController();
  #loads = 0;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  open(): void {
    this.#set({ isOpen: true });
    void this.refresh();
  }

  /** What was shown is forgotten: it is read again when it is opened again. */
  close(): void {
    this.#search.abort();
    this.#loads++;
    this.state.set(closed);
  }

  /** Reads what is shown again; nothing while nothing is. */
  async refresh(): Promise<void> {
    const { isOpen, query, memories } = this.state.current;
    if (!isOpen) return;
    const shown = Math.min(Math.max(memories.length, PAGE), MAX_PAGE);
    await Promise.all([
      this.#load(async () => {
        const { rest } = this.#deps;
        const [profile, page] = await Promise.all([rest.profile(), rest.list(null, shown)]);
        return { profile, memories: page.data, hasMore: page.has_more };
      }),
      query === '' ? null : this.search(query),
    ]);
  }

  async more(): Promise<void> {
    const { memories } = this.state.current;
    await this.#load(async () => {
      const page = await this.#deps.rest.list(memories.at(-1)?.id ?? null, PAGE);
      const known = new Set(memories.map(({ id }) => id));
      const added = page.data.filter(({ id }) => !known.has(id));
      return { memories: [...memories, ...added], hasMore: page.has_more };
    });
  }

  /** @param query empty: back to the list */
  async search(query: string): Promise<void> {
    this.#search.abort();
    this.#search = new AbortController();
    const { signal } = this.#search;
    const isSame = query === this.state.current.query;
    this.#set({ query, ...(!isSame && { found: null }) });
    if (query.trim() === '') return;
    await this.#deps.pause(TYPING_MS);
    if (signal.aborted) return;
    try {
      const found = await this.#deps.rest.search(query.trim(), signal);
      if (!signal.aborted) this.#set({ found, problem: null });
    } catch (error) {
      if (!signal.aborted) this.#set({ problem: messageOf(error) });
    }
  }

  /** @throws what MemoryRest throws, as do the three below: who asked shows it where it was asked */
  async add(memory: CreateMemoryRequest): Promise<void> {
    await this.#deps.rest.add(memory);
    await this.refresh();
  }

  async correct(id: string, correction: UpdateMemoryRequest): Promise<void> {
    await this.#deps.rest.correct(id, correction);
    await this.refresh();
  }

  async delete(id: string): Promise<void> {
    await this.#deps.rest.delete(id);
    await this.refresh();
  }

  async export(): Promise<Blob> {
    return await this.#deps.rest.export();
  }

  /**
   * Erases all memories and all conversations.
   *
   * @param onBegun called when it goes on whatever happens to this page
   */
  async eraseEverything(onBegun: () => void): Promise<void> {
    const { rest, pause } = this.#deps;
    let erasure: RestMemoryErasure = await rest.eraseEverything();
    onBegun();
    while (erasure.status === 'in_progress') {
      await pause(POLL_MS);
      erasure = await rest.erasure(erasure.id);
    }
  }

  /** Reads the list; of several reads the one that began last counts. */
  async #load(read: () => Promise<Partial<MemoryBookState>>): Promise<void> {
    const load = ++this.#loads;
    const result = await read().then(
      (change) => ({ ...change, problem: null }),
      (error: unknown) => ({ problem: messageOf(error) }),
    );
    if (load === this.#loads) this.#set({ ...result, isLoaded: true });
  }

  #set(change: Partial<MemoryBookState>): void {
    this.state.set({ ...this.state.current, ...change });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
