import * as z from 'zod';
import type {} from 'zod-openapi';

/** Longest file: OpenAI's limit, 13 minutes of 16 kHz PCM. */
export const MAX_UPLOAD_BYTES = 25 * 1024 * 1024;
const MAX_PROMPT_CHARS = 10_000;

/** A form has only texts; an empty one is what a form sends for a field that nobody filled in. */
const optionalText = (max: number) =>
  z
    .string()
    .max(max)
    .transform((text) => text.trim() || null)
    .optional();

const granularity = z.enum(['word', 'segment']);

/** The fields of the form but the file. Those that are not listed are passed over (`temperature`, `include`). */
export const transcriptionFields = z.object({
  model: optionalText(256).meta({ description: 'Any name: the recogniser is that of the server.' }),
  language: z
    .string()
    .regex(/^$|^[a-z]{2,3}([-_]\w+)*$/i, 'a language as ISO 639-1, such as "en"')
    .transform((tag) => tag.split(/[-_]/)[0]?.toLowerCase() || null)
    .optional(),
  prompt: optionalText(MAX_PROMPT_CHARS).meta({ description: 'Words that may be expected.' }),
  response_format: z.enum(['json', 'text', 'verbose_json', 'srt', 'vtt']).default('json'),
  stream: z
    .enum(['true', 'false', '1', '0', ''])
    .default('false')
    .meta({ description: 'With json and text.' }),
  timestamp_granularities: z.union([granularity.transform((one) => [one]), z.array(granularity)]).default([]),
  sample_rate: z
    .string()
    .regex(/^\d{4,6}$/, 'samples a second, such as 16000')
    .transform(Number)
    .optional()
    .meta({ description: 'Ours: the rate of a file without a header (audio/pcm), else 24000.' }),
});

export type TranscriptionFields = z.output<typeof transcriptionFields>;

/** The whole form, for the description of the API. */
export const transcriptionForm = transcriptionFields
  .omit({ timestamp_granularities: true })
  .extend({
    file: z.string().meta({
      format: 'binary',
      description: 'WAV (16-bit PCM), or audio/pcm, audio/pcmu, audio/pcma as the type of the part says.',
    }),
    'timestamp_granularities[]': z.array(granularity).optional(),
  })
  .meta({ id: 'TranscriptionForm' });

const usage = z.object({ type: z.literal('duration'), seconds: z.number() });
const word = z.object({ word: z.string(), start: z.number(), end: z.number() });
const segment = z
  .object({ id: z.int(), start: z.number(), end: z.number(), text: z.string() })
  .catchall(z.unknown())
  .meta({
    description: 'Seconds. What only Whisper knows (tokens, probabilities) is there and says nothing.',
  });

export const transcription = z.object({ text: z.string(), usage }).meta({ id: 'Transcription' });

export const verboseTranscription = z
  .object({
    task: z.literal('transcribe'),
    language: z.string().meta({ description: 'What was asked for; "unknown" when nothing was.' }),
    duration: z.number(),
    text: z.string(),
    segments: z.array(segment),
    words: z.array(word).optional(),
    usage,
  })
  .meta({ id: 'VerboseTranscription' });

export const transcriptionEvent = z
  .discriminatedUnion('type', [
    z.object({ type: z.literal('transcript.text.delta'), delta: z.string() }),
    z.object({ type: z.literal('transcript.text.done'), text: z.string(), usage }),
  ])
  .meta({ id: 'TranscriptionEvent' });
