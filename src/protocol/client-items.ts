import * as z from 'zod';
import { anyId, longText, MAX_AUDIO_CHARS } from './limits.ts';

/* Items as clients send them: the id is theirs or still to be made, `status` and `object` mean nothing yet. */

const inputText = z.object({ type: z.literal('input_text'), text: longText });

/** `audio` is base64 in the session's input format. */
const inputAudio = z.object({
  type: z.literal('input_audio'),
  audio: z.string().max(MAX_AUDIO_CHARS).nullish(),
  transcript: longText.nullish(),
});

/** A URL, usually `data:image/…;base64,…`. */
const inputImage = z.object({
  type: z.literal('input_image'),
  image_url: z.string().min(1).max(MAX_AUDIO_CHARS),
});

const outputText = z.object({ type: z.literal('output_text'), text: longText });

const outputAudio = z.object({ type: z.literal('output_audio'), transcript: longText.nullish() });

const shared = { id: anyId.nullish() };
const message = { ...shared, type: z.literal('message') };

const systemMessage = z.object({ ...message, role: z.literal('system'), content: z.array(inputText) });

const userMessage = z.object({
  ...message,
  role: z.literal('user'),
  content: z.array(z.discriminatedUnion('type', [inputText, inputAudio, inputImage])),
});

const assistantMessage = z.object({
  ...message,
  role: z.literal('assistant'),
  content: z.array(z.discriminatedUnion('type', [outputText, outputAudio])),
});

const functionCall = z.object({
  ...shared,
  type: z.literal('function_call'),
  call_id: anyId.nullish(),
  name: z.string().min(1).max(256),
  arguments: longText,
});

const functionCallOutput = z.object({
  ...shared,
  type: z.literal('function_call_output'),
  call_id: anyId,
  output: longText,
});

const anyMessage = z.discriminatedUnion('role', [systemMessage, userMessage, assistantMessage]);

export const clientItem = z.discriminatedUnion('type', [anyMessage, functionCall, functionCallOutput]);

/** In the input of one response an item of the conversation can be named instead of repeated. */
export const responseInputItem = z.discriminatedUnion('type', [
  anyMessage,
  functionCall,
  functionCallOutput,
  z.object({ type: z.literal('item_reference'), id: anyId }),
]);

export type ClientItem = z.infer<typeof clientItem>;
export type ResponseInputItem = z.infer<typeof responseInputItem>;
