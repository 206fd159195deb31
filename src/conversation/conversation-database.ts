import type { DatabaseSync } from 'node:sqlite';
import { messageOf } from '../errors.ts';
import { commitTogether } from '../sqlite/commit-together.ts';
import type { DatabaseThread } from '../sqlite/database-thread.ts';
import { type DatabaseOptions, openDatabase } from '../sqlite/open-database.ts';
import { PageGaps } from '../sqlite/page-gaps.ts';
import type { MethodCall, ServedDatabase } from '../sqlite/serve-database.ts';
import { Statements } from '../sqlite/statements.ts';
import { type Outcome, SQLITE, sqliteCode } from '../sqlite/store-failure.ts';
import { WalEraser } from '../sqlite/wal-eraser.ts';
import { ConversationTable } from './conversation-table.ts';
import { ErasureTable } from './erasure-table.ts';
import { ItemTable } from './item-table.ts';
import { CONVERSATION_MIGRATIONS } from './migrations.ts';
import { OrphanTable } from './orphan-table.ts';
import { OutboxTable } from './outbox-table.ts';
import { SummaryTable } from './summary-table.ts';

/** What goes into a shared commit. */
export interface Writes {
  create: ConversationTable['create'];
  replaceMetadata: ConversationTable['replaceMetadata'];
  insertItem: ItemTable['insert'];
  replaceItem: ItemTable['replace'];
  appendItems: ItemTable['append'];
  deleteItem: ItemTable['delete'];
  settle: OutboxTable['settle'];
  applied: OutboxTable['applied'];
  saveSummary: SummaryTable['save'];
  requestErasure: ErasureTable['request'];
  completeErasure: ErasureTable['complete'];
  disown: OrphanTable['disown'];
  /** Takes conversations and decided changes from an owner; returns the ids of the conversations. */
  erase: OrphanTable['disownBegunBy'];
  /** To be called until it is false. Then nothing of what was deleted is in a row or in the log any more. */
  sweep(argument: null): boolean;
  /** Closes the items that a killed process left `in_progress`; returns their number. */
  recover(argument: null): number;
}

export interface Reads {
  find: ConversationTable['find'];
  list: ConversationTable['list'];
  findItem: ItemTable['find'];
  listItems: ItemTable['list'];
  waiting: OutboxTable['waiting'];
  waitingIn: OutboxTable['waitingIn'];
  newestOf: OutboxTable['newestOf'];
  quarantined(argument: null): number;
  decided: OutboxTable['decided'];
  findSummary: SummaryTable['find'];
  findErasure: ErasureTable['find'];
  openErasures(argument: null): ReturnType<ErasureTable['open']>;
  /**
   * No read, but nothing that could be in a transaction either: writes the file anew, so that nothing of what was
   * deleted is between the rows. All other calls wait for it.
   */
  rewrite(argument: null): void;
  /** What SQLite finds wrong with the file; empty when nothing. Reads all of it. */
  quickCheck(argument: null): readonly string[];
}

/** The store's thread, from outside. */
export type ConversationThread = DatabaseThread<Writes, Reads>;

/** The synchronous side of the store: one connection and what is done over it. It lives in the store's thread. */
export class ConversationDatabase implements ServedDatabase {
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #statements: Statements;
  readonly #writes: Writes;
  readonly #reads: Reads;
  readonly #eraser: WalEraser;
  readonly #gaps: PageGaps;

  constructor(options: DatabaseOptions) {
    this.#db = openDatabase(options, { migrations: CONVERSATION_MIGRATIONS });
    this.#path = options.path;
    this.#statements = new Statements(this.#db);
    this.#eraser = new WalEraser(this.#db, options.busyTimeoutMs);
    this.#gaps = new PageGaps(this.#db, this.#eraser);
    const statements = this.#statements;
    const conversations = new ConversationTable(statements);
    const outbox = new OutboxTable(statements);
    const summaries = new SummaryTable(statements);
    const items = new ItemTable({ statements, conversations, outbox, summaries });
    const erasures = new ErasureTable(statements);
    const orphans = new OrphanTable(statements);
    this.#writes = {
      create: (argument) => conversations.create(argument),
      replaceMetadata: (argument) => conversations.replaceMetadata(argument),
      insertItem: (argument) => items.insert(argument),
      replaceItem: (argument) => items.replace(argument),
      appendItems: (argument) => items.append(argument),
      deleteItem: (argument) => items.delete(argument),
      settle: (argument) => outbox.settle(argument),
      applied: (argument) => outbox.applied(argument),
      saveSummary: (argument) => summaries.save(argument),
      requestErasure: (argument) => erasures.request(argument),
      completeErasure: (argument) => erasures.complete(argument),
      disown: (argument) => orphans.disown(argument),
      erase: (argument) => {
        outbox.undecide(argument);
        return orphans.disownBegunBy(argument);
      },
      sweep: () => orphans.sweep(),
      recover: () => items.closeOpen(),
    };
    this.#reads = {
      find: (argument) => conversations.find(argument),
      list: (argument) => conversations.list(argument),
      findItem: (argument) => items.find(argument),
      listItems: (argument) => items.list(argument),
      waiting: (argument) => outbox.waiting(argument),
      waitingIn: (argument) => outbox.waitingIn(argument),
      newestOf: (argument) => outbox.newestOf(argument),
      quarantined: () => outbox.quarantined(),
      decided: (argument) => outbox.decided(argument),
      findSummary: (argument) => summaries.find(argument),
      findErasure: (argument) => erasures.find(argument),
      openErasures: () => erasures.open(),
      rewrite: () => this.#gaps.eraseNow(),
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
    // The log is cut once, behind the last of the sweeps.
    const isOver = ({ method }: MethodCall, index: number) => {
      const outcome = outcomes[index];
      return method === 'deleteItem' || (method === 'sweep' && outcome?.ok && outcome.value === false);
    };
    if (calls.some(isOver)) this.#eraser.erase();
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
    this.#gaps[Symbol.dispose]();
    this.#eraser[Symbol.dispose]();
    this.#db.close();
  }
}
