import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sha256Of } from '../src/api-keys.ts';
import { isLoopback, NOT_BUILT, readConfig } from '../src/config.ts';
import { VivavoceError } from '../src/errors.ts';
import { SCOPES } from '../src/protocol/scopes.ts';
import { settings } from '../src/settings.ts';

/** The lines about settings that are wrong. */
function problems(env: Record<string, string>): string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    if (!(error instanceof VivavoceError)) throw error;
    expect(error.code).toBe('config_invalid');
    const [title, ...lines] = error.message.split('\n');
    expect(title).toBe('The settings are not usable:');
    return lines.map((line) => line.trim());
  }
}

describe('without any setting', () => {
  test('the service runs on this machine, for everybody on it, with what is there', () => {
    expect(readConfig({})).toMatchObject({
      PORT: 4000,
      HOST: '127.0.0.1',
      DATA_DIR: resolve('./data'),
      API_KEYS: [],
      ALLOWED_ORIGINS: [],
      LOG_LEVEL: 'info',
      LLM: 'auto',
      OLLAMA_BASE_URL: 'http://127.0.0.1:11434',
      TTS: 'auto',
      STT: 'auto',
      VAD: 'silero',
      SPECULATION: 'on',
      EMBEDDINGS: 'auto',
    });
    for (const name of ['AGENT_FILE', 'OLLAMA_MODEL', 'OPENAI_API_KEY', 'TLS_CERT', 'TTS_VOICE'] as const) {
      expect(readConfig({})[name]).toBeUndefined();
    }
  });

  test('the time is told in the zone of the machine', () => {
    expect(readConfig({}).TIMEZONE).toBe(Intl.DateTimeFormat().resolvedOptions().timeZone);
  });
});

test('an empty setting, or one of blanks, counts as unset', () => {
  const empty = Object.fromEntries(Object.keys(settings.shape).map((name, n) => [name, n % 2 ? '' : '  ']));
  expect(readConfig(empty)).toEqual(readConfig({}));
});

test('what is set is read, without the blanks around it, and what is not ours is left alone', () => {
  const config = readConfig({
    PORT: ' 8080 ',
    DATA_DIR: '/srv/voice',
    API_KEYS: 'alice:alice-secret, bob : bob:secret:2 ,',
    ALLOWED_ORIGINS: 'https://a.example, http://localhost:5173',
    LLM_PRICE_INPUT: '0.5',
    LLM_PRICE_OUTPUT: '1.5',
    HOME: '/root',
  });
  expect(config).toMatchObject({
    PORT: 8080,
    DATA_DIR: '/srv/voice',
    API_KEYS: [
      { name: 'alice', sha256: sha256Of('alice-secret'), scopes: SCOPES },
      { name: 'bob', sha256: sha256Of('bob:secret:2'), scopes: SCOPES },
    ],
    ALLOWED_ORIGINS: ['https://a.example', 'http://localhost:5173'],
    LLM_PRICE_INPUT: 0.5,
  });
  expect(config).not.toHaveProperty('HOME');
  expect(Object.isFrozen(config)).toBe(true);
});

describe('a key', () => {
  const KEY = 'alice-secret';
  const sha256 = '0fd0a34eb26b1aba37e23bd8ef1cb5eb3f1a01c1c2e5b9f8c4f1c93c4b4b8d6a';

  test('is nowhere in the settings once they are read', () => {
    expect(JSON.stringify(readConfig({ API_KEYS: `alice:${KEY}` }))).not.toContain(KEY);
  });

  test('may be given as its hash', () => {
    expect(readConfig({ API_KEYS: `alice:sha256:${sha256.toUpperCase()}` }).API_KEYS).toEqual([
      { name: 'alice', sha256, scopes: SCOPES },
    ]);
    const twice = `alice:${KEY},bob:sha256:${sha256Of(KEY)}`;
    expect(problems({ API_KEYS: twice })).toEqual([expect.stringContaining('is there twice')]);
  });

  test('may do what its scopes say, and everything without', () => {
    const config = readConfig({
      API_KEYS: 'alice:alice-secret,bob:bob-secret',
      API_KEY_SCOPES: ' bob : history + talk ',
    });
    expect(config.API_KEYS.map(({ scopes }) => scopes)).toEqual([SCOPES, ['talk', 'history']]);
    expect(config).not.toHaveProperty('API_KEY_SCOPES');
  });
});

