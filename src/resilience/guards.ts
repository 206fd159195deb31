import { VivavoceError } from '../errors.ts';
import type { Guard } from './guard.ts';
import type { BreakerState, GuardCounters } from './guard-options.ts';
import { RetryBudget } from './retry-budget.ts';

/** What an operator sees of a guard. */
export interface GuardView {
  /** `llm:ollama` */
  readonly name: string;
  readonly state: BreakerState;
  /** An operator opened it: it stays so until it is reset. */
  readonly isHeld: boolean;
  /** Why it is not closed, in words; null when it is. */
  readonly reason: string | null;
  /** Since when its state is so, milliseconds since 1970. */
  readonly sinceMs: number;
  /** How many failures in the window open it at the moment. */
  readonly threshold: number;
  /** Calls that run now, and calls that wait for their turn. */
  readonly load: { readonly running: number; readonly waiting: number };
  readonly counters: GuardCounters;
}

/** All guards of the service, by their names. */
export class Guards {
  /** One for all engines: when many fail at once, tries again must not be what keeps them down. */
  readonly retries = new RetryBudget(() => this.#running());
  readonly #guards = new Map<string, Guard>();

  /** @throws VivavoceError `conflict` when there is one of that name */
  add(guard: Guard): void {
    if (this.#guards.has(guard.name))
      throw new VivavoceError('conflict', `there are two guards with the name ${guard.name}`);
    this.#guards.set(guard.name, guard);
  }

  /** In the order in which they were made. */
  all(): readonly GuardView[] {
    return [...this.#guards.values()].map((guard) => guard.view());
  }

  /** Holds it open until it is reset. @throws VivavoceError `not_found` */
  open(name: string): GuardView {
    const guard = this.#guard(name);
    guard.hold();
    return guard.view();
  }

  /** Closes it and forgets what was. @throws VivavoceError `not_found` */
  reset(name: string): GuardView {
    const guard = this.#guard(name);
    guard.reset();
    return guard.view();
  }

  #guard(name: string): Guard {
    const guard = this.#guards.get(name);
    if (guard) return guard;
    const names = [...this.#guards.keys()].join(', ');
    throw new VivavoceError('not_found', `there is no guard ${name}; there are: ${names}`, { param: 'id' });
  }

  #running(): number {
    let running = 0;
    for (const { load } of this.#guards.values()) running += load.running;
    return running;
  }
}
