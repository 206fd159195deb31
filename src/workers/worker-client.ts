import { type Transferable, Worker } from 'node:worker_threads';
import { messageOf, VivavoceError } from '../errors.ts';
import type { FromWorker, ToWorker, WorkerApi } from './worker-messages.ts';

interface Pending {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

interface CallOptions {
  readonly signal?: AbortSignal;
  readonly transfer?: readonly Transferable[];
}

/** What a worker's handler threw, with the `code` that it had there. */
export class WorkerCallError extends Error {
  readonly code: string | null;

  constructor(message: string, code: string | null, stack: string | null) {
    super(message);
    this.name = 'WorkerCallError';
    this.code = code;
    if (stack) this.stack = stack;
  }
}

/**
 * The near end of a worker thread.
 *
 * A thread that dies takes its running calls with it (`engine_failed`); the next call starts a new one. Disposing
 * lets the worker release what it holds and waits until the thread is gone.
 */
export class WorkerClient<Api extends WorkerApi> implements AsyncDisposable {
  readonly #module: URL;
  readonly #data: unknown;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | null = null;
  #ready: Promise<void> | null = null;
  #nextId = 1;
  #disposed = false;

  /** @param data what the module finds in `workerData`; it must survive structured clone. */
  constructor(module: URL, data: unknown = null) {
    this.#module = module;
    this.#data = data;
  }

  /** How many calls are waiting for an answer. */
  get pendingCalls(): number {
    return this.#pending.size;
  }

  /** Starts the thread and resolves when it serves; rejects with the reason when its module cannot load. */
  async start(): Promise<void> {
    if (this.#disposed) throw new VivavoceError('engine_failed', 'the worker is shut down');
    this.#ready ??= this.#spawn();
    return this.#ready;
  }

  async call<M extends keyof Api & string>(
    method: M,
    argument: Parameters<Api[M]>[0],
    { signal, transfer = [] }: CallOptions = {},
  ): Promise<Awaited<ReturnType<Api[M]>>> {
    signal?.throwIfAborted();
    const id = this.#nextId++;
    const answer = Promise.withResolvers<unknown>();
    // What is posted to a thread that is still starting waits there; if it cannot start, its end rejects the call.
    // Waiting for it here would leave a moment in which an abort or a crash goes unseen.
    this.start().catch((error: unknown) => this.#settle(id)?.reject(error));
    this.#pending.set(id, answer);
    try {
      this.#post({ type: 'call', id, method, argument }, transfer);
    } catch (error) {
      // The argument cannot be cloned. Nothing will ever answer this id.
      this.#pending.delete(id);
      throw error;
    }
    if (!signal) return answer.promise as never;

    const onAbort = () => {
      if (!this.#pending.delete(id)) return;
      this.#post({ type: 'cancel', id });
      answer.reject(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return (await answer.promise) as never;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    const worker = this.#worker;
    if (!worker) return;
    const gone = new Promise((resolve) => worker.once('exit', resolve));
    this.#post({ type: 'stop' });
    await gone;
  }

  #post(message: ToWorker, transfer: readonly Transferable[] = []) {
    this.#worker?.postMessage(message, [...transfer]);
  }

  #spawn(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const worker = new Worker(this.#module, { workerData: this.#data });
    this.#worker = worker;
    worker.on('message', (message: FromWorker) => {
      switch (message.type) {
        case 'ready':
          resolve();
          return;
        case 'result':
          this.#settle(message.id)?.resolve(message.value);
          return;
        case 'error': {
          const { message: text, code, stack } = message.error;
          this.#settle(message.id)?.reject(new WorkerCallError(text, code, stack));
          return;
        }
      }
    });
    let cause: unknown = null;
    worker.on('error', (error) => {
      cause = error;
    });
    worker.on('exit', (exitCode) => {
      const why = cause ? messageOf(cause) : `exit code ${exitCode}`;
      const error = new VivavoceError('engine_failed', `worker ${this.#module.pathname} ended: ${why}`, {
        cause,
      });
      this.#worker = null;
      this.#ready = null;
      reject(error);
      for (const pending of this.#pending.values()) pending.reject(error);
      this.#pending.clear();
    });
    return promise;
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }
}
