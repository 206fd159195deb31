import * as z from 'zod';
import type {} from 'zod-openapi';
import { longText, metadata } from './limits.ts';

/* `POST /v1/chat/completions`: the agent as a model with a memory, for the frontends that exist. */

const textPart = z.object({ type: z.literal('text'), text: longText });
const refusalPart = z.object({ type: z.literal('refusal'), refusal: longText });
const imagePart = z.object({ type: z.literal('image_url'), image_url: z.object({ url: z.string().min(1) }) });

const text = z.union([longText, z.array(textPart)], {
  error: 'must be a text of up to 1,000,000 characters or a list of text parts',
});

const toolCall = z.object({
  id: z.string().min(1),
  type: z.literal('function'),
  function: z.object({ name: z.string().min(1), arguments: longText }),
});

const message = z.discriminatedUnion('role', [
  z.object({ role: z.enum(['system', 'developer']), content: text }),
  z.object({
    role: z.literal('user'),
    content: z.union([longText, z.array(z.discriminatedUnion('type', [textPart, imagePart])).min(1)], {
      error: 'must be a text of up to 1,000,000 characters or a list of text and image_url parts',
    }),
  }),
  z.object({
    role: z.literal('assistant'),
    content: z
      .union([longText, z.array(z.discriminatedUnion('type', [textPart, refusalPart]))], {
        error: 'must be a text, a list of text parts, or null beside tool_calls',
      })
      .nullish(),
    tool_calls: z.array(toolCall).nullish(),
  }),
  z.object({ role: z.literal('tool'), tool_call_id: z.string().min(1), content: text }),
]);

const functionTool = z.object({
  type: z.literal('function'),
  function: z.object({
    name: z.string().min(1).max(256),
    description: longText.nullish(),
    parameters: z.record(z.string(), z.unknown()).nullish(),
  }),
});

const toolChoice = z.union(
  [
    z.enum(['auto', 'none', 'required']),
    z.object({ type: z.literal('function'), function: z.object({ name: z.string().min(1) }) }),
  ],
  { error: "must be 'auto', 'none', 'required' or {type:'function', function:{name}}" },
);

export const chatCompletionRequest = z
  .object({
    model: z.string().optional().meta({ description: 'Any name: the agent has one model.' }),
    messages: z.array(message).min(1).max(10_000),
    tools: z.array(functionTool).max(1_000).nullish(),
    tool_choice: toolChoice.nullish(),
    stream: z.boolean().nullish(),
    stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
    max_tokens: z.int().min(1).nullish(),
    max_completion_tokens: z.int().min(1).nullish(),
    temperature: z.number().min(0).max(2).nullish(),
    store: z.boolean().nullish(),
    metadata: metadata.nullish(),
    user: z.string().max(256).nullish(),
    safety_identifier: z.string().max(256).nullish(),
  })
  .meta({ id: 'ChatCompletionRequest' });

const usage = z.object({
  prompt_tokens: z.int(),
  completion_tokens: z.int(),
  total_tokens: z.int(),
  prompt_tokens_details: z.object({ cached_tokens: z.int() }),
});

const finishReason = z.enum(['stop', 'length', 'tool_calls']);

const identity = {
  id: z.string().meta({ example: 'chatcmpl-…' }),
  created: z.int().meta({ description: 'Seconds since 1970.' }),
  model: z.string(),
};

export const chatCompletion = z
  .object({
    ...identity,
    object: z.literal('chat.completion'),
    choices: z.array(
      z.object({
        index: z.int(),
        message: z.object({
          role: z.literal('assistant'),
          content: z.string().nullable(),
          refusal: z.null(),
          tool_calls: z.array(toolCall).exactOptional(),
        }),
        logprobs: z.null(),
        finish_reason: finishReason,
      }),
    ),
    usage,
  })
  .meta({ id: 'ChatCompletion' });

const toolCallDelta = z.object({
  index: z.int(),
  id: z.string().exactOptional(),
  type: z.literal('function').exactOptional(),
  function: z.object({ name: z.string().exactOptional(), arguments: z.string() }),
});

export const chatCompletionChunk = z
  .object({
    ...identity,
    object: z.literal('chat.completion.chunk'),
    choices: z.array(
      z.object({
        index: z.int(),
        delta: z.object({
          role: z.literal('assistant').exactOptional(),
          content: z.string().exactOptional(),
          tool_calls: z.array(toolCallDelta).exactOptional(),
        }),
        logprobs: z.null(),
        finish_reason: finishReason.nullable(),
      }),
    ),
    usage: usage.nullable().exactOptional().meta({
      description:
        'With `stream_options.include_usage`: null, and in a last chunk without choices the usage.',
    }),
  })
  .meta({ id: 'ChatCompletionChunk' });

export type ChatCompletionRequest = z.infer<typeof chatCompletionRequest>;
export type ChatCompletionMessage = z.infer<typeof message>;
export type ChatCompletion = z.infer<typeof chatCompletion>;
export type ChatCompletionChunk = z.infer<typeof chatCompletionChunk>;
