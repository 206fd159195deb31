import * as z from 'zod';
import type {} from 'zod-openapi';
import type { MemoryKind } from '../memory/memory.ts';
import { listOf, listQuery } from './rest.ts';

/* What is remembered of a person, in our own shapes: no other API has one for it. */

const MAX_TEXT = 1_000;
const KINDS = ['fact', 'preference', 'event', 'profile'] as const satisfies readonly MemoryKind[];

/** One line that a person wrote. Breaks and other control characters have no place in what a model is given as one line. */
function line(longest: number) {
  return z
    .string()
    .trim()
    .min(1)
    .max(longest)
    .refine((text) => text.isWellFormed() && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text), {
      error: 'must be one line of valid Unicode without control characters',
    });
}

const text = line(MAX_TEXT).meta({
  description: 'One sentence in the third person.',
  example: 'The user lives in Berlin.',
});
const kind = z
  .enum(KINDS)
  .meta({ description: '`profile`: who they are, one value for each attribute at a time.' });
const subject = line(64)
  .toLowerCase()
  .meta({ description: 'Whom or what it is about: `user`, `sister`, `bruno`.' });
const attribute = line(64)
  .toLowerCase()
  .nullable()
  .meta({
    description:
      'What of the subject it says, when only one value can be true at a time: `name`, `home`. A newer memory with ' +
      'the same subject and attribute takes its place.',
  });
const value = line(256)
  .nullable()
  .meta({ description: 'The bare value of the attribute.', example: 'Berlin' });
const importance = z.number().min(0).max(1);

// --- What clients send -----------------------------------------------------------------------------------------

export const memoryListQuery = listQuery.extend({
  history: z
    .enum(['true', 'false'])
    .default('false')
    .meta({ description: 'Whether what no longer holds is listed too.' }),
});

export const memorySearchQuery = z.object({
  q: z.string().trim().min(1).max(MAX_TEXT).meta({ description: 'In the words of the person.' }),
  limit: listQuery.shape.limit,
});

export const createMemoryRequest = z
  .object({
    text,
    kind: kind.default('fact'),
    subject: subject.default('user'),
    attribute: attribute.default(null),
    value: value.default(null),
    // Nobody writes down by hand what does not matter.
    importance: importance.default(0.8),
  })
  .meta({ id: 'CreateMemoryRequest' });

export const updateMemoryRequest = z
  .object({
    text: text.optional(),
    kind: kind.optional(),
    value: value.optional(),
    importance: importance.optional(),
  })
  .refine((given) => Object.values(given).some((field) => field !== undefined), {
    error: 'has nothing to correct in it: text, kind, value or importance',
  })
  .meta({
    id: 'UpdateMemoryRequest',
    description: 'What is not given stays; a changed text without a `value` leaves none.',
  });

export const eraseMemoriesQuery = z.object({
  confirm: z.literal('everything', {
    error:
      'must be everything: this erases all memories, and all conversations that they come from, for good. ' +
      'One memory is deleted by DELETE /v1/memories/{memory_id}',
  }),
});

// --- What they get ---------------------------------------------------------------------------------------------

const seconds = z.int().meta({ description: 'Seconds since 1970.' });

export const memory = z
  .object({
    id: z.string(),
    object: z.literal('memory'),
    kind,
    text: z.string(),
    subject: z.string(),
    attribute: z.string().nullable(),
    value: z.string().nullable(),
    importance: z.number().meta({ description: '0 (small talk) to 1 (never to be forgotten).' }),
    valid_at: seconds.meta({ description: 'Since when it holds: when it was said. Seconds since 1970.' }),
    invalid_at: seconds
      .nullable()
      .meta({ description: 'When it stopped to hold; null while it does. Seconds since 1970.' }),
    superseded_by: z.string().nullable().meta({ description: 'The memory that took its place.' }),
    source: z
      .object({ conversation_id: z.string(), item_id: z.string() })
      .nullable()
      .meta({ description: 'Where it was said; null when it was written down by hand.' }),
    created_at: seconds,
    last_used_at: seconds
      .nullable()
      .meta({ description: 'When it was last given to a model. Seconds since 1970.' }),
  })
  .meta({ id: 'Memory' });

export const foundMemory = memory
  .extend({
    score: z.number().meta({ description: 'Relevance, recency and importance together; the order.' }),
    relevance: z.number().meta({ description: 'How well it fits the query, 0 to 1.' }),
  })
  .meta({ id: 'FoundMemory' });

export const memoryWithHistory = memory
  .extend({
    history: z.array(memory).meta({
      description: 'All that it took the place of and that took its place, oldest first, itself among them.',
    }),
  })
  .meta({ id: 'MemoryWithHistory' });

export const memoryDeleted = z
  .object({ id: z.string(), object: z.literal('memory.deleted'), deleted: z.boolean() })
  .meta({ id: 'MemoryDeleted' });

export const memoryProfile = z
  .object({ object: z.literal('memory.profile'), data: z.array(memory) })
  .meta({ id: 'MemoryProfile' });

export const memoryErasure = z
  .object({
    id: z.string(),
    object: z.literal('memory.erasure'),
    status: z.enum(['in_progress', 'completed']),
    requested_at: seconds,
    completed_at: seconds.nullable(),
  })
  .meta({ id: 'MemoryErasure' });

const whole = z.int().min(0);
const cacheCounts = z.object({
  hits: whole,
  misses: whole.meta({ description: 'So many searches were made.' }),
  shared: whole.meta({ description: 'Questions that shared a search under way.' }),
  failures: whole,
  hit_rate: z.number().min(0).max(1).nullable().meta({ description: 'Null: nothing was asked yet.' }),
  entries: whole,
  bytes: whole,
});

export const memoryStatistics = z
  .object({
    object: z.literal('memory.statistics'),
    recall: cacheCounts,
    replies: cacheCounts.nullable().meta({ description: 'Null: `REPLY_CACHE_SECONDS` is not set.' }),
    skipped: z
      .object({ greeting: whole, short: whole, question: whole })
      .meta({ description: 'Messages about which no language model was asked.' }),
    extraction: z.object({
      calls: whole,
      batches: whole,
      messages: whole,
      changes: whole,
      quarantined: whole,
    }),
  })
  .meta({ id: 'MemoryStatistics' });

export const memoryList = listOf(memory).meta({ id: 'MemoryList' });
export const foundMemoryList = listOf(foundMemory).meta({ id: 'FoundMemoryList' });

export type CreateMemoryRequest = z.input<typeof createMemoryRequest>;
export type UpdateMemoryRequest = z.input<typeof updateMemoryRequest>;
export type RestMemory = z.infer<typeof memory>;
export type RestFoundMemory = z.infer<typeof foundMemory>;
export type RestMemoryWithHistory = z.infer<typeof memoryWithHistory>;
export type RestMemoryDeleted = z.infer<typeof memoryDeleted>;
export type RestMemoryProfile = z.infer<typeof memoryProfile>;
export type RestMemoryErasure = z.infer<typeof memoryErasure>;
export type RestMemoryStatistics = z.infer<typeof memoryStatistics>;
export type RestMemoryList = z.infer<typeof memoryList>;
export type RestFoundMemoryList = z.infer<typeof foundMemoryList>;
