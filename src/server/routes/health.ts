import { Router } from 'express';
import type { EngineStatus } from '../../engine-status.ts';
import type { Readiness } from '../../protocol/rest.ts';
import { type Auth, bearerToken } from '../auth.ts';
import { withoutReason } from '../engine-reasons.ts';

const NEEDED: ReadonlySet<string> = new Set(['llm', 'store', 'load']);

interface Deps {
  readonly auth: Auth;
  readonly engines: () => readonly EngineStatus[];
}

/** Whether the process lives, and whether it can take a turn. Nobody needs a key to ask; why is for who operates it. */
export function healthRoutes({ auth, engines }: Deps): Router {
  const router = Router();
  router.get('/livez', (_request, response) => {
    response.json({ status: 'alive' });
  });
  router.get('/readyz', (request, response) => {
    const now = engines();
    const status = readiness(now);
    const shown = auth.allows(bearerToken(request.headers.authorization), 'operate')
      ? now
      : now.map(withoutReason);
    response
      .status(status === 'unready' ? 503 : 200)
      .json({ status, engines: [...shown] } satisfies Readiness);
  });
  return router;
}

/** Without a model or a store there is no turn, nor while nobody is let in; without a voice there still is one, in writing. */
function readiness(engines: readonly EngineStatus[]): Readiness['status'] {
  const cannot = engines.some(
    ({ part, state }) => NEEDED.has(part) && (state === 'failed' || state === 'starting'),
  );
  if (cannot) return 'unready';
  return engines.every(({ state }) => state === 'ready') ? 'ready' : 'degraded';
}
