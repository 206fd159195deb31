import type { DatabaseSync } from 'node:sqlite';
import { getLoadablePath } from 'sqlite-vec';
import { commitTogether } from '../../sqlite/commit-together.ts';
import { type DatabaseOptions, openDatabase } from '../../sqlite/open-database.ts';
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
  readonly #eraser: WalEraser;

  constructor(options: DatabaseOptions) {
    this.#db = openDatabase(options, { migrations: MEMORY_MIGRATIONS, extend: loadVectors });
    this.#db.exec(CACHE);
    this.#path = options.path;
    this.#eraser = new WalEraser(this.#db, options.busyTimeoutMs);
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
    if (calls.some((call, index) => erases(call, outcomes[index]))) this.#eraser.erase();
    return outcomes;
  }

  read({ method, argument }: MethodCall): unknown {
    return this.#reads[method as keyof Reads](argument as never);
  }

  [Symbol.dispose](): void {
    this.#eraser[Symbol.dispose]();
    this.#db.close();
  }
}

/** Whether words are gone from the database by this that the log may still have: with the last slice, when it was several. */
function erases({ method, argument }: MethodCall, outcome: Outcome<unknown> | undefined): boolean {
  if (!outcome?.ok) return false;
  switch (method as keyof Writes) {
    case 'delete':
      return outcome.value === true;
    case 'eraseSome':
      return (outcome.value as number) < (argument as { limit: number }).limit;
    case 'apply':
      return (argument as Parameters<Writes['apply']>[0]).changes.some(({ type }) => type === 'edit');
    default:
      return false;
  }
}

function loadVectors(db: DatabaseSync): void {
  db.loadExtension(getLoadablePath());
  db.enableLoadExtension(false);
}
