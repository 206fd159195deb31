/** What travels between a `WorkerClient` and `serveWorker`. */
export type ToWorker =
  | { readonly type: 'call'; readonly id: number; readonly method: string; readonly argument: unknown }
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'stop' };

export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'result'; readonly id: number; readonly value: unknown }
  | { readonly type: 'error'; readonly id: number; readonly error: WorkerError };

/** An error as it crosses the thread: structured clone would drop the class and its fields. */
export interface WorkerError {
  readonly message: string;
  readonly code: string | null;
  readonly stack: string | null;
}

/** The methods of a worker: one argument that can be cloned, one result. */
// biome-ignore lint/suspicious/noExplicitAny: the bound of a generic; every worker names its own types.
export type WorkerApi = { [method: string]: (argument: any) => unknown };
