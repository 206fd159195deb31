import * as z from 'zod';
import type {} from 'zod-openapi';
import { anyId, longText, MAX_AUDIO_CHARS, metadata } from './limits.ts';
import { listOf } from './rest.ts';

/* Transcripts, in the shapes of OpenAI's Conversations API. */

const status = z.enum(['in_progress', 'completed', 'incomplete']);

// --- What clients send -----------------------------------------------------------------------------------------

const part = z.discriminatedUnion('type', [
  z.object({ type: z.enum(['input_text', 'output_text', 'text']), text: longText }),
  z.object({ type: z.literal('input_image'), image_url: z.string().min(1).max(MAX_AUDIO_CHARS) }),
]);

const messageInput = z.object({
  type: z.literal('message').optional(),
  id: anyId.optional(),
  role: z.enum(['user', 'assistant', 'system', 'developer']),
  content: z.union([longText, z.array(part).min(1)], {
    error: `must be a text of up to 1,000,000 characters or a list of parts (input_text, output_text, input_image)`,
  }),
});

const functionCallInput = z.object({
  type: z.literal('function_call'),
  id: anyId.optional(),
  call_id: anyId,
  name: z.string().min(1).max(256),
  arguments: longText.meta({ description: 'A JSON object as text.' }),
});

const functionCallOutputInput = z.object({
  type: z.literal('function_call_output'),
  id: anyId.optional(),
  call_id: anyId,
  output: longText,
});

export const conversationItemInput = z
  .discriminatedUnion('type', [messageInput, functionCallInput, functionCallOutputInput])
  .meta({ id: 'ConversationItemInput' });

const items = z.array(conversationItemInput).max(20);

export const createConversationRequest = z
  .object({ items: items.nullish(), metadata: metadata.nullish() })
  .meta({ id: 'CreateConversationRequest' });

export const updateConversationRequest = z
  .object({ metadata: metadata.nullable().meta({ description: 'Replaces all pairs; null removes them.' }) })
  .meta({ id: 'UpdateConversationRequest' });

export const createItemsRequest = z.object({ items: items.min(1) }).meta({ id: 'CreateItemsRequest' });

export const transcriptQuery = z.object({
  format: z.enum(['json', 'ndjson', 'md', 'txt', 'vtt', 'srt']).default('json'),
});

// --- What they get ---------------------------------------------------------------------------------------------

export const conversation = z
  .object({
    id: z.string(),
    object: z.literal('conversation'),
    created_at: z.int().meta({ description: 'Seconds since 1970.' }),
    metadata: z.record(z.string(), z.string()),
  })
  .meta({ id: 'Conversation' });

export const conversationDeleted = z
  .object({ id: z.string(), object: z.literal('conversation.deleted'), deleted: z.boolean() })
  .meta({ id: 'ConversationDeleted' });

const itemContent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('input_text'), text: z.string() }),
  z.object({ type: z.literal('output_text'), text: z.string(), annotations: z.array(z.never()) }),
  z.object({
    type: z.literal('input_image'),
    image_url: z.string().nullable(),
    file_id: z.string().nullable(),
    detail: z.enum(['auto', 'low', 'high']),
  }),
]);

export const conversationItem = z
  .discriminatedUnion('type', [
    z.object({
      type: z.literal('message'),
      id: z.string(),
      status,
      role: z.enum(['user', 'assistant', 'system']),
      content: z.array(itemContent),
    }),
    z.object({
      type: z.literal('function_call'),
      id: z.string(),
      status,
      call_id: z.string(),
      name: z.string(),
      arguments: z.string(),
    }),
    z.object({
      type: z.literal('function_call_output'),
      id: z.string(),
      status,
      call_id: z.string(),
      output: z.string(),
    }),
  ])
  .meta({ id: 'ConversationItem', description: 'Spoken words are text here: of a reply, what was heard.' });

export const conversationList = listOf(conversation).meta({ id: 'ConversationList' });
export const conversationItemList = listOf(conversationItem).meta({ id: 'ConversationItemList' });

export type CreateConversationRequest = z.infer<typeof createConversationRequest>;
export type UpdateConversationRequest = z.infer<typeof updateConversationRequest>;
export type CreateItemsRequest = z.infer<typeof createItemsRequest>;
export type ConversationItemInput = z.infer<typeof conversationItemInput>;
export type TranscriptFormat = z.infer<typeof transcriptQuery>['format'];
export type RestConversation = z.infer<typeof conversation>;
export type RestConversationDeleted = z.infer<typeof conversationDeleted>;
export type RestConversationItem = z.infer<typeof conversationItem>;
export type RestConversationList = z.infer<typeof conversationList>;
export type RestConversationItemList = z.infer<typeof conversationItemList>;
