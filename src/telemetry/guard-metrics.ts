import { Counter, Gauge, type Registry } from 'prom-client';
import type { GuardView } from '../resilience/guards.ts';

const STATES = ['closed', 'open', 'half-open'] as const;

/** Adds what the guards tell of themselves; it is read when somebody asks for the metrics. */
export function observeGuards(registry: Registry, guards: () => readonly GuardView[]): void {
  const gauge = (name: string, help: string, read: (guard: GuardView) => number) => {
    new Gauge({
      ...{ name: `vivavoce_guard_${name}`, help, labelNames: ['guard'], registers: [registry] },
      collect() {
        for (const guard of guards()) this.set({ guard: guard.name }, read(guard));
      },
    });
  };
  gauge('threshold', 'Failures in the window at which a breaker opens', ({ threshold }) => threshold);
  gauge('running', 'Calls of an engine that run', ({ load }) => load.running);
  gauge('waiting', 'Calls that wait for their turn at an engine', ({ load }) => load.waiting);
  gauge('held', '1 while an operator holds a breaker open', ({ isHeld }) => Number(isHeld));

  new Gauge({
    name: 'vivavoce_guard_state',
    help: '1 for the state that a breaker is in, 0 for the others',
    labelNames: ['guard', 'state'],
    registers: [registry],
    collect() {
      for (const { name: guard, state } of guards()) {
        for (const each of STATES) this.set({ guard, state: each }, Number(each === state));
      }
    },
  });
  new Counter({
    name: 'vivavoce_guard_calls_total',
    help: 'Calls of an engine that ended or were turned away, by outcome',
    labelNames: ['guard', 'outcome'],
    registers: [registry],
    collect() {
      // The guards count; this only says it in other words.
      this.reset();
      for (const { name: guard, counters } of guards()) {
        const outcomes = {
          success: counters.successes,
          // A call that was too slow has failed as well.
          failure: counters.failures - counters.timeouts,
          timeout: counters.timeouts,
          cancelled: counters.cancelled,
          rejected_open: counters.rejectedOpen,
          rejected_busy: counters.rejectedBusy,
        };
        for (const [outcome, count] of Object.entries(outcomes)) this.inc({ guard, outcome }, count);
      }
    },
  });
  new Counter({
    name: 'vivavoce_guard_second_attempts_total',
    help: 'Calls that were made because the first one failed (retry) or took long (hedge)',
    labelNames: ['guard', 'kind'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { name: guard, counters } of guards()) {
        this.inc({ guard, kind: 'retry' }, counters.retries);
        this.inc({ guard, kind: 'hedge' }, counters.hedges);
      }
    },
  });
}
