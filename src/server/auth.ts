import { randomBytes, timingSafeEqual } from 'node:crypto';
import { type ApiKey, sha256Of } from '../api-keys.ts';
import type { Clock } from '../clock.ts';
import type { Owner } from '../conversation/store.ts';
import { VivavoceError } from '../errors.ts';
import { SCOPES, type Scope } from '../protocol/scopes.ts';
import type { SessionPatch } from '../protocol/session-config.ts';

/** The name under which everything is kept while there are no keys. */
const NO_KEY = 'local';
const DEFAULT_USER = 'default';
/** Past this many, ephemeral keys are dropped in the order of their age. */
const MAX_EPHEMERAL_KEYS = 10_000;

/** A mail address is no longer. */
const MAX_USER_CHARS = 320;

export interface Caller {
  readonly owner: Owner;
  /** What the caller may do. */
  readonly scopes: readonly Scope[];
  /** What an ephemeral key says about the session; null for others. */
  readonly patch: SessionPatch | null;
  /** True for who holds an ephemeral key: it cannot make more of them. */
  readonly isEphemeral: boolean;
}

interface Grant {
  readonly owner: Owner;
  /** Of the key that makes it; the new one never gets `operate`. */
  readonly scopes: readonly Scope[];
  readonly patch: SessionPatch | null;
  readonly seconds: number;
  /** How many sessions may begin with it; null: any number. */
  readonly maxUses: number | null;
}

interface EphemeralKey {
  readonly caller: Caller;
  readonly expiresAtMs: number;
  usesLeft: number;
}

/** Tells who is calling, from a key. Keys are held as hashes and compared in constant time. */
export class Auth {
  readonly #clock: Clock;
  readonly #keys: readonly { name: string; hash: Buffer; scopes: readonly Scope[] }[];
  /** By hash, oldest first: a lookup tells nothing of the key itself by the time that it takes. */
  readonly #ephemeral = new Map<string, EphemeralKey>();

  constructor(keys: readonly ApiKey[], clock: Clock) {
    this.#clock = clock;
    this.#keys = keys.map(({ name, sha256, scopes }) => ({ name, hash: Buffer.from(sha256, 'hex'), scopes }));
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
    if (token?.startsWith('ek_')) return this.#findEphemeral(token).caller;
    const { name, scopes } = this.isOpen ? { name: NO_KEY, scopes: SCOPES } : this.#find(token);
    const owner = { key: name, user: user ?? (this.isOpen ? NO_KEY : DEFAULT_USER) };
    return { owner, scopes, patch: null, isEphemeral: false };
  }

  /** Whether `identify` would let this key in, and to this. */
  allows(token: string | null, scope: Scope): boolean {
    try {
      return this.identify(token, null).scopes.includes(scope);
    } catch {
      return false;
    }
  }

  /**
   * Counts a session that begins with this key; disposing takes it back, when it did not begin after all. Going on with
   * one that was there does not count.
   *
   * @throws VivavoceError `unauthorized` when an ephemeral key has been used as often as it may be
   */
  use(token: string | null): Disposable {
    const use = new DisposableStack();
    if (!token?.startsWith('ek_')) return use;
    const key = this.#findEphemeral(token);
    if (key.usesLeft <= 0) throw unauthorized('This ephemeral key is used up; mint another one.');
    key.usesLeft--;
    use.defer(() => {
      key.usesLeft++;
    });
    return use;
  }

  /** A key for a browser: it stands for one user, and for a short time. */
  mint({ owner, scopes, patch, seconds, maxUses }: Grant): { value: string; expiresAtMs: number } {
    const value = `ek_${randomBytes(24).toString('base64url')}`;
    this.#makeRoom();
    const expiresAtMs = this.#clock.nowMs() + seconds * 1000;
    this.#ephemeral.set(sha256Of(value), {
      caller: { owner, scopes, patch, isEphemeral: true },
      expiresAtMs,
      usesLeft: maxUses ?? Number.POSITIVE_INFINITY,
    });
    return { value, expiresAtMs };
  }

  /** Drops what has expired; when there is still no room, the oldest of those of the key that has most of them. */
  #makeRoom(): void {
    const now = this.#clock.nowMs();
    for (const [hash, { expiresAtMs }] of this.#ephemeral) {
      // Behind one that lives long there may be others that have expired: they matter when there is no room.
      if (expiresAtMs <= now) this.#ephemeral.delete(hash);
      else if (this.#ephemeral.size < MAX_EPHEMERAL_KEYS) return;
    }
    if (this.#ephemeral.size < MAX_EPHEMERAL_KEYS) return;
    const ofKeys = Map.groupBy(this.#ephemeral, ([, { caller }]) => caller.owner.key);
    const [most = []] = [...ofKeys.values()].toSorted((one, other) => other.length - one.length);
    for (const [hash] of most.slice(0, 1)) this.#ephemeral.delete(hash);
  }

  #findEphemeral(token: string): EphemeralKey {
    const key = this.#ephemeral.get(sha256Of(token));
    if (key && key.expiresAtMs > this.#clock.nowMs()) return key;
    throw unauthorized('This ephemeral key has expired; mint another one.');
  }

  #find(token: string | null) {
    const hash = Buffer.from(sha256Of(token ?? ''), 'hex');
    // All of them, also behind the one that it is.
    const [known] = this.#keys.filter((key) => timingSafeEqual(key.hash, hash));
    if (known) return known;
    throw unauthorized(
      token === null
        ? 'A key is needed: send "Authorization: Bearer KEY".'
        : 'This key is not one of the API_KEYS of this server.',
    );
  }
}

/**
 * @throws VivavoceError `forbidden`, with what is missing
 */
export function requireScopeOf(caller: Caller, scope: Scope): void {
  if (caller.scopes.includes(scope)) return;
  const what = caller.isEphemeral ? 'This ephemeral key' : `The key "${caller.owner.key}"`;
  throw new VivavoceError(
    'forbidden',
    `${what} may not do this: it lacks the scope "${scope}" (see API_KEY_SCOPES).`,
  );
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

function unauthorized(message: string): VivavoceError {
  return new VivavoceError('unauthorized', message, { wireCode: 'invalid_api_key' });
}
