import * as z from 'zod';
import { tool, toolChoice } from './session-config.ts';
import { wireFormat } from './wire-response.ts';

/* The full effective configuration, as `session.created` and `session.updated` tell it. */

const serverVad = z.strictObject({
  type: z.literal('server_vad'),
  threshold: z.number(),
  prefix_padding_ms: z.number(),
  silence_duration_ms: z.number(),
  idle_timeout_ms: z.number().nullable(),
  create_response: z.boolean(),
  interrupt_response: z.boolean(),
});

const semanticVad = z.strictObject({
  type: z.literal('semantic_vad'),
  eagerness: z.enum(['low', 'medium', 'high', 'auto']),
  create_response: z.boolean(),
  interrupt_response: z.boolean(),
});

const audioInput = z.strictObject({
  format: wireFormat,
  /** Null: no transcription events. */
  transcription: z
    .strictObject({
      model: z.string().exactOptional(),
      language: z.string().exactOptional(),
      prompt: z.string().exactOptional(),
    })
    .nullable(),
  /** As the client said it. */
  noise_reduction: z.unknown(),
  /** Null: the client commits its audio itself. */
  turn_detection: z.discriminatedUnion('type', [serverVad, semanticVad]).nullable(),
  /** Ours, and there only when the client has set it. */
  half_duplex: z.boolean().exactOptional(),
});

const identity = {
  id: z.string(),
  object: z.literal('realtime.session'),
  /** Seconds since 1970; 0 when it does not expire. */
  expires_at: z.number(),
};

const realtimeSession = z.strictObject({
  ...identity,
  type: z.literal('realtime'),
  model: z.string(),
  output_modalities: z.array(z.enum(['text', 'audio'])),
  instructions: z.string(),
  tools: z.array(tool),
  tool_choice: toolChoice,
  max_output_tokens: z.union([z.int().min(1), z.literal('inf')]),
  audio: z.strictObject({
    input: audioInput,
    output: z.strictObject({ format: wireFormat, voice: z.string(), speed: z.number() }),
  }),
  /** These four as the client said them; null when it said nothing. */
  tracing: z.unknown(),
  truncation: z.unknown(),
  prompt: z.unknown(),
  include: z.unknown(),
});

const transcriptionSession = z.strictObject({
  ...identity,
  type: z.literal('transcription'),
  audio: z.strictObject({ input: audioInput }),
  include: z.unknown(),
});

export const wireSession = z.discriminatedUnion('type', [realtimeSession, transcriptionSession]);

export type WireSession = z.infer<typeof wireSession>;
export type WireRealtimeSession = z.infer<typeof realtimeSession>;
export type WireTranscriptionSession = z.infer<typeof transcriptionSession>;
export type WireEffectiveTurnDetection = NonNullable<z.infer<typeof audioInput>['turn_detection']>;
