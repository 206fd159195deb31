import type { ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import cors from 'cors';
import express, { type ErrorRequestHandler, type Express, type RequestHandler, type Router } from 'express';
import type { IdSource } from '../clock.ts';
import { messageOf, VivavoceError } from '../errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Auth } from './auth.ts';
import { browserPolicy, viewerPolicy } from './browser-policy.ts';
import { isOperator, requireCaller } from './caller.ts';
import { httpStatus, retryAfter, toErrorBody } from './error-body.ts';
import { openApiDocument } from './openapi.ts';
import { type OriginPolicy, refusedBecause } from './origin.ts';
import { nameRequests, requestIdOf } from './request-id.ts';

const PAGE = fileURLToPath(new URL('../../web/dist/', import.meta.url));
/** Twenty items of a megabyte each, and their JSON. */
const MAX_BODY_BYTES = 24 * 1024 * 1024;
/** What a page of another origin may read besides the body. */
const EXPOSED = ['Location', 'Retry-After', 'X-Request-Id'];

interface HttpOptions {
  readonly auth: Auth;
  readonly origins: OriginPolicy;
  readonly ids: IdSource;
  readonly log: Logger;
  /** What is served outside of `/v1`, each behind a door of its own. */
  readonly operating: readonly Router[];
  /** What is served under `/v1` to whoever has a key. */
  readonly api: readonly Router[];
  /** The same for what takes files; what they do not answer goes on to `api`. */
  readonly uploads: readonly Router[];
}

/** The Express app: doors first, then routes, then errors in one shape. */
export function createExpressApp({ auth, origins, ids, log, operating, api, uploads }: HttpOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(nameRequests(ids), browserPolicy);
  app.use(checkOrigin(origins));
  app.use(cors({ origin: [...origins.allowedOrigins], exposedHeaders: EXPOSED, maxAge: 600 }));
  for (const routes of operating) app.use(routes);
  app.get('/openapi.json', (_request, response) => void response.json(openApiDocument));
  app.get('/docs', (_request, response) => {
    response.setHeader('Content-Security-Policy', viewerPolicy);
    response.sendFile('docs.html', { root: PAGE });
  });
  app.use(express.static(PAGE, { index: 'index.html', setHeaders: cacheForever }));
  const readJson = express.json({ limit: MAX_BODY_BYTES });
  app.use('/v1', requireCaller(auth), ...uploads, readJson, refuseOtherBodies, ...api);
  app.use((request, _response, next) => {
    next(new VivavoceError('not_found', `There is nothing at ${request.method} ${request.path}.`));
  });
  app.use(answerErrors(log));
  return app;
}

function checkOrigin(origins: OriginPolicy): RequestHandler {
  return (request, _response, next) => {
    const refusal = refusedBecause(request.headers, origins);
    next(refusal === null ? undefined : new VivavoceError('forbidden', refusal));
  };
}

/** A body that is not called JSON was not read: without a word it would count as none. */
const refuseOtherBodies: RequestHandler = (request, _response, next) => {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  const hasBody = encoding !== undefined || Number(length ?? 0) > 0;
  if (!hasBody || request.body !== undefined) next();
  else
    next(new VivavoceError('invalid_request', 'Send the body as JSON, with Content-Type: application/json.'));
};

/** Built files carry a hash in their name. */
function cacheForever(response: ServerResponse, path: string) {
  const isHashed = path.includes('/assets/');
  response.setHeader('Cache-Control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
}

function answerErrors(log: Logger): ErrorRequestHandler {
  return (error, request, response, _next) => {
    const status = httpStatus(error);
    // Whoever is refused for want of room is counted, and may come by the hundred.
    const isRefusal = error instanceof VivavoceError && error.code === 'overloaded';
    if (status >= 500) {
      log[isRefusal ? 'debug' : 'error'](
        {
          event: 'request-failed',
          requestId: requestIdOf(response),
          path: request.path,
          status,
          error: messageOf(error),
        },
        'request failed',
      );
    }
    // Too late for a status: a broken connection is what no client takes for the end.
    if (response.headersSent) response.destroy();
    else
      response
        .status(status)
        .set(retryAfter(error))
        .type('json')
        .json(toErrorBody(error, isOperator(request)));
  };
}
