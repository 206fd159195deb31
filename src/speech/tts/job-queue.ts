import { abortErrorOf, throwIfAborted } from '../../resilience/abortable.ts';

interface Waiting<Resource> {
  start(resource: Resource): void;
}

/**
 * Shares a few resources that do one job at a time, first come, first served.
 *
 * A job that is aborted while it waits never starts. One that is aborted while it runs frees its caller at once; its
 * resource takes the next job when the work has really ended.
 */
export class JobQueue<Resource> {
  readonly #idle: Resource[];
  readonly #waiting = new Set<Waiting<Resource>>();

  constructor(resources: readonly Resource[]) {
    this.#idle = [...resources];
  }

  /** Jobs that no resource has taken yet. */
  get waitingJobs(): number {
    return this.#waiting.size;
  }

  run<T>(job: (resource: Resource) => Promise<T>, signal: AbortSignal): Promise<T> {
    throwIfAborted(signal);
    return new Promise<T>((resolve, reject) => {
      const waiting: Waiting<Resource> = {
        start: (resource) => {
          job(resource)
            .then(resolve, reject)
            .finally(() => {
              signal.removeEventListener('abort', onAbort);
              // Who has worked last is warm.
              this.#idle.unshift(resource);
              this.#assign();
            });
        },
      };
      const onAbort = () => {
        this.#waiting.delete(waiting);
        reject(abortErrorOf(signal));
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(waiting);
      this.#assign();
    });
  }

  #assign(): void {
    for (const waiting of this.#waiting) {
      const resource = this.#idle.shift();
      if (resource === undefined) return;
      this.#waiting.delete(waiting);
      waiting.start(resource);
    }
  }
}
