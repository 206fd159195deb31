import { cancelled, withDeadline } from './deadline.ts';
import type { Guard } from './guard.ts';
import { isWorthRetrying } from './retry-budget.ts';

export interface CallLimits {
  /** From the moment that the engine is asked; waiting for a slot does not count. A second attempt gets what is left. */
  readonly deadlineMs: number;
  /** The call does the same when it is made twice: it may be made again, once, when the budget of the guard allows it. */
  readonly retry?: boolean;
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
  { deadlineMs, retry = false }: CallLimits,
): (args: Args, signal: AbortSignal) => Promise<Result> {
  const { name } = guard;
  const { clock, retries } = guard.options;
  return async (args, signal) => {
    const slot = await guard.enter(signal);
    let work: Promise<unknown> = Promise.resolve();
    const ask = (own: AbortSignal) => {
      const asked = call(args, own);
      work = asked;
      return asked;
    };
    const attempt = async (limitMs: number): Promise<Result> => {
      const begun = guard.begin();
      try {
        const result = await withDeadline({ clock, deadlineMs: limitMs, name }, ask, signal);
        await begun.succeed();
        return result;
      } catch (error) {
        if (!signal.aborted) throw await begun.fail(error);
        await begun.giveUp();
        throw cancelled(name, signal);
      }
    };
    const attempts = async (): Promise<Result> => {
      if (!retry || !retries) return await attempt(deadlineMs);
      const startedMs = clock.monotonicMs();
      try {
        return await attempt(deadlineMs);
      } catch (error) {
        const spentMs = clock.monotonicMs() - startedMs;
        // The second attempt may take as long as the first one; and a breaker that has just opened stays open.
        if (!isWorthRetrying(error) || 2 * spentMs > deadlineMs || guard.state !== 'closed') throw error;
        using again = retries.take();
        if (!again) throw error;
        guard.countAgain('retries');
        return await attempt(Math.round(deadlineMs - spentMs));
      }
    };
    try {
      const result = await attempts();
      slot.release();
      return result;
    } catch (error) {
      guard.releaseAfter(work, slot);
      throw error;
    }
  };
}
