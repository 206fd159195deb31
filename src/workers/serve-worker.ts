import { parentPort, type Transferable } from 'node:worker_threads';
import type { FromWorker, ToWorker, WorkerApi, WorkerError } from './worker-messages.ts';

/** A result whose buffers move to the caller instead of being copied. */
export class Transfer<T> {
  readonly value: T;
  readonly buffers: readonly Transferable[];

  constructor(value: T, buffers: readonly Transferable[]) {
    this.value = value;
    this.buffers = buffers;
  }
}

type Handlers<Api extends WorkerApi> = {
  [M in keyof Api]: (
    argument: Parameters<Api[M]>[0],
    signal: AbortSignal,
  ) => Awaited<ReturnType<Api[M]>> | Transfer<Awaited<ReturnType<Api[M]>>> | Promise<unknown>;
};

/**
 * Answers the calls of a `WorkerClient`, inside a worker thread.
 *
 * Calls run in the order in which they come; an `async` handler lets the next one begin while it waits. `stop` runs
 * when the owner disposes the client, before the thread ends.
 */
export function serveWorker<Api extends WorkerApi>(handlers: Handlers<Api>, stop?: () => void): void {
  const port = parentPort;
  if (!port) throw new Error('serveWorker runs in a worker thread only');
  const running = new Map<number, AbortController>();
  const post = (message: FromWorker, buffers: readonly Transferable[] = []) =>
    port.postMessage(message, [...buffers]);

  const answer = async (id: number, method: string, argument: unknown) => {
    const controller = new AbortController();
    running.set(id, controller);
    try {
      const handler = handlers[method];
      if (!handler) throw new Error(`worker has no method ${method}`);
      const outcome = await handler(argument as never, controller.signal);
      if (outcome instanceof Transfer) post({ type: 'result', id, value: outcome.value }, outcome.buffers);
      else post({ type: 'result', id, value: outcome });
    } catch (error) {
      post({ type: 'error', id, error: describe(error) });
    } finally {
      running.delete(id);
    }
  };

  port.on('message', (message: ToWorker) => {
    switch (message.type) {
      case 'call':
        void answer(message.id, message.method, message.argument);
        return;
      case 'cancel':
        running.get(message.id)?.abort();
        return;
      case 'stop':
        try {
          stop?.();
        } finally {
          port.close();
        }
        return;
    }
  });
  post({ type: 'ready' });
}

function describe(error: unknown): WorkerError {
  if (!(error instanceof Error)) return { message: String(error), code: null, stack: null };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  return { message: error.message, code, stack: error.stack ?? null };
}
