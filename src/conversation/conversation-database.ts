import type { DatabaseSync } from 'node:sqlite';
import { messageOf } from '../errors.ts';
import { commitTogether } from './commit-together.ts';
import { ConversationTable } from './conversation-table.ts';
import { ItemTable } from './item-table.ts';
import { type DatabaseOptions, openDatabase } from './open-database.ts';
import { Statements } from './statements.ts';
import { type Outcome, SQLITE, sqliteCode } from './store-failure.ts';
import { WalEraser } from './wal-eraser.ts';

/** What goes into a shared commit. */
export interface Writes {
  create: ConversationTable['create'];
  replaceMetadata: ConversationTable['replaceMetadata'];
  delete: ConversationTable['delete'];
  insertItem: ItemTable['insert'];
  replaceItem: ItemTable['replace'];
  appendItems: ItemTable['append'];
  deleteItem: ItemTable['delete'];
}

export interface Reads {
  find: ConversationTable['find'];
  list: ConversationTable['list'];
  findItem: ItemTable['find'];
  listItems: ItemTable['list'];
}

type Calls<Methods extends { [M in keyof Methods]: (argument: never) => unknown }> = {
  [M in keyof Methods]: { readonly method: M; readonly argument: Parameters<Methods[M]>[0] };
}[keyof Methods];

export type WriteCall = Calls<Writes>;
export type ReadCall = Calls<Reads>;

/** The synchronous side of the store: one connection and what is done over it. It lives in the store's thread. */
export class ConversationDatabase implements Disposable {
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #statements: Statements;
  readonly #items: ItemTable;
  readonly #writes: Writes;
  readonly #reads: Reads;
  readonly #eraser: WalEraser;

  constructor(options: DatabaseOptions) {
    this.#db = openDatabase(options);
    this.#path = options.path;
    this.#statements = new Statements(this.#db);
    this.#eraser = new WalEraser(this.#db, options.busyTimeoutMs);
    const conversations = new ConversationTable(this.#statements);
    const items = new ItemTable(this.#statements, conversations);
    this.#items = items;
    this.#writes = {
      create: (argument) => conversations.create(argument),
      replaceMetadata: (argument) => conversations.replaceMetadata(argument),
      delete: (argument) => conversations.delete(argument),
      insertItem: (argument) => items.insert(argument),
      replaceItem: (argument) => items.replace(argument),
      appendItems: (argument) => items.append(argument),
      deleteItem: (argument) => items.delete(argument),
    };
    this.#reads = {
      find: (argument) => conversations.find(argument),
      list: (argument) => conversations.list(argument),
      findItem: (argument) => items.find(argument),
      listItems: (argument) => items.list(argument),
    };
  }

  /** All in one durable transaction; each outcome is its own. */
  write(calls: readonly WriteCall[]): Outcome<unknown>[] {
    const outcomes = commitTogether(
      this.#statements,
      this.#path,
      calls.map(
        ({ method, argument }) =>
          () =>
            this.#writes[method](argument as never),
      ),
    );
    if (calls.some(({ method }) => method === 'delete' || method === 'deleteItem')) this.#eraser.erase();
    return outcomes;
  }

  read({ method, argument }: ReadCall): unknown {
    return this.#reads[method](argument as never);
  }

  /** Closes the items that a killed process left `in_progress`; returns their number. */
  recover(): number {
    return this.#items.closeOpen();
  }

  /** What SQLite finds wrong with the file; empty when nothing. Reads all of it. */
  quickCheck(): string[] {
    try {
      const rows = this.#statements.all<{ quick_check: string }>('PRAGMA quick_check');
      return rows.map((row) => row.quick_check).filter((finding) => finding !== 'ok');
    } catch (error) {
      // Damage in the wrong place ends the check itself: that is a finding too.
      if (sqliteCode(error) === SQLITE.CORRUPT) return [messageOf(error)];
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#eraser[Symbol.dispose]();
    this.#db.close();
  }
}
