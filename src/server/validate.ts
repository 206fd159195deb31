import type { z } from 'zod';
import { VivavoceError } from '../errors.ts';

/**
 * What `schema` makes of a part of a request.
 *
 * @throws VivavoceError `invalid_request` that names the field at fault.
 */
export function validate<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const param = issue?.path.join('.') || null;
  throw new VivavoceError(
    'invalid_request',
    param ? `${param}: ${issue?.message}` : `The body ${issue?.message}`,
    {
      param,
    },
  );
}
