import { z } from 'zod';
import type { ZodOpenApiOperationObject } from 'zod-openapi';
import * as rest from '../protocol/rest.ts';

interface Operation {
  readonly summary: string;
  readonly description?: string;
  readonly path?: readonly string[];
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** JSON when absent. */
  readonly bodyType?: string;
  /** 200 when absent. */
  readonly status?: 200 | 202;
  readonly answers: Readonly<Record<string, z.ZodType>>;
}

export const JSON_TYPE = 'application/json';
/** Anything but JSON. */
export const text = z.string();
const ofUser = z.object({
  user: text.optional().meta({
    description: 'Whose data it is about; an ephemeral key stands for its own user whatever is said here.',
  }),
});

/** One operation under `/v1`; every one of them may answer with the error shape. */
export function operation({
  summary,
  description,
  path = [],
  query = z.object({}),
  body,
  bodyType = JSON_TYPE,
  status = 200,
  answers,
}: Operation): ZodOpenApiOperationObject {
  return {
    summary,
    ...(description && { description }),
    requestParams: {
      ...(path.length > 0 && { path: z.object(Object.fromEntries(path.map((name) => [name, text]))) }),
      query: query.extend(ofUser.shape),
    },
    ...(body && { requestBody: { content: { [bodyType]: { schema: body } } } }),
    responses: {
      [`${status}` as const]: {
        description: status === 200 ? 'Done.' : 'It has begun.',
        content: Object.fromEntries(Object.entries(answers).map(([type, schema]) => [type, { schema }])),
      },
      default: { description: 'It did not work.', content: { [JSON_TYPE]: { schema: rest.restError } } },
    },
  };
}

/** An operation that nobody needs a key for. */
export function health(summary: string, answers: Readonly<Record<string, readonly [string, z.ZodType]>>) {
  const responses = Object.entries(answers).map(([status, [description, schema]]) => [
    status,
    { description, content: { [JSON_TYPE]: { schema } } },
  ]);
  const fault = { description: 'It did not work.', content: { [JSON_TYPE]: { schema: rest.restError } } };
  return { summary, security: [], responses: { ...Object.fromEntries(responses), default: fault } };
}
