import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { VivavoceError } from '../errors.ts';
import type { AddressOf } from './address.ts';
import { bearerToken } from './auth.ts';
import type { ComingBack } from './call.ts';
import { httpStatus, retryAfter, toErrorBody } from './error-body.ts';
import { type OriginPolicy, refusedBecause } from './origin.ts';

const KEY_PROTOCOL = 'openai-insecure-api-key.';
const BETA_PROTOCOL = 'openai-beta.realtime-v1';

export interface DoorDeps {
  readonly origins: OriginPolicy;
  readonly addressOf: AddressOf;
}

/** Who knocks, and what for. */
export interface Door {
  readonly query: URLSearchParams;
  /** The key; null when there is none. */
  readonly token: string | null;
  readonly address: string;
  readonly isBeta: boolean;
  readonly hasExtensions: boolean;
}

/** @throws VivavoceError for an upgrade that nobody may have. */
export function readDoor(request: IncomingMessage, { origins, addressOf }: DoorDeps): Door {
  const url = URL.parse(request.url ?? '/', 'http://realtime');
  if (!url) throw new VivavoceError('invalid_request', 'The address of the request cannot be read.');
  if (url.pathname !== '/v1/realtime') {
    throw new VivavoceError('not_found', `There is no WebSocket at ${url.pathname}; it is at /v1/realtime.`);
  }
  const refusal = refusedBecause(request.headers, origins);
  if (refusal) throw new VivavoceError('forbidden', refusal);

  const { authorization, 'sec-websocket-protocol': offered = '', 'openai-beta': beta } = request.headers;
  const protocols = offered.split(',').map((name) => name.trim());
  const isBeta = protocols.includes(BETA_PROTOCOL) || String(beta).includes('realtime=v1');
  const key = protocols.find((name) => name.startsWith(KEY_PROTOCOL))?.slice(KEY_PROTOCOL.length);
  return {
    query: url.searchParams,
    token: bearerToken(authorization) ?? key ?? null,
    address: addressOf(request),
    isBeta,
    // They are numbered as they are now: the older dialect has other events.
    hasExtensions: !isBeta && url.searchParams.get('extensions') === 'vivavoce',
  };
}

/**
 * `resume=TOKEN&after=SEQUENCE`, and how far the client has the newest audio that came: `audio_item=ID&audio_ms=END`. Null:
 * it begins anew.
 */
export function comingBackOf(query: URLSearchParams): (ComingBack & { readonly token: string }) | null {
  const token = query.get('resume');
  if (token === null) return null;
  const after = Number(query.get('after') ?? -1);
  const audioMs = Number(query.get('audio_ms') ?? 0);
  if (!Number.isSafeInteger(after) || after < -1 || !(audioMs >= 0)) {
    throw new VivavoceError('invalid_request', 'after is the sequence of the last event, audio_ms from 0.', {
      param: 'after',
    });
  }
  const itemId = query.get('audio_item');
  return { token, after, received: itemId === null ? null : { itemId, audioMs } };
}

/** Answers an upgrade with an HTTP error of the same shape as everywhere. */
export function refuseUpgrade(stream: Duplex, error: unknown): void {
  const status = httpStatus(error);
  const body = JSON.stringify(toErrorBody(error, false));
  const headers = Object.entries(retryAfter(error)).map(([name, value]) => `${name}: ${value}\r\n`);
  // A peer that never closes its side would keep the socket, and the server from stopping.
  stream.once('finish', () => stream.destroy());
  stream.end(
    `HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n${headers.join('')}\r\n${body}`,
  );
}
