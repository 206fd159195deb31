import { createHash } from 'node:crypto';
import { SCOPES, type Scope } from './protocol/scopes.ts';

/** An API key: the name under which its conversations are kept, and what it may do. The key itself is not kept. */
export interface ApiKey {
  readonly name: string;
  /** SHA-256, 64 hex digits. */
  readonly sha256: string;
  readonly scopes: readonly Scope[];
}

const HASHED = 'sha256:';

export function toApiKey(name: string, key: string, scopes: readonly Scope[] = SCOPES): ApiKey {
  const sha256 = key.startsWith(HASHED) ? key.slice(HASHED.length).toLowerCase() : sha256Of(key);
  return { name, sha256, scopes };
}

export function sha256Of(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/**
 * The keys of `API_KEYS` (`name:key` or `name:sha256:HEX`) with what `API_KEY_SCOPES` (`name:scope+scope`) lets them
 * do. What is wrong goes to `problems`, without a key in it.
 */
export function readApiKeys(
  entries: readonly string[],
  scopeEntries: readonly string[],
  problems: string[],
): ApiKey[] {
  const keys: ApiKey[] = [];
  for (const entry of entries) {
    const [name, key] = split(entry);
    if (!/^[\w-]{1,64}$/.test(name) || !isKey(key)) {
      problems.push(
        'API_KEYS: each entry is name:key, the name of letters, digits, - or _, the key of 8 or more characters ' +
          'that do not begin with ek_; or name:sha256: and 64 hex digits',
      );
      continue;
    }
    const read = toApiKey(name, key);
    if (keys.some((other) => other.name === name || other.sha256 === read.sha256)) {
      problems.push(`API_KEYS: the name or key of ${name} is there twice`);
    } else keys.push(read);
  }
  const scopes = readScopes(scopeEntries, keys, problems);
  return keys.map((key) => ({ ...key, scopes: scopes.get(key.name) ?? key.scopes }));
}

function readScopes(entries: readonly string[], keys: readonly ApiKey[], problems: string[]) {
  const read = new Map<string, readonly Scope[]>();
  for (const entry of entries) {
    const [name, list] = split(entry);
    const names = list.split('+').map((scope) => scope.trim());
    const scopes = SCOPES.filter((scope) => names.includes(scope));
    if (!keys.some((key) => key.name === name)) {
      problems.push(`API_KEY_SCOPES: "${name}" is not the name of one of the API_KEYS`);
    } else if (read.has(name)) {
      problems.push(`API_KEY_SCOPES: ${name} is there twice`);
    } else if (names.some((scope) => !SCOPES.some((known) => known === scope))) {
      problems.push(`API_KEY_SCOPES: the scopes of ${name} are some of ${SCOPES.join('+')}`);
    } else read.set(name, scopes);
  }
  return read;
}

/** Those that begin with ek_ are the ones that this server makes for browsers. */
function isKey(key: string): boolean {
  if (key.startsWith(HASHED)) return /^[0-9a-f]{64}$/i.test(key.slice(HASHED.length));
  return key.length >= 8 && !key.startsWith('ek_');
}

/** `name:rest`; an entry without a colon has no name. */
function split(entry: string): [string, string] {
  const colon = entry.indexOf(':');
  return colon < 0 ? ['', entry] : [entry.slice(0, colon).trim(), entry.slice(colon + 1).trim()];
}
