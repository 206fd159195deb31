import * as z from 'zod';
import type {} from 'zod-openapi';
import { voiceName } from './session-config.ts';

/** Longest text of one request, UTF-16 units: OpenAI's 4,096, sixteen times, because long texts are streamed here. */
export const MAX_SPEECH_CHARS = 16 * 4_096;

export const speechRequest = z
  .object({
    model: z.string().optional().meta({ description: 'Any name: the voice is that of the server.' }),
    input: z.string().min(1).max(MAX_SPEECH_CHARS),
    voice: voiceName.optional(),
    response_format: z.enum(['mp3', 'opus', 'aac', 'flac', 'wav', 'pcm']).default('wav'),
    speed: z.number().min(0.25).max(4).default(1),
    stream_format: z.enum(['audio', 'sse']).default('audio'),
  })
  .meta({ id: 'SpeechRequest' });

export type SpeechRequestBody = z.infer<typeof speechRequest>;
export type SpeechFormat = SpeechRequestBody['response_format'];
