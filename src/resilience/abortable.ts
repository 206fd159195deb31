import { isAbort, VivavoceError } from '../errors.ts';

/** The error with which a stream ends because `signal` was aborted; `isAbort` is true for it. */
export function abortErrorOf(signal: AbortSignal): unknown {
  if (isAbort(signal.reason)) return signal.reason;
  return new VivavoceError('cancelled', 'it was cancelled', { cause: signal.reason });
}

/** @throws the error of `abortErrorOf` when `signal` is aborted already. */
export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw abortErrorOf(signal);
}

/** `promise`, or the abort of `signal` if that comes first. Leaves no listener behind. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(abortErrorOf(signal));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** Resolves when `promise` does, or when `signal` is aborted. Never rejects, and leaves no listener behind. */
export function settledOrAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  return orAborted(promise, signal).then(nothing, nothing);
}

function nothing(): void {}
