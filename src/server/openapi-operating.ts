import type { ZodOpenApiPathsObject } from 'zod-openapi';
import * as guards from '../protocol/rest-guards.ts';
import { JSON_TYPE, operation, text } from './openapi-operation.ts';

/** What needs the scope `operate`. */
export const operatingPaths: ZodOpenApiPathsObject = {
  '/v1/guards': {
    get: operation({
      summary: 'List the breakers before the engines',
      answers: { [JSON_TYPE]: guards.guardList },
    }),
  },
  '/v1/guards/{id}/open': {
    post: operation({
      summary: 'Open a breaker',
      description: 'The engine is left alone until it is reset, and the next one answers.',
      path: ['id'],
      answers: { [JSON_TYPE]: guards.guard },
    }),
  },
  '/v1/guards/{id}/reset': {
    post: operation({
      summary: 'Close a breaker and forget its failures',
      path: ['id'],
      answers: { [JSON_TYPE]: guards.guard },
    }),
  },
  '/metrics': {
    get: operation({
      summary: 'The numbers of the server',
      description: "Prometheus' text format.",
      answers: { 'text/plain': text },
    }),
  },
};
