import * as z from 'zod';

/** Longest base64 text of one audio event, characters. The socket's own frame limit has to be above it. */
export const MAX_AUDIO_CHARS = 15 * 1024 * 1024;

/** Longest text of one message, UTF-16 units. */
export const MAX_TEXT_CHARS = 1_000_000;

/** How deep a value that is only handed on may be nested: `JSON.stringify` overflows the stack on hostile depths. */
const MAX_DEPTH = 64;

/** True when `value` (something that `JSON.parse` made) holds more than `MAX_DEPTH` levels. */
function isTooDeep(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return true;
    level = level.flatMap((entry) =>
      typeof entry === 'object' && entry !== null ? (Object.values(entry) as unknown[]) : [],
    );
  }
  return false;
}

/** A value that is not interpreted here: it is kept, echoed, or ignored. */
export const passedOn = z
  .unknown()
  .refine((value) => !isTooDeep(value), { error: `is nested deeper than ${MAX_DEPTH} levels` });

/** Text that a person or a program wrote. */
export const longText = z.string().max(MAX_TEXT_CHARS);

/** Ids are made by either side; an empty one would match nothing, and no store could keep two of the others apart. */
export const anyId = z
  .string()
  .min(1)
  .max(256)
  .refine((id) => id.isWellFormed() && !id.includes('\0'), { error: 'must be valid Unicode without NUL' });

/** Up to 16 pairs that the client attached to something; keys up to 64 characters, values up to 512. */
export const metadata = z
  .record(z.string().min(1).max(64), z.string().max(512))
  .refine((pairs) => Object.keys(pairs).length <= 16, { error: 'has more than 16 pairs' });

export type Metadata = z.infer<typeof metadata>;
