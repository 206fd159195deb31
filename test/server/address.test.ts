import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { addressReader } from '../../src/server/address.ts';

function requestFrom(peer: string | undefined, forwarded?: string): IncomingMessage {
  return {
    socket: { remoteAddress: peer },
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  } as never;
}

test('without trusted proxies the address is that of the peer, whatever it says', () => {
  const addressOf = addressReader([]);
  expect(addressOf(requestFrom('203.0.113.7', '198.51.100.1'))).toBe('203.0.113.7');
  expect(addressOf(requestFrom('127.0.0.1', '198.51.100.1'))).toBe('127.0.0.1');
});

test('behind trusted proxies it is the last that none of them has: what a client wrote before that is not believed', () => {
  const addressOf = addressReader(['10.0.0.0/8', '::1']);
  expect(addressOf(requestFrom('10.1.2.3', '198.51.100.1'))).toBe('198.51.100.1');
  expect(addressOf(requestFrom('10.1.2.3', '192.0.2.66, 198.51.100.1, 10.9.9.9'))).toBe('198.51.100.1');
  expect(addressOf(requestFrom('::1', '2001:DB8::1'))).toBe('2001:db8::1');
  expect(addressOf(requestFrom('203.0.113.7', '198.51.100.1'))).toBe('203.0.113.7');
  expect(addressOf(requestFrom('10.1.2.3'))).toBe('10.1.2.3');
});

test('an address has one name, and what is none is not taken for one', () => {
  const addressOf = addressReader(['10.0.0.0/8']);
  expect(addressOf(requestFrom('::ffff:203.0.113.7'))).toBe('203.0.113.7');
  expect(addressOf(requestFrom('::ffff:10.1.2.3', '198.51.100.1'))).toBe('198.51.100.1');
  expect(addressOf(requestFrom('10.1.2.3', 'unknown'))).toBe('10.1.2.3');
  expect(addressOf(requestFrom('10.1.2.3', 'x'.repeat(5_000)))).toBe('10.1.2.3');
  expect(addressOf(requestFrom(undefined, '198.51.100.1'))).toBe('');
});
