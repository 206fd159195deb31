import type { IncomingHttpHeaders } from 'node:http';
import { isLoopback } from '../config.ts';

export interface OriginPolicy {
  /** `https://a.example` … */
  readonly allowedOrigins: readonly string[];
  /** True while no key is needed. */
  readonly isOpen: boolean;
}

/**
 * Why a request may not be answered, or null when it may.
 *
 * A web page anywhere can reach a server on this machine: its own name may even resolve to it. So a browser's origin
 * has to be ours or listed, and as long as no key is needed the server answers to names of this machine only.
 */
export function refusedBecause(headers: IncomingHttpHeaders, policy: OriginPolicy): string | null {
  const host = headers.host ?? '';
  if (policy.isOpen && !isLoopback(hostName(host))) {
    return `Without API_KEYS this server answers to localhost only, not to "${host}".`;
  }
  const { origin } = headers;
  if (origin === undefined || policy.allowedOrigins.includes(origin)) return null;
  const isOurs = URL.canParse(origin) && new URL(origin).host === host;
  return isOurs ? null : `The origin ${origin} is not allowed; add it to ALLOWED_ORIGINS.`;
}

/** `[::1]:4000` → `::1` */
function hostName(host: string): string {
  return host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}
