import { resolve } from 'node:path';
import { messageOf, VivavoceError } from '../errors.ts';
import { WorkerClient } from '../workers/worker-client.ts';
import { GroupCommit } from './group-commit.ts';
import type { DatabaseOptions } from './open-database.ts';
import type { DatabaseApi, MethodCall } from './serve-database.ts';
import { unwrap } from './store-failure.ts';

// biome-ignore lint/suspicious/noExplicitAny: the bound of a generic; every database names its own types.
export type Methods<T> = { [M in keyof T]: (argument: any) => unknown };

interface Options {
  /** The module that calls `serveDatabase`. */
  readonly module: URL;
  readonly path: string;
  /** How long a write waits for another program that holds the file; 5 s when absent. */
  readonly busyTimeoutMs?: number | undefined;
  /** As people read it: `the conversation store`. */
  readonly name: string;
}

/**
 * A SQLite file in a thread of its own, from outside.
 *
 * A write resolves when it is on the disk. Writes keep their order and share a commit when they come close together;
 * a read sees every write that was asked for before it. Failures are `VivavoceError`s.
 */
export class DatabaseThread<Writes extends Methods<Writes>, Reads extends Methods<Reads>>
  implements AsyncDisposable
{
  readonly #worker: WorkerClient<DatabaseApi>;
  readonly #commits: GroupCommit<MethodCall>;
  readonly #name: string;
  #isClosed = false;

  constructor({ module, path, busyTimeoutMs = 5_000, name }: Options) {
    const data: DatabaseOptions = { path: resolve(path), busyTimeoutMs };
    this.#name = name;
    this.#worker = new WorkerClient(module, data);
    this.#commits = new GroupCommit(async (calls) => unwrap(await this.#call('write', calls)));
  }

  async write<M extends keyof Writes & string>(
    method: M,
    argument: Parameters<Writes[M]>[0],
  ): Promise<ReturnType<Writes[M]>> {
    this.#checkOpen();
    return this.#commits.add({ method, argument }) as Promise<ReturnType<Writes[M]>>;
  }

  async read<M extends keyof Reads & string>(
    method: M,
    argument: Parameters<Reads[M]>[0],
  ): Promise<ReturnType<Reads[M]>> {
    this.#checkOpen();
    this.#commits.flush();
    return unwrap(await this.#call('read', { method, argument })) as ReturnType<Reads[M]>;
  }

  /** Waits for the writes that were asked for, then closes the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#commits.flush();
    // Behind the calls that wait for the start of the thread. When it fails to start, they are told, and that suffices.
    await Promise.allSettled([this.#worker.start()]);
    await this.#worker[Symbol.asyncDispose]();
  }

  /** Every call waits for the start first, so that the order of the calls also holds while a dead thread is replaced. */
  async #call<M extends keyof DatabaseApi & string>(
    method: M,
    argument: Parameters<DatabaseApi[M]>[0],
  ): Promise<Awaited<ReturnType<DatabaseApi[M]>>> {
    try {
      await this.#worker.start();
      return await this.#worker.call(method, argument);
    } catch (cause) {
      const message = `${this.#name} cannot answer (${messageOf(cause)}): what was just written may not be saved`;
      throw new VivavoceError('store_failed', message, { cause });
    }
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new VivavoceError('store_failed', `${this.#name} is closed`);
  }
}
