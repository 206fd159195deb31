import type { Clock } from '../clock.ts';
import { VivavoceError } from '../errors.ts';
import { EngineTimeout } from './engine-timeout.ts';

export interface DeadlineOptions {
  readonly clock: Clock;
  readonly deadlineMs: number;
  /** Shown in errors. */
  readonly name: string;
}

/**
 * Runs `work` and settles when it does, when `deadlineMs` have passed, or when `signal` is aborted: whichever is
 * first, also if `work` never looks at the signal that it got. That signal is its own: it is aborted at the deadline
 * and with the caller's, and nobody else's work hangs on it.
 *
 * Rejects with `EngineTimeout`, with `cancelled`, or with what `work` threw.
 */
export function withDeadline<T>(
  { clock, deadlineMs, name }: DeadlineOptions,
  work: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  if (signal.aborted) return Promise.reject(cancelled(name, signal));
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const controller = new AbortController();
  const timer = clock.after(deadlineMs, () => stop(new EngineTimeout(name, 'deadline', deadlineMs)));
  const onAbort = () => stop(cancelled(name, signal));
  signal.addEventListener('abort', onAbort, { once: true });
  // Also at the deadline, because work that hangs for ever would keep its listener on the caller's signal for ever.
  const letGo = () => {
    timer[Symbol.dispose]();
    signal.removeEventListener('abort', onAbort);
  };
  const stop = (error: VivavoceError) => {
    letGo();
    controller.abort(error);
    reject(error);
  };
  const fail = (error: unknown) => {
    letGo();
    reject(error);
  };
  try {
    work(controller.signal).then((result) => {
      letGo();
      resolve(result);
    }, fail);
  } catch (error) {
    fail(error);
  }
  return promise;
}

/** The error for a call whose caller went away. */
export function cancelled(name: string, signal: AbortSignal): VivavoceError {
  return new VivavoceError('cancelled', `the call of ${name} was cancelled`, { cause: signal.reason });
}
