import type { DatabaseSync } from 'node:sqlite';
import { messageOf } from '../errors.ts';
import { commitTogether } from '../sqlite/commit-together.ts';
import { type DatabaseOptions, openDatabase } from '../sqlite/open-database.ts';
import type { MethodCall, ServedDatabase } from '../sqlite/serve-database.ts';
import { Statements } from '../sqlite/statements.ts';
import { type Outcome, SQLITE, sqliteCode } from '../sqlite/store-failure.ts';
import { WalEraser } from '../sqlite/wal-eraser.ts';
import { ConversationTable } from './conversation-table.ts';
import { ItemTable } from './item-table.ts';
import { CONVERSATION_MIGRATIONS } from './migrations.ts';

/** What goes into a shared commit. */
export interface Writes {
  create: ConversationTable['create'];
  replaceMetadata: ConversationTable['replaceMetadata'];
  delete: ConversationTable['delete'];
  insertItem: ItemTable['insert'];
  replaceItem: ItemTable['replace'];
  appendItems: ItemTable['append'];
  deleteItem: ItemTable['delete'];
  /** Closes the items that a killed process left `in_progress`; returns their number. */
  recover(argument: null): number;
}

export interface Reads {
  find: ConversationTable['find'];
  list: ConversationTable['list'];
  findItem: ItemTable['find'];
  listItems: ItemTable['list'];
  /** What SQLite finds wrong with the file; empty when nothing. Reads all of it. */
  quickCheck(argument: null): readonly string[];
}

/** The synchronous side of the store: one connection and what is done over it. It lives in the store's thread. */
export class ConversationDatabase implements ServedDatabase {
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #statements: Statements;
  readonly #writes: Writes;
  readonly #reads: Reads;
  readonly #eraser: WalEraser;

  constructor(options: DatabaseOptions) {
    this.#db = openDatabase(options, { migrations: CONVERSATION_MIGRATIONS });
    this.#path = options.path;
    this.#statements = new Statements(this.#db);
    this.#eraser = new WalEraser(this.#db, options.busyTimeoutMs);
    const conversations = new ConversationTable(this.#statements);
    const items = new ItemTable(this.#statements, conversations);
    this.#writes = {
      create: (argument) => conversations.create(argument),
      replaceMetadata: (argument) => conversations.replaceMetadata(argument),
      delete: (argument) => conversations.delete(argument),
      insertItem: (argument) => items.insert(argument),
      replaceItem: (argument) => items.replace(argument),
      appendItems: (argument) => items.append(argument),
      deleteItem: (argument) => items.delete(argument),
      recover: () => items.closeOpen(),
    };
    this.#reads = {
      find: (argument) => conversations.find(argument),
      list: (argument) => conversations.list(argument),
      findItem: (argument) => items.find(argument),
      listItems: (argument) => items.list(argument),
      quickCheck: () => this.#quickCheck(),
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
    if (calls.some(({ method }) => method === 'delete' || method === 'deleteItem')) this.#eraser.erase();
    return outcomes;
  }

  read({ method, argument }: MethodCall): unknown {
    return this.#reads[method as keyof Reads](argument as never);
  }

  #quickCheck(): readonly string[] {
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
