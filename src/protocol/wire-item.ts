import * as z from 'zod';

/*
 * Items as the server sends them. Strict on purpose, like all schemas of what we emit: a field that is not named
 * here has no business on the wire.
 */

const status = z.enum(['in_progress', 'completed', 'incomplete']);

const inputText = z.strictObject({ type: z.literal('input_text'), text: z.string() });

/** `transcript` is null until it is known. */
const inputAudio = z.strictObject({ type: z.literal('input_audio'), transcript: z.string().nullable() });

const inputImage = z.strictObject({ type: z.literal('input_image'), image_url: z.string() });

const outputText = z.strictObject({ type: z.literal('output_text'), text: z.string() });

const outputAudio = z.strictObject({ type: z.literal('output_audio'), transcript: z.string().nullable() });

const record = { id: z.string(), object: z.literal('realtime.item'), status };
const message = { ...record, type: z.literal('message') };

const systemMessage = z.strictObject({ ...message, role: z.literal('system'), content: z.array(inputText) });

const userMessage = z.strictObject({
  ...message,
  role: z.literal('user'),
  content: z.array(z.discriminatedUnion('type', [inputText, inputAudio, inputImage])),
});

const assistantMessage = z.strictObject({
  ...message,
  role: z.literal('assistant'),
  content: z.array(z.discriminatedUnion('type', [outputText, outputAudio])),
});

const functionCall = z.strictObject({
  ...record,
  type: z.literal('function_call'),
  call_id: z.string(),
  name: z.string(),
  /** A JSON object as text; empty while the call is being written. */
  arguments: z.string(),
});

const functionCallOutput = z.strictObject({
  ...record,
  type: z.literal('function_call_output'),
  call_id: z.string(),
  output: z.string(),
});

export const wireItem = z.discriminatedUnion('type', [
  z.discriminatedUnion('role', [systemMessage, userMessage, assistantMessage]),
  functionCall,
  functionCallOutput,
]);

export type WireItem = z.infer<typeof wireItem>;
export type WireMessage = Extract<WireItem, { type: 'message' }>;
export type WireFunctionCall = z.infer<typeof functionCall>;
export type WireContentPart = WireMessage['content'][number];
