import { Router } from 'express';
import type { RestGuard, RestGuardList } from '../../protocol/rest-guards.ts';
import type { Guards, GuardView } from '../../resilience/guards.ts';
import { requireScope } from '../caller.ts';

/** The breakers before the engines: look at them, open one (an engine is left alone), or reset it. */
export function guardRoutes({ guards }: { readonly guards: Guards }): Router {
  const router = Router();
  router.use('/guards', requireScope('operate'));
  router.get('/guards', (_request, response) => {
    response.json({ object: 'list', data: guards.all().map(toRestGuard) } satisfies RestGuardList);
  });
  router.post('/guards/:id/open', (request, response) => {
    response.json(toRestGuard(guards.open(request.params.id)));
  });
  router.post('/guards/:id/reset', (request, response) => {
    response.json(toRestGuard(guards.reset(request.params.id)));
  });
  return router;
}

function toRestGuard({ name, isHeld, sinceMs, load, counters, ...guard }: GuardView): RestGuard {
  return {
    id: name,
    state: guard.state,
    is_held: isHeld,
    reason: guard.reason,
    since: Math.floor(sinceMs / 1000),
    threshold: guard.threshold,
    calls: counters.calls,
    successes: counters.successes,
    failures: counters.failures,
    timeouts: counters.timeouts,
    rejected: counters.rejectedOpen + counters.rejectedBusy,
    ...load,
  };
}
