import { expect, test } from 'vitest';
import { toApiKey } from '../../src/api-keys.ts';
import type { Scope } from '../../src/protocol/scopes.ts';
import { Auth, requireScopeOf } from '../../src/server/auth.ts';
import { ManualClock } from '../support/manual-clock.ts';

const clock = new ManualClock();
const auth = new Auth(
  [
    toApiKey('alice', 'alice-secret'),
    toApiKey('bob', 'bob-secret', ['talk', 'operate']),
    toApiKey('carol', `sha256:${'0'.repeat(64)}`),
  ],
  clock,
);
const owner = { key: 'alice', user: 'ada' };

function mint(maxUses: number | null, of: Auth = auth) {
  const { scopes } = of.identify('alice-secret', null);
  return of.mint({ owner, scopes, patch: null, seconds: 60, maxUses }).value;
}

test('a key may do what it was given, and is told by name what it lacks', () => {
  const bob = auth.identify('bob-secret', null);
  requireScopeOf(bob, 'talk');
  expect(() => requireScopeOf(bob, 'memory')).toThrow(/"bob" .* scope "memory" .*API_KEY_SCOPES/);
  expect([auth.allows('bob-secret', 'operate'), auth.allows('bob-secret', 'history')]).toEqual([true, false]);
  expect(auth.allows('nobody-knows', 'talk')).toBe(false);
});

test('a hash in the settings is not a key', () => {
  expect(() => auth.identify('0'.repeat(64), null)).toThrow(/not one of the API_KEYS/);
  expect(() => auth.identify(`sha256:${'0'.repeat(64)}`, null)).toThrow(/not one of the API_KEYS/);
});

test('without keys everybody may do everything', () => {
  const open = new Auth([], clock);
  for (const scope of ['talk', 'history', 'memory', 'operate'] satisfies Scope[]) {
    requireScopeOf(open.identify(null, null), scope);
  }
});

test('an ephemeral key begins as many sessions as it may, and says then what to do', () => {
  const twice = mint(2);
  auth.use(twice);
  auth.use(twice);
  expect(() => auth.use(twice)).toThrow(/used up; mint another/);
  // Whose session it was may still go on with it.
  expect(auth.identify(twice, null).owner).toEqual(owner);
  const anyNumber = mint(null);
  for (let use = 0; use < 1_000; use++) auth.use(anyNumber);
});

test('a real key, or none, is not counted', () => {
  for (let use = 0; use < 1_000; use++) auth.use('alice-secret');
  auth.use(null);
});

test('an expired key begins nothing', async () => {
  const value = mint(5);
  await clock.advance(60_000);
  expect(() => auth.use(value)).toThrow(/expired; mint another/);
});

test('who makes ephemeral keys without end loses their own first', () => {
  const flooded = new Auth([toApiKey('alice', 'alice-secret'), toApiKey('bob', 'bob-secret')], clock);
  const bobs = flooded.mint({
    ...{ owner: { key: 'bob', user: 'ben' }, scopes: ['talk'], patch: null, seconds: 60, maxUses: null },
  }).value;
  const first = mint(null, flooded);
  for (let made = 0; made < 10_000; made++) mint(null, flooded);
  expect(flooded.identify(bobs, null).owner.user).toBe('ben');
  expect(() => flooded.identify(first, null)).toThrow(/expired/);
});

test('who makes ephemeral keys without end leaves others as many as they need', () => {
  const flooded = new Auth([toApiKey('alice', 'alice-secret'), toApiKey('bob', 'bob-secret')], clock);
  for (let made = 0; made < 10_000; made++) mint(null, flooded);
  const grant = { owner: { key: 'bob', user: 'ben' }, scopes: ['talk'], patch: null, seconds: 60 } as const;
  const bobs = Array.from({ length: 3 }, () => flooded.mint({ ...grant, maxUses: null }).value);
  for (const value of bobs) expect(flooded.identify(value, null).owner.user).toBe('ben');
});

test('what has expired makes room before what has not, also behind one that lives long', async () => {
  const flooded = new Auth([toApiKey('alice', 'alice-secret'), toApiKey('bob', 'bob-secret')], clock);
  const grant = { owner: { key: 'bob', user: 'ben' }, scopes: ['talk'], patch: null, maxUses: null } as const;
  const bobs = flooded.mint({ ...grant, seconds: 7_200 }).value;
  for (let made = 1; made < 10_000; made++) mint(null, flooded);
  await clock.advance(60_000);
  flooded.mint({ ...grant, seconds: 60 });
  expect(flooded.identify(bobs, null).owner.user).toBe('ben');
});
