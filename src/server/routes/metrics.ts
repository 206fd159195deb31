import { Router } from 'express';
import type { Metrics } from '../../telemetry/metrics.ts';
import { type Auth, bearerToken, requireScopeOf } from '../auth.ts';

interface Deps {
  readonly auth: Auth;
  readonly metrics: Metrics;
}

/** The numbers for Prometheus. With keys, for whoever operates the server; without, for this machine. */
export function metricsRoutes({ auth, metrics }: Deps): Router {
  const router = Router();
  router.get('/metrics', async (request, response) => {
    requireScopeOf(auth.identify(bearerToken(request.headers.authorization), null), 'operate');
    const text = await metrics.text();
    response.setHeader('Content-Type', metrics.contentType).end(text);
  });
  return router;
}
