import type { ClientSecret, ClientSecretRequest } from '../../../src/protocol/rest.ts';
import { errorOf, ServerUnreachable } from './rest-error.ts';

const STORAGE_KEY = 'vivavoce.access';
const LIFETIME_SECONDS = 7_200;
const DEADLINE_MS = 10_000;

/** The part of `sessionStorage` that is used here. */
export interface StorageLike {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

interface Token {
  readonly value: string;
  readonly expiresAtMs: number;
}

interface Deps {
  /** `''` for the page's own origin. */
  readonly baseUrl: string;
  readonly storage: StorageLike;
  readonly nowMs?: () => number;
}

/**
 * How this page is let in. A key that the person types is exchanged for a token of two hours at once; only the token
 * is kept, and only as long as the tab lives.
 */
export class Access {
  readonly #deps: Required<Deps>;

  constructor(deps: Deps) {
    this.#deps = { nowMs: Date.now, ...deps };
  }

  /** Null when there is none, or it has expired. */
  get token(): string | null {
    const token = this.#stored();
    return token && token.expiresAtMs > this.#deps.nowMs() ? token.value : null;
  }

  /** There was a token, and its time is over. */
  get hasExpired(): boolean {
    return this.#stored() !== null && this.token === null;
  }

  forget(): void {
    this.#deps.storage.removeItem(STORAGE_KEY);
  }

  /** @throws RestError with status 401 when the key is not one of the server, ServerUnreachable. */
  async exchange(key: string): Promise<void> {
    const request: ClientSecretRequest = {
      expires_after: { anchor: 'created_at', seconds: LIFETIME_SECONDS },
      // Whoever may operate the service does it here.
      scopes: ['talk', 'history', 'memory', 'operate'],
    };
    const response = await fetch(`${this.#deps.baseUrl}/v1/realtime/client_secrets`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${key}` },
      body: JSON.stringify(request),
      signal: AbortSignal.timeout(DEADLINE_MS),
    }).catch((cause: unknown) => {
      throw new ServerUnreachable(cause);
    });
    if (!response.ok) throw await errorOf(response);
    const { value, expires_at: expiresAt } = (await response.json()) as ClientSecret;
    const token: Token = { value, expiresAtMs: expiresAt * 1000 };
    this.#deps.storage.setItem(STORAGE_KEY, JSON.stringify(token));
  }

  #stored(): Token | null {
    const stored = this.#deps.storage.getItem(STORAGE_KEY);
    return stored === null ? null : (JSON.parse(stored) as Token);
  }
}