describe('a setting that cannot be used stops the start and is named:', () => {
  test.each([
    ['PORT', 'many', /0 to 65535/],
    ['PORT', '65536', /0 to 65535/],
    ['PORT', '-1', /0 to 65535/],
    ['PORT', '80.5', /0 to 65535/],
    ['LOG_LEVEL', 'loud', /"info"/],
    ['LLM', 'gpt', /"ollama"/],
    ['TTS', 'robot', /"flite"/],
    ['STT', 'ears', /"none"/],
    ['EMBEDDINGS', 'some', /"auto"/],
    ['OLLAMA_BASE_URL', 'localhost:11434', /http\(s\) URL/],
    ['OPENAI_BASE_URL', 'ftp://a.example', /http\(s\) URL/],
    ['TTS_BASE_URL', 'https://me:secret@a.example/v1', /password/],
    ['LLM_CONTEXT_TOKENS', '0', /from 1/],
    ['VOICE_REPLY_TOKENS', 'few', /from 1/],
    ['VOICE_CACHE_MB', '-1', /from 0/],
    ['LLM_PRICE_INPUT', 'free', /from 0/],
    ['LLM_PRICE_CURRENCY', 'EURO', /three letters/],
    ['TIMEZONE', 'Mars/Olympus', /Europe\/Berlin/],
    ['ALLOWED_ORIGINS', '*', /https:\/\/a\.example/],
    ['ALLOWED_ORIGINS', 'https://a.example/', /https:\/\/a\.example/],
    ['ALLOWED_ORIGINS', 'a.example', /https:\/\/a\.example/],
    ['HOST', '0.0.0.0', /API_KEYS/],
    ['HOST', '::', /API_KEYS/],
    ['HOST', '192.168.1.2', /API_KEYS/],
    ['HOST', '127.0.0.1.evil.example', /API_KEYS/],
    ['TLS_CERT', 'cert.pem', /TLS_KEY/],
    ['TLS_KEY', 'key.pem', /TLS_CERT/],
    ['LLM', 'openai', /OPENAI_BASE_URL/],
    ['TTS', 'openai', /TTS_BASE_URL/],
    ['STT', 'openai', /STT_BASE_URL/],
    ['EMBEDDINGS', 'openai', /EMBEDDINGS_BASE_URL/],
    ['LLM_PRICE_INPUT', '1', /LLM_PRICE_OUTPUT/],
    ['LLM_PRICE_OUTPUT', '1', /LLM_PRICE_INPUT/],
    ['LLM_PRICE_CACHED_INPUT', '1', /LLM_PRICE_INPUT/],
  ])('%s=%s', (name, value, what) => {
    const lines = problems({ [name]: value });
    const about = lines.filter((line) => line.includes(name));
    expect(about).toHaveLength(1);
    expect(about[0]).toMatch(what);
    expect(lines.join()).not.toContain('secret');
  });

  test.each([
    'alice',
    'alice:short',
    ':alice-secret',
    'a b:alice-secret',
    'alice:ek_looks-like-ours',
    'alice:sha256:abcdef',
    `alice:sha256:${'g'.repeat(64)}`,
    `${'x'.repeat(65)}:alice-secret`,
  ])('API_KEYS=%s', (value) => {
    const lines = problems({ API_KEYS: value });
    expect(lines).toEqual([expect.stringMatching(/^API_KEYS: each entry is name:key/)]);
    expect(lines.join()).not.toContain(value);
  });

  test.each(['a:same-secret,b:same-secret', 'a:one-secret,a:other-secret'])('API_KEYS=%s', (value) => {
    const lines = problems({ API_KEYS: value });
    expect(lines).toEqual([expect.stringContaining('is there twice')]);
    expect(lines.join()).not.toContain('secret');
  });

  test('API_KEY_SCOPES that name no key, no scope, or a key twice', () => {
    const API_KEYS = 'alice:alice-secret';
    expect(problems({ API_KEYS, API_KEY_SCOPES: 'bob:talk' })).toEqual([
      'API_KEY_SCOPES: "bob" is not the name of one of the API_KEYS',
    ]);
    for (const list of ['alice:speak', 'alice:talk+', 'alice:', 'alice:talk+speak']) {
      expect(problems({ API_KEYS, API_KEY_SCOPES: list })).toEqual([
        'API_KEY_SCOPES: the scopes of alice are some of talk+history+memory+operate',
      ]);
    }
    expect(problems({ API_KEYS, API_KEY_SCOPES: 'alice:talk,alice:memory' })).toEqual([
      'API_KEY_SCOPES: alice is there twice',
    ]);
  });

  test.each(['proxy.example', '10.0.0.0/33', '10.0.0', '*'])('TRUSTED_PROXIES=%s', (value) =>
    expect(problems({ TRUSTED_PROXIES: value })).toEqual([
      expect.stringMatching(/^TRUSTED_PROXIES: .*10\.0\.0\.0\/8/),
    ]));

  test('all of them at once', () => {
    const lines = problems({ PORT: 'x', LLM: 'x', TTS: 'kokoro', REDIS_URL: 'redis://me:secret@r' });
    expect(lines.map((line) => /^\w+/.exec(line)?.[0]).toSorted()).toEqual([
      'LLM',
      'PORT',
      'REDIS_URL',
      'TTS',
    ]);
    expect(problems({ HOST: '0.0.0.0', TIMEZONE: 'x', TLS_KEY: 'x' })).toHaveLength(3);
  });
});

describe('an engine that is not built yet is never ignored silently:', () => {
  const valueFor = () => 'postgres://me:secret@db';
  const cases = Object.entries(NOT_BUILT).flatMap(([name, values]) =>
    values === 'any' ? [[name, valueFor()] as const] : values.map((value) => [name, value] as const),
  );

  test.each(cases)('%s=%s', (name, value) => {
    const lines = problems({ [name]: value });
    expect(lines).toEqual([expect.stringMatching(/is not available in this version; unset it$/)]);
    expect(lines[0]).toMatch(new RegExp(`^${name}\\b`));
    expect(lines[0]).not.toContain('secret');
  });

  test('Kokoro is one of them', () => expect(problems({ TTS: 'kokoro' })).toHaveLength(1));
});

describe('with keys', () => {
  const API_KEYS = 'alice:alice-secret';

  test('it may be reached from other machines', () => {
    expect(readConfig({ HOST: '0.0.0.0', API_KEYS }).HOST).toBe('0.0.0.0');
  });
});

test.each([
  ['localhost', true],
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['::1', true],
  ['0.0.0.0', false],
  ['::', false],
  ['localhost.example', false],
  ['10.0.0.1', false],
])('%s is an address of this machine alone: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
