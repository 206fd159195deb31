import { Router } from 'express';
import { VivavoceError } from '../../errors.ts';
import type { ModelList } from '../../protocol/rest.ts';
import { requireScope } from '../caller.ts';

const MODEL = 'vivavoce';

/** The agent is the one model that there is. */
export function modelRoutes({ startedAtMs }: { readonly startedAtMs: number }): Router {
  const model = {
    id: MODEL,
    object: 'model' as const,
    created: Math.floor(startedAtMs / 1000),
    owned_by: MODEL,
  };
  const router = Router();
  router.use('/models', requireScope('talk'));
  router.get('/models', (_request, response) => {
    response.json({ object: 'list', data: [model] } satisfies ModelList);
  });
  router.get('/models/:id', (request, response) => {
    if (request.params.id === MODEL) response.json(model);
    else throw new VivavoceError('not_found', `There is no model ${request.params.id}.`, { param: 'model' });
  });
  return router;
}
