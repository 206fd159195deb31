import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { createDocument } from 'zod-openapi';
import * as rest from '../../src/protocol/rest.ts';
import * as audio from '../../src/protocol/rest-audio.ts';
import * as chat from '../../src/protocol/rest-chat.ts';
import * as conversations from '../../src/protocol/rest-conversations.ts';

function faultOf(schema: z.ZodType, value: unknown): string | undefined {
  return schema.safeParse(value).error?.issues[0]?.path.join('.');
}

const pairs = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 'v']));
const message = { type: 'message', role: 'user', content: 'hello' } as const;

describe('the REST schemas', () => {
  it('make an OpenAPI document, requests and answers alike', () => {
    const json = (schema: z.ZodType) => ({ content: { 'application/json': { schema } } });
    const route = (request: z.ZodType | null, response: z.ZodType) => ({
      ...(request ? { requestBody: json(request) } : {}),
      responses: {
        200: { description: 'fine', ...json(response) },
        400: { description: 'not', ...json(rest.restError) },
      },
    });
    const document = createDocument({
      openapi: '3.1.0',
      info: { title: 't', version: '1' },
      paths: {
        '/c': {
          get: { requestParams: { query: rest.listQuery }, ...route(null, conversations.conversationList) },
          post: route(conversations.createConversationRequest, conversations.conversation),
          put: route(conversations.updateConversationRequest, conversations.conversation),
          delete: route(null, conversations.conversationDeleted),
        },
        '/i': { post: route(conversations.createItemsRequest, conversations.conversationItemList) },
        '/t': {
          get: { requestParams: { query: conversations.transcriptQuery }, ...route(null, rest.readiness) },
        },
        '/chat': {
          post: route(chat.chatCompletionRequest, chat.chatCompletion),
          put: route(null, chat.chatCompletionChunk),
        },
        '/s': {
          post: route(rest.clientSecretRequest, rest.clientSecret),
          put: route(audio.speechRequest, rest.modelList),
        },
      },
    });
    expect(Object.keys(document.components?.schemas ?? {})).toEqual(
      expect.arrayContaining([
        'Error',
        'Conversation',
        'ConversationItem',
        'ChatCompletionRequest',
        'SpeechRequest',
      ]),
    );
  });

  it('read the query of a list with the defaults of the original', () => {
    expect(rest.listQuery.parse({})).toEqual({ limit: 20, order: 'desc' });
    expect(rest.listQuery.parse({ limit: '100', order: 'asc', after: 'item_1', include: 'x' })).toEqual({
      limit: 100,
      order: 'asc',
      after: 'item_1',
    });
    for (const limit of ['0', '101', '1.5', 'many', ''])
      expect(faultOf(rest.listQuery, { limit })).toBe('limit');
    expect(faultOf(rest.listQuery, { order: 'up' })).toBe('order');
  });

  it.each([
    ['16 pairs', pairs(16), true],
    ['17 pairs', pairs(17), false],
    ['a key of 64 characters', { ['k'.repeat(64)]: 'v' }, true],
    ['a key of 65 characters', { ['k'.repeat(65)]: 'v' }, false],
    ['a value of 512 characters', { k: 'v'.repeat(512) }, true],
    ['a value of 513 characters', { k: 'v'.repeat(513) }, false],
    ['a number', { k: 1 }, false],
  ])('bound metadata: %s', (_name, metadata, fine) => {
    expect(conversations.createConversationRequest.safeParse({ metadata }).success).toBe(fine);
  });

  it('take 1 to 20 items, in every shape that the SDK sends', () => {
    const items = [
      message,
      { role: 'assistant', content: [{ type: 'output_text', text: 'hi', annotations: [] }] },
      { role: 'developer', content: [{ type: 'input_text', text: 'be brief' }] },
      { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c', output: 'ok' },
    ];
    expect(conversations.createItemsRequest.parse({ items }).items).toHaveLength(5);
    expect(faultOf(conversations.createItemsRequest, { items: [] })).toBe('items');
    expect(faultOf(conversations.createItemsRequest, { items: Array(21).fill(message) })).toBe('items');
    expect(conversations.createItemsRequest.safeParse({ items: Array(20).fill(message) }).success).toBe(true);
    expect(faultOf(conversations.createItemsRequest, { items: [{ ...message, role: 'critic' }] })).toBe(
      'items.0.role',
    );
    expect(faultOf(conversations.createItemsRequest, { items: [{ type: 'reasoning' }] })).toBe(
      'items.0.type',
    );
  });

  it('take a text of a million characters and not one more', () => {
    const items = (length: number) => ({ items: [{ ...message, content: 'x'.repeat(length) }] });
    expect(conversations.createItemsRequest.safeParse(items(1_000_000)).success).toBe(true);
    expect(faultOf(conversations.createItemsRequest, items(1_000_001))).toBe('items.0.content');
  });

  it('take a chat with parts, tools and fields of other servers', () => {
    const request = {
      model: 'whatever',
      messages: [
        { role: 'system', content: 'be brief' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'hi' },
            { type: 'image_url', image_url: { url: 'data:x' } },
          ],
        },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: 'c', content: 'ok' },
      ],
      stream: true,
      stream_options: { include_usage: true },
      tools: [{ type: 'function', function: { name: 'f', parameters: {} } }],
      tool_choice: { type: 'function', function: { name: 'f' } },
      top_k: 40,
      user: 'ada',
    };
    const { top_k: _, ...known } = request;
    expect(chat.chatCompletionRequest.parse(request)).toEqual(known);
  });

  it.each([
    [{ messages: [] }, 'messages'],
    [{ messages: [{ role: 'wizard', content: 'x' }] }, 'messages.0.role'],
    [{ messages: [{ role: 'user' }] }, 'messages.0.content'],
    [{ messages: [{ role: 'tool', content: 'x' }] }, 'messages.0.tool_call_id'],
    [{ messages: [{ role: 'user', content: 'x' }], max_tokens: 0 }, 'max_tokens'],
    [{ messages: [{ role: 'user', content: 'x' }], tool_choice: 'f' }, 'tool_choice'],
  ])('refuse a chat that cannot be answered: %j', (request, path) => {
    expect(faultOf(chat.chatCompletionRequest, request)).toBe(path);
  });

  it('fill in what a speech request leaves out', () => {
    expect(audio.speechRequest.parse({ input: 'hi', model: 'tts-1', voice: { id: 'v' } })).toMatchObject({
      input: 'hi',
      model: 'tts-1',
      voice: { id: 'v' },
      response_format: expect.any(String),
      speed: 1,
      stream_format: 'audio',
    });
    expect(faultOf(audio.speechRequest, { input: '' })).toBe('input');
    expect(faultOf(audio.speechRequest, { input: 'x'.repeat(audio.MAX_SPEECH_CHARS + 1) })).toBe('input');
    expect(faultOf(audio.speechRequest, { input: 'x', response_format: 'midi' })).toBe('response_format');
  });

  it('mint secrets that live ten minutes unless asked otherwise', () => {
    expect(rest.clientSecretRequest.parse({ expires_after: {} }).expires_after?.seconds).toBe(600);
    expect(faultOf(rest.clientSecretRequest, { expires_after: { seconds: 5 } })).toBe(
      'expires_after.seconds',
    );
    expect(faultOf(rest.clientSecretRequest, { session: { type: 'x' } })).toBe('session.type');
  });
});
