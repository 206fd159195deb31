import { cancelled, withDeadline } from './deadline.ts';
import type { Guard } from './guard.ts';

export interface CallLimits {
  /** From the moment that the engine is asked; waiting for a slot does not count. */
  readonly deadlineMs: number;
}

/**
 * Puts `guard` around `call`. The signal that `call` gets is its own: aborted with the caller's and at the deadline.
 *
 * The promise always settles, also when `call` hangs and ignores its signal. It rejects with `breaker_open` (the
 * engine was not asked), `engine_unavailable` (too many wait), `EngineTimeout`, `cancelled`, or what `call` threw.
 */
export function guardCall<Args, Result>(
  guard: Guard,
  call: (args: Args, signal: AbortSignal) => Promise<Result>,
  { deadlineMs }: CallLimits,
): (args: Args, signal: AbortSignal) => Promise<Result> {
  const { name } = guard;
  const { clock } = guard.options;
  return async (args, signal) => {
    const slot = await guard.enter(signal);
    let work: Promise<unknown> = Promise.resolve();
    try {
      const attempt = guard.begin();
      const ask = (own: AbortSignal) => {
        const asked = call(args, own);
        work = asked;
        return asked;
      };
      try {
        const result = await withDeadline({ clock, deadlineMs, name }, ask, signal);
        await attempt.succeed();
        return result;
      } catch (error) {
        if (!signal.aborted) throw await attempt.fail(error);
        await attempt.giveUp();
        throw cancelled(name, signal);
      }
    } finally {
      guard.releaseAfter(work, slot);
    }
  };
}
