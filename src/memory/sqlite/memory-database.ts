import type { DatabaseSync } from 'node:sqlite';
import { getLoadablePath } from 'sqlite-vec';
import { commitTogether } from '../../sqlite/commit-together.ts';
import { type DatabaseOptions, openDatabase } from '../../sqlite/open-database.ts';
import { PageGaps } from '../../sqlite/page-gaps.ts';
import type { MethodCall, ServedDatabase } from '../../sqlite/serve-database.ts';
import { Statements } from '../../sqlite/statements.ts';
import type { Outcome } from '../../sqlite/store-failure.ts';
import { WalEraser } from '../../sqlite/wal-eraser.ts';
import type { AppliedChange, FoundMemory } from '../memory.ts';
import type { EmbeddingSpace, Unembedded } from '../memory-store.ts';
import { MemoryChanges } from './memory-changes.ts';
import { MEMORY_MIGRATIONS } from './memory-migrations.ts';
import { MemorySearch } from './memory-search.ts';
import { MemoryTable } from './memory-table.ts';
import { OwnerTable } from './owner-table.ts';
import { TermIndex } from './term-index.ts';
import { VectorIndex } from './vector-index.ts';

/** Calls name the space in use, so that a thread that takes the place of a dead one has nothing to be told. */
interface InSpace {
  readonly space: EmbeddingSpace | null;
}

/** What goes into a shared commit. */
export interface Writes {
  apply(argument: Parameters<MemoryChanges['apply']>[0] & InSpace): AppliedChange[];
  touch: MemoryTable['touch'];
  delete: MemoryChanges['delete'];
  eraseSome: MemoryChanges['eraseSome'];
  createSpace(argument: { space: EmbeddingSpace }): void;
  /** True when no vector of another space is left. */
  dropOtherSpaces(argument: InSpace & { limit: number }): boolean;
  setVectors(argument: InSpace & { entries: readonly (Unembedded & { vector: Float32Array })[] }): void;
}

export interface Reads {
  search(argument: Parameters<MemorySearch['search']>[0] & InSpace): FoundMemory[];
  profile: MemoryTable['profile'];
  list: MemoryTable['list'];
  get: MemoryTable['get'];
  history: MemoryTable['history'];
  unembedded(argument: InSpace & { limit: number }): Unembedded[];
  /** Opens the database. */
  open(argument: null): void;
}

// A search reads a few hundred rows from all over the file; with the usual 2 MB most would come from the system.
const CACHE = 'PRAGMA cache_size = -32768';

/** The synchronous side of the memory: one connection and what is done over it. It lives in the memory's thread. */
export class MemoryDatabase implements ServedDatabase {
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #statements: Statements;
  readonly #vectors: VectorIndex;
  readonly #writes: Writes;
  readonly #reads: Reads;
  readonly #log: WalEraser;
  readonly #gaps: PageGaps;

  constructor(options: DatabaseOptions) {
    this.#db = openDatabase(options, { migrations: MEMORY_MIGRATIONS, extend: loadVectors });
    this.#db.exec(CACHE);
    this.#path = options.path;
    this.#log = new WalEraser(this.#db, options.busyTimeoutMs);
    this.#gaps = new PageGaps(this.#db, this.#log);
    const statements = new Statements(this.#db);
    const owners = new OwnerTable(statements);
    const terms = new TermIndex(statements);
    const vectors = new VectorIndex(this.#db, statements);
    const table = new MemoryTable(statements, owners);
    const changes = new MemoryChanges(statements, owners, { terms, vectors });
    const search = new MemorySearch(statements, { owners, terms, vectors });
    this.#statements = statements;
    this.#vectors = vectors;
    const within = ({ space }: InSpace) => vectors.select(space);
    this.#writes = {
      apply: (argument) => {
        within(argument);
        return changes.apply(argument);
      },
      touch: (argument) => table.touch(argument),
      delete: (argument) => changes.delete(argument),
      eraseSome: (argument) => changes.eraseSome(argument),
      createSpace: ({ space }) => vectors.create(space),
      dropOtherSpaces: (argument) => {
        within(argument);
        return vectors.dropOthers(argument.limit);
      },
      setVectors: (argument) => {
        within(argument);
        for (const { owner, ...entry } of argument.entries) changes.setVector(owner, entry);
      },
    };
    this.#reads = {
      search: (argument) => {
        within(argument);
        return search.search(argument);
      },
      profile: (argument) => table.profile(argument),
      list: (argument) => table.list(argument),
      get: (argument) => table.get(argument),
      history: (argument) => table.history(argument),
      unembedded: (argument) => {
        within(argument);
        return table.unembedded({ space: vectors.space, limit: argument.limit });
      },
      open: () => {},
    };
  }

  write(calls: readonly MethodCall[]): Outcome<unknown>[] {
    const outcomes = commitTogether(
      this.#statements,
      this.#path,
      calls.map(
        ({ method, argument }) =>
          () =>
            this.#writes[method as keyof Writes](argument as never),
      ),
    );
    if (outcomes.some(({ ok }) => !ok)) this.#vectors.reload();
    this.#erase(calls, outcomes);
    return outcomes;
  }

  read({ method, argument }: MethodCall): unknown {
    return this.#reads[method as keyof Reads](argument as never);
  }

  [Symbol.dispose](): void {
    this.#gaps[Symbol.dispose]();
    this.#log[Symbol.dispose]();
    this.#db.close();
  }

  #erase(calls: readonly MethodCall[], outcomes: readonly Outcome<unknown>[]): void {
    const hurries = calls.map((call, index) => hurryOf(call, outcomes[index]));
    if (hurries.includes('now')) this.#gaps.eraseNow();
    else if (hurries.includes('soon')) {
      this.#log.erase();
      this.#gaps.eraseSoon();
    }
  }
}

/**
 * Whether a call has left words in the log and in the gaps of pages, and how soon they have to be gone. Who wants everything
 * to be forgotten waits until no trace is left; that one memory is deleted must delay nobody.
 */
function hurryOf(
  { method, argument }: MethodCall,
  outcome: Outcome<unknown> | undefined,
): 'now' | 'soon' | null {
  if (!outcome?.ok) return null;
  switch (method as keyof Writes) {
    case 'delete':
      return outcome.value === true ? 'soon' : null;
    case 'eraseSome': {
      const erased = outcome.value as ReturnType<Writes['eraseSome']>;
      // A crash may have come between the last removal and this.
      if (erased === null) return 'soon';
      return erased < (argument as Parameters<Writes['eraseSome']>[0]).limit ? 'now' : null;
    }
    case 'apply':
      return (argument as Parameters<Writes['apply']>[0]).changes.some(({ type }) => type === 'edit')
        ? 'soon'
        : null;
    default:
      return null;
  }
}

function loadVectors(db: DatabaseSync): void {
  db.loadExtension(getLoadablePath());
  db.enableLoadExtension(false);
}
