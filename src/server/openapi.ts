import { z } from 'zod';
import { createDocument, type ZodOpenApiPathsObject } from 'zod-openapi';
import * as rest from '../protocol/rest.ts';
import { speechRequest } from '../protocol/rest-audio.ts';
import { chatCompletion, chatCompletionChunk, chatCompletionRequest } from '../protocol/rest-chat.ts';
import * as conversations from '../protocol/rest-conversations.ts';
import * as transcriptions from '../protocol/rest-transcriptions.ts';
import { memoryPaths } from './openapi-memories.ts';
import { operatingPaths } from './openapi-operating.ts';
import { health, JSON_TYPE, operation, text } from './openapi-operation.ts';

const id = ['conversation_id'];
const itemId = ['conversation_id', 'item_id'];
const alive = z.object({ status: z.literal('alive') });

const paths: ZodOpenApiPathsObject = {
  '/v1/conversations': {
    get: operation({
      summary: 'List conversations',
      query: rest.listQuery,
      answers: { [JSON_TYPE]: conversations.conversationList },
    }),
    post: operation({
      summary: 'Create a conversation',
      body: conversations.createConversationRequest,
      answers: { [JSON_TYPE]: conversations.conversation },
    }),
  },
  '/v1/conversations/{conversation_id}': {
    get: operation({
      summary: 'Get a conversation',
      path: id,
      answers: { [JSON_TYPE]: conversations.conversation },
    }),
    post: operation({
      summary: 'Replace its metadata',
      path: id,
      body: conversations.updateConversationRequest,
      answers: { [JSON_TYPE]: conversations.conversation },
    }),
    delete: operation({
      summary: 'Delete it with all of its items',
      path: id,
      answers: { [JSON_TYPE]: conversations.conversationDeleted },
    }),
  },
  '/v1/conversations/{conversation_id}/items': {
    get: operation({
      summary: 'List items',
      path: id,
      query: rest.listQuery,
      answers: { [JSON_TYPE]: conversations.conversationItemList },
    }),
    post: operation({
      summary: 'Add items',
      path: id,
      body: conversations.createItemsRequest,
      answers: { [JSON_TYPE]: conversations.conversationItemList },
    }),
  },
  '/v1/conversations/{conversation_id}/items/{item_id}': {
    get: operation({
      summary: 'Get an item',
      path: itemId,
      answers: { [JSON_TYPE]: conversations.conversationItem },
    }),
    delete: operation({
      summary: 'Delete an item',
      path: itemId,
      answers: { [JSON_TYPE]: conversations.conversation },
    }),
  },
  '/v1/conversations/{conversation_id}/transcript': {
    get: operation({
      summary: 'Read a transcript',
      description: 'What was said and heard, for people and tools.',
      path: id,
      query: conversations.transcriptQuery,
      answers: {
        [JSON_TYPE]: z.unknown(),
        'application/x-ndjson': text,
        'text/markdown': text,
        'text/plain': text,
        'text/vtt': text,
        'application/x-subrip': text,
      },
    }),
  },
  ...memoryPaths,
  '/v1/chat/completions': {
    post: operation({
      summary: 'Answer a chat',
      description:
        'The messages are the window. Nothing is stored without `store: true` or `metadata.conversation_id`; then ' +
        'the last user message and the answer are.',
      body: chatCompletionRequest,
      answers: { [JSON_TYPE]: chatCompletion, 'text/event-stream': chatCompletionChunk },
    }),
  },
  '/v1/audio/speech': {
    post: operation({
      summary: 'Speak a text',
      description: '24 kHz, 16 bit, mono; sent as it is made.',
      body: speechRequest,
      answers: { 'audio/wav': text, 'audio/pcm': text },
    }),
  },
  '/v1/audio/transcriptions': {
    post: operation({
      summary: 'Write down what is said in a file',
      description: 'WAV with 16-bit PCM of any rate, or raw PCM, µ-law or A-law; up to 25 MB.',
      body: transcriptions.transcriptionForm,
      bodyType: 'multipart/form-data',
      answers: {
        [JSON_TYPE]: z.union([transcriptions.transcription, transcriptions.verboseTranscription]),
        'text/event-stream': transcriptions.transcriptionEvent,
        'text/plain': text,
        'application/x-subrip': text,
        'text/vtt': text,
      },
    }),
  },
  '/v1/models': {
    get: operation({ summary: 'List models', answers: { [JSON_TYPE]: rest.modelList } }),
  },
  '/v1/models/{id}': {
    get: operation({ summary: 'Get a model', path: ['id'], answers: { [JSON_TYPE]: rest.model } }),
  },
  '/v1/realtime/client_secrets': {
    post: operation({
      summary: 'Make an ephemeral key',
      body: rest.clientSecretRequest,
      answers: { [JSON_TYPE]: rest.clientSecret },
    }),
  },
  ...operatingPaths,
  '/livez': { get: health('Is the process alive?', { 200: ['Yes.', alive] }) },
  '/readyz': {
    get: health('Can it take a turn?', {
      200: ['Yes, perhaps not with everything that was wished for.', rest.readiness],
      503: ['No.', rest.readiness],
    }),
  },
};

/** The REST surface as OpenAPI 3.1, made from the schemas that check the requests. */
export const openApiDocument = createDocument({
  openapi: '3.1.1',
  info: {
    title: 'Vivavoce',
    version: '1',
    description:
      'Voice and text go over the WebSocket `/v1/realtime`, which speaks the OpenAI Realtime protocol.',
  },
  security: [{ key: [] }],
  components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
  paths,
});
