import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import proxyAddr from 'proxy-addr';

/** The address of who sent a request, also of an upgrade. */
export type AddressOf = (request: IncomingMessage) => string;

/**
 * @param trustedProxies addresses and ranges of the proxies whose `X-Forwarded-For` is believed: the address is the
 *   last that none of them has. Without any, it is that of the peer.
 */
export function addressReader(trustedProxies: readonly string[]): AddressOf {
  const isTrusted = proxyAddr.compile([...trustedProxies]);
  return (request) => {
    const peer = request.socket.remoteAddress ?? '';
    // A peer that has gone has no address, and proxy-addr wants one.
    const address = peer === '' ? '' : proxyAddr(request, isTrusted);
    // A proxy may hand on what somebody wrote into the header: that is nobody's address.
    return plain(isIP(address) === 0 ? peer : address);
  };
}

/** One name for one address: `::ffff:10.0.0.1` is 10.0.0.1. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '').toLowerCase();
}
