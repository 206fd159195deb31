import type { Clock } from '../clock.ts';
import type { Response } from './response.ts';

/** A client may set its session up before it is greeted; so long is waited for that. */
const GREETING_DELAY_MS = 250;

/** The first words of the agent, unless the person is quicker. */
export class Greeting {
  #state: { readonly timer: Disposable } | { readonly response: Response } | null = null;

  /** It is about to be said. */
  get isWaiting(): boolean {
    return this.#state !== null && 'timer' in this.#state;
  }

  /** Calls `say` a little later. */
  wait(clock: Clock, say: () => Response): void {
    const timer = clock.after(GREETING_DELAY_MS, () => {
      this.#state = { response: say() };
    });
    this.#state = { timer };
  }

  /** It is not begun any more; once it has begun it goes on. */
  forget(): void {
    if (this.isWaiting) this.drop();
  }

  /** A person who speaks first is not greeted over. */
  drop(): void {
    const state = this.#state;
    this.#state = null;
    if (state === null) return;
    if ('timer' in state) state.timer[Symbol.dispose]();
    else state.response.cancel('client_cancelled');
  }
}
