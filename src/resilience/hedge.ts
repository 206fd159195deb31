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
    let budget: Disposable | null = null;
    let failure: unknown = null;
    const end = () => {
      timer[Symbol.dispose]();
      budget?.[Symbol.dispose]();
      signal.removeEventListener('abort', onAbort);
      // Whichever still runs; it has nobody left to answer.
      calls.abort();
    };
    const onAbort = () => {
      reject(cancelled(guard.name, signal));
      end();
    };
    const ask = (call: Call<Args, Result>) => {
      running++;
      call(args, calls.signal).then(
        (result) => {
          // How long the first one took, or would have taken at least.
          if (!calls.signal.aborted) latencies.add(clock.monotonicMs() - startedMs);
          resolve(result);
          end();
        },
        (error) => {
          running--;
          if (call === first) failure = error;
          if (running > 0) return;
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
      ask(second);
    });
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    else ask(first);
    return promise;
  };

  async function timed(answer: Promise<Result>): Promise<Result> {
    const startedMs = clock.monotonicMs();
    const result = await answer;
    latencies.add(clock.monotonicMs() - startedMs);
    return result;
  }
}
