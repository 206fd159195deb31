import * as z from 'zod';
import { wireItem } from './wire-item.ts';

const count = z.int().min(0);

const tokensByKind = { text_tokens: count, audio_tokens: count, image_tokens: count };

/** Tokens of one response. Every field is there, cancelled or not: one client crashes without. */
export const wireUsage = z.strictObject({
  total_tokens: count,
  input_tokens: count,
  output_tokens: count,
  input_token_details: z.strictObject({
    ...tokensByKind,
    cached_tokens: count,
    cached_tokens_details: z.strictObject(tokensByKind),
  }),
  output_token_details: z.strictObject({ text_tokens: count, audio_tokens: count }),
});

/** What is sent; unlike what is accepted, a format always has its name. */
export const wireFormat = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('audio/pcm'),
    rate: z.union([z.literal(8_000), z.literal(16_000), z.literal(24_000)]),
  }),
  z.strictObject({ type: z.literal('audio/pcmu') }),
  z.strictObject({ type: z.literal('audio/pcma') }),
]);

const statusDetails = z.strictObject({
  type: z.enum(['completed', 'cancelled', 'incomplete', 'failed']),
  reason: z
    .enum(['turn_detected', 'client_cancelled', 'max_output_tokens', 'content_filter'])
    .exactOptional(),
  error: z
    .strictObject({ type: z.string(), code: z.string(), message: z.string().exactOptional() })
    .exactOptional(),
});

export const wireResponse = z.strictObject({
  id: z.string(),
  object: z.literal('realtime.response'),
  status: z.enum(['in_progress', 'completed', 'cancelled', 'incomplete', 'failed']),
  /** Null while in progress, and of one that simply completed. */
  status_details: statusDetails.nullable(),
  output: z.array(wireItem),
  /** Null for a response outside of the conversation. */
  conversation_id: z.string().nullable(),
  output_modalities: z.array(z.enum(['text', 'audio'])),
  max_output_tokens: z.union([z.int().min(1), z.literal('inf')]),
  audio: z.strictObject({ output: z.strictObject({ format: wireFormat, voice: z.string() }) }),
  /** Null in `response.created` only. */
  usage: wireUsage.nullable(),
  /** What the client attached to its `response.create`, unchanged: clients recognise their response by it. */
  metadata: z.record(z.string(), z.string()).nullable(),
});

export type WireUsage = z.infer<typeof wireUsage>;
export type WireFormat = z.infer<typeof wireFormat>;
export type WireResponse = z.infer<typeof wireResponse>;
export type WireStatusDetails = z.infer<typeof statusDetails>;
