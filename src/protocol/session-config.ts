import * as z from 'zod';
import { longText, passedOn } from './limits.ts';

/*
 * What a client may say about its session. Every field may be missing (keep what is there) or null (back to the
 * default). Names of models, voices, tracing, noise reduction and transcription are never errors: clients are
 * written against another vendor's list of names.
 */

/** `rate` counts for `audio/pcm` only (24000 when missing); the G.711 formats are 8 kHz. */
export const audioFormat = z.object({
  type: z.enum(['audio/pcm', 'audio/pcmu', 'audio/pcma']).optional(),
  rate: z
    .union([z.literal(8_000), z.literal(16_000), z.literal(24_000)], {
      error: 'must be 8000, 16000 or 24000',
    })
    .nullish(),
});

const milliseconds = z.number().min(0).max(3_600_000);

/** Without a `type` it changes the detector that is there. */
const turnDetection = z.object({
  type: z.enum(['server_vad', 'semantic_vad']).optional(),
  threshold: z.number().min(0).max(1).nullish(),
  prefix_padding_ms: milliseconds.nullish(),
  silence_duration_ms: milliseconds.nullish(),
  idle_timeout_ms: milliseconds.nullish(),
  eagerness: z.enum(['low', 'medium', 'high', 'auto']).nullish(),
  create_response: z.boolean().nullish(),
  interrupt_response: z.boolean().nullish(),
});

export const voiceName = z.union([z.string(), z.object({ id: z.string() })], {
  error: 'must be a name, or an object with an id',
});

const functionTool = z.object({
  type: z.literal('function').optional(),
  name: z.string().min(1).max(256),
  description: longText.nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish(),
});

/** A function that the client can run. `parameters` is a JSON Schema. */
export type FunctionTool = z.infer<typeof functionTool>;

/** Of tools other than functions (`mcp`, …) nothing is asked: they are echoed and never offered to the model. */
export const tool = z.looseObject({ type: z.string().optional() }).superRefine((value, context) => {
  const checks = isFunctionTool(value) ? [functionTool, passedOn] : [passedOn];
  for (const check of checks) {
    for (const { message, path } of check.safeParse(value).error?.issues ?? []) {
      context.addIssue({ code: 'custom', message, path: [...path] });
    }
  }
});

export type WireTool = z.infer<typeof tool>;

/** True for the tools that a model can call; a tool without a `type` is one. */
export function isFunctionTool(value: WireTool): value is WireTool & FunctionTool {
  return value.type === undefined || value.type === 'function';
}

const namedChoice = z
  .object({ type: z.string(), name: z.string().nullish() })
  .refine((choice) => choice.type !== 'function' || Boolean(choice.name), {
    error: 'it has to name the function',
    path: ['name'],
  });

/** `{type:'function', name}`; choices of other kinds (`{type:'mcp'}`) count as `auto`. */
export const toolChoice = z.union([z.enum(['auto', 'none', 'required']), namedChoice], {
  error: "must be 'auto', 'none', 'required' or {type:'function', name}",
});

export type WireToolChoice = z.infer<typeof toolChoice>;

export const outputModalities = z.array(z.enum(['text', 'audio'])).max(2);

export const maxOutputTokens = z.union([z.literal('inf'), z.int().min(1)], {
  error: "must be 'inf' or a whole number from 1",
});

export const audioOutput = z.object({
  format: audioFormat.nullish(),
  voice: voiceName.nullish(),
  speed: z.number().min(0.25).max(1.5).nullish(),
});

const audioInput = z.object({
  format: audioFormat.nullish(),
  transcription: z
    .object({ model: passedOn.optional(), language: passedOn.optional(), prompt: passedOn.optional() })
    .nullish(),
  noise_reduction: passedOn.optional(),
  turn_detection: turnDetection.nullish(),
  /** Ours: nothing is heard while the agent is audible, for clients without echo cancellation. */
  half_duplex: z.boolean().nullish(),
});

export const sessionPatch = z.object({
  type: z.enum(['realtime', 'transcription']).optional(),
  model: passedOn.optional(),
  audio: z.object({ input: audioInput.nullish(), output: audioOutput.nullish() }).nullish(),
  output_modalities: outputModalities.nullish(),
  instructions: longText.nullish(),
  tools: z.array(tool).max(1_000).nullish(),
  tool_choice: toolChoice.nullish(),
  max_output_tokens: maxOutputTokens.nullish(),
  tracing: passedOn.optional(),
  truncation: passedOn.optional(),
  prompt: passedOn.optional(),
  include: passedOn.optional(),
});

/** What `session.update` and `client_secrets` may say. Only fields that are present change something. */
export type SessionPatch = z.infer<typeof sessionPatch>;
export type WireAudioFormat = z.infer<typeof audioFormat>;
export type WireTurnDetection = z.infer<typeof turnDetection>;
export type WireVoice = z.infer<typeof voiceName>;
