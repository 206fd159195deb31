import { Router } from 'express';
import type { EngineStatus } from '../../engine-status.ts';
import type { Readiness } from '../../protocol/rest.ts';

/** Whether the process lives, and whether it can take a turn. Nothing here needs a key or tells a secret. */
export function healthRoutes({ engines }: { readonly engines: () => readonly EngineStatus[] }): Router {
  const router = Router();
  router.get('/livez', (_request, response) => {
    response.json({ status: 'alive' });
  });
  router.get('/readyz', (_request, response) => {
    const now = engines();
    const status = readiness(now);
    response.status(status === 'unready' ? 503 : 200).json({ status, engines: [...now] } satisfies Readiness);
  });
  return router;
}

/** Without a model or a store there is no turn; without a voice there still is one, in writing. */
function readiness(engines: readonly EngineStatus[]): Readiness['status'] {
  const cannot = engines.some(
    ({ part, state }) => (part === 'llm' || part === 'store') && (state === 'failed' || state === 'starting'),
  );
  if (cannot) return 'unready';
  return engines.every(({ state }) => state === 'ready') ? 'ready' : 'degraded';
}
