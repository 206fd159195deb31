import { VivavoceError } from '../errors.ts';
import { cancelled } from './deadline.ts';
import type { Guard } from './guard.ts';
import { LatencyWindow } from './latency-window.ts';

type Call<Args, Result> = (args: Args, signal: AbortSignal) => Promise<Result>;

export interface HedgeOptions {
  /** It never asks again earlier than this. */
  readonly floorMs?: number;
  /** How many answers it has to have seen before it knows what is slow. */
  readonly minimumSamples?: number;
}

/**
 * Asks a second time when an answer takes longer than 95 % of the last ones did, and takes the answer that comes first;
 * the other call is aborted, which is no failure of the engine. Both have to be calls behind `guard`, and must do no
 * harm when they happen twice. The second one counts as a retry of the guard's budget; without a budget there is none.
 *
 * It rejects with what the first one failed with when the second one does not answer either.
 */
export function hedge<Args, Result>(
  guard: Guard,
  first: Call<Args, Result>,
  second: Call<Args, Result>,
  { floorMs = 5, minimumSamples = 20 }: HedgeOptions = {},
): Call<Args, Result> {
  const { clock, retries } = guard.options;
  const latencies = new LatencyWindow();
  return (args, signal) => {
    if (!retries || latencies.size < minimumSamples) return timed(first(args, signal));
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const startedMs = clock.monotonicMs();
    const calls = new AbortController();
    let running = 0;
    let isOver = false;
    let budget: Disposable | null = null;
    let failure: unknown = null;
    const end = () => {
      timer[Symbol.dispose]();
      budget?.[Symbol.dispose]();
      signal.removeEventListener('abort', onAbort);
      isOver = true;
      // It has nobody left to answer. To abort for nothing would cost as much as all the rest.
      if (running > 0) calls.abort(new VivavoceError('cancelled', 'another call has answered'));
    };
    const onAbort = () => {
      reject(cancelled(guard.name, signal));
      end();
    };
    const ask = (call: Call<Args, Result>, isFirst: boolean) => {
      running++;
      call(args, calls.signal).then(
        (result) => {
          running--;
          if (isOver) return;
          // How long the first one took, or would have taken at least.
          latencies.add(clock.monotonicMs() - startedMs);
          resolve(result);
          end();
        },
        (error) => {
          running--;
          if (isFirst) failure = error;
          if (isOver || running > 0) return;
          reject(failure);
          end();
        },
      );
    };
    const timer = clock.after(Math.max(floorMs, latencies.p95Ms), () => {
      // An engine that is in trouble, or has no room, is not asked twice.
      if (!guard.hasRoom) return;
      budget = retries.take();
      if (!budget) return;
      guard.countAgain('hedges');
      ask(second, false);
    });
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    else ask(first, true);
    return promise;
  };

  async function timed(answer: Promise<Result>): Promise<Result> {
    const startedMs = clock.monotonicMs();
    const result = await answer;
    latencies.add(clock.monotonicMs() - startedMs);
    return result;
  }
}
