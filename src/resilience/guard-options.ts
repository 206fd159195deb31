import type { Clock } from '../clock.ts';
import type { RetryBudget } from './retry-budget.ts';

export type BreakerState = 'closed' | 'open' | 'half-open';

export interface BreakerTransition {
  readonly name: string;
  readonly from: BreakerState;
  readonly to: BreakerState;
  /** Why, in words. */
  readonly reason: string;
}

export interface GuardOptions {
  /** What is guarded, as people call it: it stands in errors and in the log. */
  readonly name: string;
  readonly clock: Clock;
  /** How many calls run at once. */
  readonly maxConcurrent: number;
  /** How many more may wait for their turn. Default: as many as run. */
  readonly maxWaiting?: number;
  /** The breaker opens when more than this part of the calls in the window failed, and enough of them. Default 0.5. */
  readonly failureRatio?: number;
  /** Length of the window. Default 60 s, because a person makes a few calls a minute. */
  readonly windowMs?: number;
  /** How long it stays open before one call may try again. Default 10 s. Real time, not the clock's. */
  readonly resetMs?: number;
  /** How long the slot of a call that was given up is kept for work that does not end when told to. Default 1 s. */
  readonly graceMs?: number;
  /** Told of every change of state. Must not throw. */
  readonly onTransition?: (transition: BreakerTransition) => void;
  /** For calls that may be made again; absent: none is. */
  readonly retries?: RetryBudget;
}

/** Since the start of the program. */
export interface GuardCounters {
  /** Calls that reached the engine. */
  readonly calls: number;
  readonly successes: number;
  readonly failures: number;
  /** Those of the failures that were too slow. */
  readonly timeouts: number;
  /** Calls that their caller gave up: neither success nor failure. */
  readonly cancelled: number;
  /** Calls that an open breaker turned away. */
  readonly rejectedOpen: number;
  /** Calls that found too many others waiting. */
  readonly rejectedBusy: number;
  /** Calls that are second attempts at what failed. */
  readonly retries: number;
  /** Calls that are second attempts at what took long. */
  readonly hedges: number;
}
