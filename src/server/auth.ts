import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { ApiKey } from '../config.ts';
import type { Owner } from '../conversation/store.ts';
import { VivavoceError } from '../errors.ts';
import type { SessionPatch } from '../protocol/session-config.ts';

/** The name under which everything is kept while there are no keys. */
const NO_KEY = 'local';
const DEFAULT_USER = 'default';
/** Unused ephemeral keys are dropped in the order of their age past this many. */
const MAX_EPHEMERAL_KEYS = 10_000;

/** A mail address is no longer. */
const MAX_USER_CHARS = 320;

export interface Caller {
  readonly owner: Owner;
  /** What an ephemeral key says about the session; null for others. */
  readonly patch: SessionPatch | null;
  /** True for who holds an ephemeral key: it cannot make more of them. */
  readonly isEphemeral: boolean;
}

interface EphemeralKey {
  readonly owner: Owner;
  readonly patch: SessionPatch | null;
  readonly expiresAtMs: number;
}

/** Tells who is calling, from a key. Keys are held as hashes and compared in constant time. */
export class Auth {
  readonly #clock: Clock;
  readonly #keys: readonly { name: string; hash: Buffer }[];
  readonly #ephemeral = new Map<string, EphemeralKey>();

  constructor(keys: readonly ApiKey[], clock: Clock) {
    this.#clock = clock;
    this.#keys = keys.map(({ name, key }) => ({ name, hash: hashOf(key) }));
  }

  /** True when nobody needs a key; then only this machine can connect. */
  get isOpen(): boolean {
    return this.#keys.length === 0;
  }

  /**
   * @param token the bearer key, null when there is none
   * @param user whom the caller speaks for; of an ephemeral key its own user counts and this does not
   * @throws VivavoceError `unauthorized`
   */
  identify(token: string | null, user: string | null): Caller {
    const ephemeral = token?.startsWith('ek_') ? this.#findEphemeral(token) : null;
    if (ephemeral) return { owner: ephemeral.owner, patch: ephemeral.patch, isEphemeral: true };
    const name = this.isOpen ? NO_KEY : this.#nameOf(token);
    const owner = { key: name, user: user ?? (this.isOpen ? NO_KEY : DEFAULT_USER) };
    return { owner, patch: null, isEphemeral: false };
  }

  /** Whether `identify` would let this key in. */
  knows(token: string | null): boolean {
    try {
      this.identify(token, null);
      return true;
    } catch {
      return false;
    }
  }

  /** A key for a browser: it stands for one user, and for a short time. */
  mint(owner: Owner, patch: SessionPatch | null, seconds: number): { value: string; expiresAtMs: number } {
    const value = `ek_${randomBytes(24).toString('base64url')}`;
    const now = this.#clock.nowMs();
    for (const [hash, key] of this.#ephemeral) {
      if (key.expiresAtMs > now && this.#ephemeral.size < MAX_EPHEMERAL_KEYS) break;
      this.#ephemeral.delete(hash);
    }
    const expiresAtMs = now + seconds * 1000;
    this.#ephemeral.set(hashOf(value).toString('base64'), { owner, patch, expiresAtMs });
    return { value, expiresAtMs };
  }

  #findEphemeral(token: string): EphemeralKey {
    const key = this.#ephemeral.get(hashOf(token).toString('base64'));
    if (key && key.expiresAtMs > this.#clock.nowMs()) return key;
    throw new VivavoceError('unauthorized', 'This ephemeral key has expired; mint another one.', {
      wireCode: 'invalid_api_key',
    });
  }

  #nameOf(token: string | null): string {
    const hash = hashOf(token ?? '');
    const known = this.#keys.filter((key) => timingSafeEqual(key.hash, hash));
    if (known[0]) return known[0].name;
    const message =
      token === null
        ? 'A key is needed: send "Authorization: Bearer KEY".'
        : 'This key is not one of the API_KEYS of this server.';
    throw new VivavoceError('unauthorized', message, { wireCode: 'invalid_api_key' });
  }
}

/** The key of an `Authorization` header; null when there is none. */
export function bearerToken(header: string | undefined): string | null {
  return /^Bearer\s+(\S+)\s*$/i.exec(header ?? '')?.[1] ?? null;
}

/** A user name as callers give it; null when there is none. */
export function userName(given: unknown): string | null {
  if (given === undefined || given === null || given === '') return null;
  const isText = typeof given === 'string' && given.isWellFormed() && !/\p{Cc}/u.test(given);
  if (isText && given.length <= MAX_USER_CHARS) return given;
  throw new VivavoceError(
    'invalid_request',
    `user has to be a text of up to ${MAX_USER_CHARS} printable characters.`,
    { param: 'user' },
  );
}

function hashOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
