import { resolve } from 'node:path';
import proxyAddr from 'proxy-addr';
import type { z } from 'zod';
import { type ApiKey, readApiKeys } from './api-keys.ts';
import { VivavoceError } from './errors.ts';
import { settings } from './settings.ts';

/** Values of settings whose engine does not exist yet: naming one stops the start instead of being ignored. */
export const NOT_BUILT: Partial<Record<keyof typeof settings.shape, readonly string[] | 'any'>> = {
  TTS: ['kokoro'],
  DATABASE_URL: 'any',
  REDIS_URL: 'any',
};

export type Config = Readonly<
  Omit<z.output<typeof settings>, 'API_KEYS' | 'API_KEY_SCOPES' | 'DATA_DIR'> & {
    /** With their scopes. */
    API_KEYS: readonly ApiKey[];
    /** Absolute. */
    DATA_DIR: string;
  }
>;

/**
 * Reads the settings from `env` (the process's own by default). An empty variable counts as unset.
 *
 * @throws VivavoceError `config_invalid` with a line for every setting that is wrong.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const given = Object.fromEntries(
    Object.keys(settings.shape).flatMap((name) => (env[name]?.trim() ? [[name, env[name].trim()]] : [])),
  );
  // Without the value: some are secrets, and some hold one.
  const problems = Object.entries(NOT_BUILT).flatMap(([name, values]) => {
    const value = given[name];
    if (value === undefined) return [];
    if (values === 'any') return [`${name} is not available in this version; unset it`];
    return values.includes(value) ? [`${name}=${value} is not available in this version; unset it`] : [];
  });
  const parsed = settings.safeParse(given);
  if (!parsed.success) {
    const wrong = parsed.error.issues.map((issue) => `${issue.path[0] as string}: ${issue.message}`);
    throw invalid([...wrong, ...problems]);
  }
  const { API_KEY_SCOPES, ...value } = parsed.data;
  const apiKeys = readApiKeys(value.API_KEYS, API_KEY_SCOPES, problems);
  for (const origin of value.ALLOWED_ORIGINS) {
    if (URL.parse(origin)?.origin !== origin) {
      problems.push(
        `ALLOWED_ORIGINS: "${origin}" is not an origin such as https://a.example (no path, no /)`,
      );
    }
  }
  for (const proxy of value.TRUSTED_PROXIES) {
    if (!isAddressRange(proxy)) {
      problems.push(`TRUSTED_PROXIES: "${proxy}" is not an address or a range such as 10.0.0.0/8`);
    }
  }
  if (!isLoopback(value.HOST) && apiKeys.length === 0) {
    problems.push(`HOST=${value.HOST} can be reached from other machines: set API_KEYS=name:key first`);
  }
  if ((value.TLS_CERT === undefined) !== (value.TLS_KEY === undefined)) {
    problems.push('TLS_CERT and TLS_KEY go together: set both or neither');
  }
  if (value.LLM === 'openai' && !value.OPENAI_BASE_URL && !value.OPENAI_API_KEY) {
    problems.push('LLM=openai needs OPENAI_BASE_URL (a server of yours) or OPENAI_API_KEY');
  }
  for (const part of ['TTS', 'STT', 'EMBEDDINGS'] as const) {
    const hasServer = value[`${part}_BASE_URL`] || value.OPENAI_BASE_URL || value.OPENAI_API_KEY;
    if (value[part] === 'openai' && !hasServer) {
      problems.push(`${part}=openai needs ${part}_BASE_URL (a server of yours) or OPENAI_API_KEY`);
    }
  }
  const { LLM_PRICE_INPUT: input, LLM_PRICE_CACHED_INPUT: cached, LLM_PRICE_OUTPUT: output } = value;
  if ((input === undefined) !== (output === undefined) || (cached !== undefined && input === undefined)) {
    problems.push('LLM_PRICE_INPUT and LLM_PRICE_OUTPUT go together, and LLM_PRICE_CACHED_INPUT with them');
  }
  if (!isTimezone(value.TIMEZONE)) {
    problems.push(`TIMEZONE=${value.TIMEZONE} is not a time zone such as Europe/Berlin`);
  }
  if (problems.length > 0) throw invalid(problems);
  return Object.freeze({ ...value, API_KEYS: apiKeys, DATA_DIR: resolve(value.DATA_DIR) });
}

export function isLoopback(host: string): boolean {
  return /^(localhost|::1|127(\.\d{1,3}){3})$/i.test(host);
}

function isAddressRange(text: string): boolean {
  try {
    proxyAddr.compile(text);
    return true;
  } catch {
    return false;
  }
}

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function invalid(lines: readonly string[]): VivavoceError {
  return new VivavoceError('config_invalid', `The settings are not usable:\n  ${lines.join('\n  ')}`);
}
