import type { Request, RequestHandler } from 'express';
import type { Owner } from '../conversation/store.ts';
import type { Scope } from '../protocol/scopes.ts';
import { type Auth, bearerToken, type Caller, requireScopeOf, userName } from './auth.ts';

const callers = new WeakMap<Request, Caller>();

/** Identifies who sends a request, from its key and `?user=`. */
export function requireCaller(auth: Auth): RequestHandler {
  return (request, _response, next) => {
    const token = bearerToken(request.headers.authorization);
    callers.set(request, auth.identify(token, userName(request.query.user)));
    next();
  };
}

/** Lets nobody on whose key may not do this. Behind `requireCaller`. */
export function requireScope(scope: Scope): RequestHandler {
  return (request, _response, next) => {
    requireScopeOf(callerOf(request), scope);
    next();
  };
}

export function callerOf(request: Request): Caller {
  const caller = callers.get(request);
  if (!caller) throw new Error(`${request.path} is served without requireCaller`);
  return caller;
}

/** Whether whoever sends it may know how the service is run; false for whoever is not known. */
export function isOperator(request: Request): boolean {
  return callers.get(request)?.scopes.includes('operate') ?? false;
}

/** Whose data the request is about. A user named in the body goes before `?user=`, an ephemeral key's before both. */
export function ownerOf(request: Request, userInBody?: unknown): Owner {
  const { owner, isEphemeral } = callerOf(request);
  const user = isEphemeral ? null : userName(userInBody);
  return user === null ? owner : { ...owner, user };
}
