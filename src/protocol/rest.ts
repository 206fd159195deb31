import * as z from 'zod';
import type {} from 'zod-openapi';
import type { EngineStatus } from '../engine-status.ts';
import { SCOPES } from './scopes.ts';
import { sessionPatch } from './session-config.ts';

/* What the smaller REST routes read and write. Requests drop fields that they do not know; `id` names the component
 * in the OpenAPI document. */

export const restError = z
  .object({
    error: z.object({
      message: z.string().meta({ description: 'What went wrong and what to do about it.' }),
      type: z.string().meta({ example: 'invalid_request_error' }),
      code: z.string().nullable().meta({ example: 'not_found' }),
      param: z.string().nullable().meta({ description: 'The field at fault, as a path.' }),
    }),
  })
  .meta({ id: 'Error', description: 'The shape of every error under /v1.' });

/** Cursor pagination of every list. */
export const listQuery = z.object({
  after: z.string().min(1).max(256).optional().meta({ description: 'The id after which the page begins.' }),
  limit: z.coerce.number().int().min(1).max(100).default(20),
  order: z.enum(['asc', 'desc']).default('desc').meta({ description: 'By age: `desc` is newest first.' }),
});

/** A page of `entry`s. */
export function listOf<Entry extends z.ZodType>(entry: Entry) {
  return z.object({
    object: z.literal('list'),
    data: z.array(entry),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
    has_more: z.boolean(),
  });
}

export const model = z
  .object({
    id: z.string(),
    object: z.literal('model'),
    created: z.int().meta({ description: 'Seconds since 1970.' }),
    owned_by: z.string(),
  })
  .meta({ id: 'Model' });

export const modelList = z
  .object({ object: z.literal('list'), data: z.array(model) })
  .meta({ id: 'ModelList' });

export const clientSecretRequest = z
  .object({
    session: sessionPatch.optional(),
    expires_after: z
      .object({
        anchor: z.literal('created_at').default('created_at'),
        seconds: z.int().min(10).max(7_200).default(600),
      })
      .optional(),
    max_uses: z.int().min(1).max(1_000).optional().meta({
      description: 'How many realtime sessions may begin with it; resuming one does not count. Ours.',
    }),
    scopes: z.array(z.enum(SCOPES)).optional().meta({
      description: 'What the secret may do, of what your key may. Default: all of that but `operate`. Ours.',
    }),
    user: z.string().min(1).max(256).optional().meta({
      description:
        'Whose conversations and memories the holder of the secret sees. It cannot be overridden later.',
    }),
  })
  .meta({ id: 'ClientSecretRequest' });

export const clientSecret = z
  .object({
    value: z.string().meta({ description: 'Starts with `ek_`.' }),
    expires_at: z.int().meta({ description: 'Seconds since 1970.' }),
    session: z
      .record(z.string(), z.unknown())
      .meta({ description: 'The effective session, as in `session.created`.' }),
  })
  .meta({ id: 'ClientSecret' });

const engineStatus: z.ZodType<EngineStatus> = z.object({
  part: z.string().meta({ example: 'llm' }),
  engine: z.string().meta({ example: 'ollama' }),
  detail: z.string().meta({ description: 'The model or voice that it uses.' }),
  state: z.enum(['ready', 'starting', 'degraded', 'failed']),
  reason: z.string().meta({ description: 'Why, and what to do when it is not `ready`.' }),
});

export const readiness = z
  .object({
    status: z.enum(['ready', 'degraded', 'unready']),
    engines: z.array(engineStatus),
  })
  .meta({ id: 'Readiness' });

export type RestError = z.infer<typeof restError>;
export type ListQuery = z.infer<typeof listQuery>;
export type ModelList = z.infer<typeof modelList>;
export type ClientSecretRequest = z.infer<typeof clientSecretRequest>;
export type ClientSecret = z.infer<typeof clientSecret>;
export type Readiness = z.infer<typeof readiness>;
