import { readFile } from 'node:fs/promises';
import { createServer as createHttpServer, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createSecureContext } from 'node:tls';
import { fileURLToPath } from 'node:url';
import cors from 'cors';
import express, { type ErrorRequestHandler, type Express, type RequestHandler, type Router } from 'express';
import helmet from 'helmet';
import { messageOf, VivavoceError } from '../errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Auth } from './auth.ts';
import { requireCaller } from './caller.ts';
import { httpStatus, toErrorBody } from './error-body.ts';
import { openApiDocument } from './openapi.ts';
import { type OriginPolicy, refusedBecause } from './origin.ts';
import type { RealtimeServer } from './realtime.ts';

const PAGE = fileURLToPath(new URL('../../web/dist/', import.meta.url));
/** Twenty items of a megabyte each, and their JSON. */
const MAX_BODY_BYTES = 24 * 1024 * 1024;
const HEADERS_TIMEOUT_MS = 10_000;

interface HttpOptions {
  readonly auth: Auth;
  readonly origins: OriginPolicy;
  readonly log: Logger;
  /** What is served outside of `/v1`, each behind a door of its own. */
  readonly operating: readonly Router[];
  /** What is served under `/v1` to whoever has a key. */
  readonly api: readonly Router[];
  /** The same for what takes files; what they do not answer goes on to `api`. */
  readonly uploads: readonly Router[];
}

/** The Express app: doors first, then routes, then errors in one shape. */
export function createExpressApp({ auth, origins, log, operating, api, uploads }: HttpOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(
    helmet({
      contentSecurityPolicy: { useDefaults: false, directives: contentPolicy("'self'") },
      // The server is often reached by plain HTTP in a home; whoever has TLS may add it in front.
      strictTransportSecurity: false,
    }),
  );
  app.use((_request, response, next) => {
    // Our page may listen; what it might ever frame or load may not.
    response.setHeader('Permissions-Policy', 'microphone=(self)');
    next();
  });
  app.use(checkOrigin(origins));
  app.use(cors({ origin: [...origins.allowedOrigins], maxAge: 600 }));
  for (const routes of operating) app.use(routes);
  app.get('/openapi.json', (_request, response) => void response.json(openApiDocument));
  app.get('/docs', (_request, response) => {
    // The API viewer styles itself from its script.
    response.setHeader('Content-Security-Policy', policyText(contentPolicy("'self' 'unsafe-inline'")));
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

/** The listening server; with a certificate it speaks TLS. */
export async function listen(
  app: Express,
  realtime: RealtimeServer,
  options: { host: string; port: number; tlsCert: string | undefined; tlsKey: string | undefined },
): Promise<{ server: Server; url: string }> {
  const tls = await readTls(options.tlsCert, options.tlsKey);
  const server = tls
    ? createHttpsServer({ ...tls, noDelay: true }, app)
    : createHttpServer({ noDelay: true }, app);
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.on('upgrade', (request, stream, head) => void realtime.upgrade(request, stream, head));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(cannotListen(cause, options)));
    server.listen(options.port, options.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return { server, url: `${tls ? 'https' : 'http'}://${host}:${port}` };
}

async function readTls(certPath: string | undefined, keyPath: string | undefined) {
  if (!certPath || !keyPath) return null;
  try {
    const pair = { cert: await readFile(certPath), key: await readFile(keyPath) };
    createSecureContext(pair);
    return pair;
  } catch (cause) {
    throw new VivavoceError('config_invalid', `TLS_CERT or TLS_KEY cannot be used: ${messageOf(cause)}`, {
      cause,
    });
  }
}

function cannotListen(cause: Error, { host, port }: { host: string; port: number }): VivavoceError {
  const taken = 'code' in cause && cause.code === 'EADDRINUSE';
  const what = taken ? 'something else listens there; stop it or set PORT' : cause.message;
  return new VivavoceError('config_invalid', `Cannot listen on ${host}:${port}: ${what}.`, { cause });
}

function contentPolicy(styles: string) {
  return {
    'default-src': ["'self'"],
    'style-src': styles.split(' '),
    'img-src': ["'self'", 'data:'],
    'object-src': ["'none'"],
    'base-uri': ["'none'"],
    'frame-ancestors': ["'none'"],
    'form-action': ["'self'"],
  };
}

function policyText(policy: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(policy)
    .map(([name, values]) => `${name} ${values.join(' ')}`)
    .join('; ');
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
    if (status >= 500) {
      log.error(
        { event: 'request-failed', path: request.path, status, error: messageOf(error) },
        'request failed',
      );
    }
    // Too late for a status: a broken connection is what no client takes for the end.
    if (response.headersSent) response.destroy();
    else response.status(status).type('json').json(toErrorBody(error));
  };
}
