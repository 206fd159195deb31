import type { ZodOpenApiPathsObject } from 'zod-openapi';
import * as memories from '../protocol/rest-memories.ts';
import { JSON_TYPE, operation, text } from './openapi-operation.ts';

const id = ['memory_id'];

/** What is remembered of a person. */
export const memoryPaths: ZodOpenApiPathsObject = {
  '/v1/memories': {
    get: operation({
      summary: 'List memories',
      query: memories.memoryListQuery,
      answers: { [JSON_TYPE]: memories.memoryList },
    }),
    post: operation({
      summary: 'Write a memory down',
      description: 'What says the same already is answered instead of a second one.',
      body: memories.createMemoryRequest,
      answers: { [JSON_TYPE]: memories.memory },
    }),
    delete: operation({
      summary: 'Erase everything that is known of the user',
      description:
        'All memories and all conversations, with everything that was made of them, from every file and index. It ' +
        'goes on in the background, and after a restart too; `Location` tells where to ask how far it is.',
      query: memories.eraseMemoriesQuery,
      status: 202,
      answers: { [JSON_TYPE]: memories.memoryErasure },
    }),
  },
  '/v1/memories/search': {
    get: operation({
      summary: 'Search memories',
      description: 'As a turn does it: by relevance, recency and importance together, best first.',
      query: memories.memorySearchQuery,
      answers: { [JSON_TYPE]: memories.foundMemoryList },
    }),
  },
  '/v1/memories/profile': {
    get: operation({
      summary: 'Who the user is',
      answers: { [JSON_TYPE]: memories.memoryProfile },
    }),
  },
  '/v1/memories/statistics': {
    get: operation({
      summary: 'What the memory has done since the start',
      description:
        'Of everybody together: cache hits, messages about which no model was asked, calls of a model.',
      answers: { [JSON_TYPE]: memories.memoryStatistics },
    }),
  },
  '/v1/memories/export': {
    get: operation({
      summary: 'Take everything away',
      description: 'One memory on each line, oldest first, with those that no longer hold.',
      answers: { 'application/x-ndjson': text },
    }),
  },
  '/v1/memories/erasures/{erasure_id}': {
    get: operation({
      summary: 'Ask how far an erasure is',
      path: ['erasure_id'],
      answers: { [JSON_TYPE]: memories.memoryErasure },
    }),
  },
  '/v1/memories/{memory_id}': {
    get: operation({
      summary: 'Get a memory with its history',
      path: id,
      answers: { [JSON_TYPE]: memories.memoryWithHistory },
    }),
    patch: operation({
      summary: 'Correct a memory',
      path: id,
      body: memories.updateMemoryRequest,
      answers: { [JSON_TYPE]: memories.memory },
    }),
    delete: operation({
      summary: 'Delete a memory',
      description: 'What it took the place of stays in the history.',
      path: id,
      answers: { [JSON_TYPE]: memories.memoryDeleted },
    }),
  },
};
