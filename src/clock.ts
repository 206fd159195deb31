import { randomBytes } from 'node:crypto';

/** Time, injected so that tests can run it by hand. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. For what is stored and shown. */
  nowMs(): number;
  /** Monotonic milliseconds with a fraction. For what is measured. */
  monotonicMs(): number;
  /** Calls `run` once after `delayMs`; disposing the timer stops it. Never keeps the process alive. */
  after(delayMs: number, run: () => void): Disposable;
}

/** Ids, injected so that tests can predict them. */
export interface IdSource {
  /** A new unique id such as `item_x7Kq…`. */
  next(prefix: string): string;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};

export const randomIds: IdSource = {
  next: (prefix) => `${prefix}_${randomBytes(15).toString('base64url')}`,
};
