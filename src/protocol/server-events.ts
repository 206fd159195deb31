import * as z from 'zod';
import { wireItem } from './wire-item.ts';
import { wireResponse } from './wire-response.ts';
import { wireSession } from './wire-session.ts';

/*
 * Every event that the server sends on a plain connection; one client dies on any other type. The schemas are for
 * tests and for the page; the server constructs events by their TypeScript types and checks nothing on the way out.
 */

/** A strict client ignores events without an id. */
const event = <Type extends string>(type: Type) => ({ event_id: z.string().min(1), type: z.literal(type) });

const index = z.int().min(0);
const ms = z.number().min(0);
const item = { item_id: z.string() };
const output = { response_id: z.string(), item_id: z.string(), output_index: index };
const part = { ...output, content_index: index };
const text = z.string();

/** Parts say `text` and `audio` where items say `output_text` and `output_audio`. */
const contentPart = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text'), text }),
  z.strictObject({ type: z.literal('audio'), transcript: text }),
]);

const errorDetails = z.strictObject({
  type: z.enum(['invalid_request_error', 'server_error', 'rate_limit_error']),
  code: text.nullable(),
  message: text,
  param: text.nullable(),
  /** The client's event that caused it. */
  event_id: text.nullable(),
});

const transcriptionError = z.strictObject({ type: text, code: text, message: text });

const rateLimit = z.strictObject({
  name: z.enum(['requests', 'tokens']),
  limit: z.number(),
  remaining: z.number(),
  reset_seconds: z.number(),
});

/** The item before this one; null for the first. */
const placed = { item: wireItem, previous_item_id: text.nullable() };
const transcription = { ...item, content_index: index };

export const serverEvent = z.discriminatedUnion('type', [
  z.strictObject({ ...event('session.created'), session: wireSession }),
  z.strictObject({ ...event('session.updated'), session: wireSession }),
  z.strictObject({ ...event('error'), error: errorDetails }),
  z.strictObject({
    ...event('conversation.created'),
    conversation: z.strictObject({ id: text, object: z.literal('realtime.conversation') }),
  }),
  z.strictObject({ ...event('conversation.item.added'), ...placed }),
  z.strictObject({ ...event('conversation.item.done'), ...placed }),
  z.strictObject({ ...event('conversation.item.retrieved'), item: wireItem }),
  z.strictObject({ ...event('conversation.item.deleted'), ...item }),
  z.strictObject({
    ...event('conversation.item.truncated'),
    ...item,
    content_index: index,
    audio_end_ms: ms,
  }),
  z.strictObject({
    ...event('conversation.item.input_audio_transcription.delta'),
    ...transcription,
    delta: text,
  }),
  z.strictObject({
    ...event('conversation.item.input_audio_transcription.completed'),
    ...transcription,
    transcript: text,
    usage: z.strictObject({ type: z.literal('duration'), seconds: z.number().min(0) }),
  }),
  z.strictObject({
    ...event('conversation.item.input_audio_transcription.failed'),
    ...transcription,
    error: transcriptionError,
  }),
  z.strictObject({
    ...event('input_audio_buffer.committed'),
    ...item,
    previous_item_id: text.nullable(),
  }),
  z.strictObject(event('input_audio_buffer.cleared')),
  z.strictObject({ ...event('input_audio_buffer.speech_started'), ...item, audio_start_ms: ms }),
  z.strictObject({ ...event('input_audio_buffer.speech_stopped'), ...item, audio_end_ms: ms }),
  z.strictObject({
    ...event('input_audio_buffer.timeout_triggered'),
    ...item,
    audio_start_ms: ms,
    audio_end_ms: ms,
  }),
  z.strictObject({ ...event('response.created'), response: wireResponse }),
  z.strictObject({ ...event('response.done'), response: wireResponse }),
  z.strictObject({
    ...event('response.output_item.added'),
    response_id: text,
    output_index: index,
    item: wireItem,
  }),
  z.strictObject({
    ...event('response.output_item.done'),
    response_id: text,
    output_index: index,
    item: wireItem,
  }),
  z.strictObject({ ...event('response.content_part.added'), ...part, part: contentPart }),
  z.strictObject({ ...event('response.content_part.done'), ...part, part: contentPart }),
  z.strictObject({ ...event('response.output_text.delta'), ...part, delta: text }),
  z.strictObject({ ...event('response.output_text.done'), ...part, text }),
  z.strictObject({ ...event('response.output_audio.delta'), ...part, delta: text }),
  z.strictObject({ ...event('response.output_audio.done'), ...part }),
  z.strictObject({ ...event('response.output_audio_transcript.delta'), ...part, delta: text }),
  z.strictObject({ ...event('response.output_audio_transcript.done'), ...part, transcript: text }),
  z.strictObject({
    ...event('response.function_call_arguments.delta'),
    ...output,
    call_id: text,
    delta: text,
  }),
  z.strictObject({
    ...event('response.function_call_arguments.done'),
    ...output,
    call_id: text,
    name: text,
    arguments: text,
  }),
  z.strictObject({ ...event('rate_limits.updated'), rate_limits: z.array(rateLimit) }),
]);

export type ServerEvent = z.infer<typeof serverEvent>;
export type ServerEventType = ServerEvent['type'];
/** One event by its name: `ServerEventOf<'response.done'>`. */
export type ServerEventOf<Type extends ServerEventType> = Extract<ServerEvent, { type: Type }>;
/** An event before its id is put on. */
export type ServerEventBody = ServerEvent extends infer E
  ? E extends unknown
    ? Omit<E, 'event_id'>
    : never
  : never;
export type WireContentPartEvent = z.infer<typeof contentPart>;
export type WireError = z.infer<typeof errorDetails>;

/** Every event by its name. */
export const serverEventTypes: ReadonlySet<string> = new Set<ServerEventType>(
  serverEvent.options.map((option) => option.shape.type.value),
);
