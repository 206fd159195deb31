import * as z from 'zod';
import type {} from 'zod-openapi';

/* The breakers before the engines, for whoever operates the server. */

const whole = z.int().min(0);

export const guard = z
  .object({
    id: z.string().meta({ example: 'llm:ollama' }),
    state: z.enum(['closed', 'open', 'half-open']).meta({
      description: '`closed`: calls go through. `open`: none do. `half-open`: one call tries.',
    }),
    is_held: z.boolean().meta({ description: 'An operator opened it; it stays so until it is reset.' }),
    reason: z.string().nullable().meta({ description: 'Why it is not closed; null when it is.' }),
    since: z.int().meta({ description: 'When it came into its state, seconds since 1970.' }),
    threshold: whole.meta({ description: 'So many failures in its window open it; it adapts.' }),
    calls: whole.meta({ description: 'Calls that reached the engine since the start.' }),
    successes: whole,
    failures: whole.meta({ description: 'Those that were too slow are among them.' }),
    timeouts: whole,
    rejected: whole.meta({ description: 'Calls that were turned away.' }),
    running: whole.meta({ description: 'Calls that run now.' }),
    waiting: whole.meta({ description: 'Calls that wait for their turn.' }),
  })
  .meta({ id: 'Guard' });

export const guardList = z
  .object({ object: z.literal('list'), data: z.array(guard) })
  .meta({ id: 'GuardList' });

export type RestGuard = z.infer<typeof guard>;
export type RestGuardList = z.infer<typeof guardList>;
