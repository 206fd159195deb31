import type { RequestHandler, Response } from 'express';
import type { IdSource } from '../clock.ts';

const HEADER = 'X-Request-Id';

/** Gives every request a name, in the answer and in the log: the caller's own when it is one, else a new one. */
export function nameRequests(ids: IdSource): RequestHandler {
  return (request, response, next) => {
    const given = request.headers['x-request-id'];
    const isName = typeof given === 'string' && /^[\w.-]{1,64}$/.test(given);
    response.setHeader(HEADER, isName ? given : ids.next('req'));
    next();
  };
}

export function requestIdOf(response: Response): string {
  return String(response.getHeader(HEADER));
}
