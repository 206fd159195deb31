import type { RestGuard, RestGuardList } from '../../../src/protocol/rest-guards.ts';
import { Value } from '../agent/value.ts';
import type { RestClient } from '../api/rest-client.ts';
import { RestError } from '../api/rest-error.ts';

export interface GuardBoardState {
  /** Null before they are known, and for who may not operate the server. */
  readonly guards: readonly RestGuard[] | null;
  /** Why it is not what it should be. */
  readonly problem: string | null;
}

/** The guards in front of the engines, as an operator sees them. */
export class GuardBoard {
  readonly state = new Value<GuardBoardState>({ guards: null, problem: null });
  readonly #rest: RestClient;

  constructor(rest: RestClient) {
    this.#rest = rest;
  }

  async refresh(): Promise<void> {
    await this.#try(async () => {
      const response = await this.#rest.fetch('/v1/guards');
      return ((await response.json()) as RestGuardList).data;
    });
  }

  /** Lets no call through until it is reset. */
  async open(id: string): Promise<void> {
    await this.#change(id, 'open');
  }

  /** Lets calls through again, and forgets what failed. */
  async reset(id: string): Promise<void> {
    await this.#change(id, 'reset');
  }

  async #change(id: string, what: 'open' | 'reset'): Promise<void> {
    await this.#try(async () => {
      const path = `/v1/guards/${encodeURIComponent(id)}/${what}`;
      const response = await this.#rest.fetch(path, { method: 'POST' });
      const changed = (await response.json()) as RestGuard;
      return this.state.current.guards?.map((guard) => (guard.id === changed.id ? changed : guard)) ?? null;
    });
  }

  async #try(ask: () => Promise<GuardBoardState['guards']>): Promise<void> {
    try {
      this.state.set({ guards: await ask(), problem: null });
    } catch (error) {
      const isForbidden = error instanceof RestError && error.status === 403;
      const problem = error instanceof Error ? error.message : String(error);
      this.state.set(isForbidden ? { guards: null, problem: null } : { ...this.state.current, problem });
    }
  }
}
