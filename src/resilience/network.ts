import { isIPv6 } from 'node:net';
import { isLoopback } from '../config.ts';

/** What one customer of a provider has: an IPv4 address, or the 64 bits of an IPv6 network. Null for this machine. */
export function networkOf(address: string): string | null {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (isLoopback(plain)) return null;
  if (!isIPv6(plain)) return plain;
  const [head = '', tail = null] = plain.toLowerCase().split('%')[0]?.split('::') ?? [];
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const missing = tail === null ? 0 : 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...Array<string>(Math.max(0, missing)).fill('0'), ...groups(tail ?? '')];
  return all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
