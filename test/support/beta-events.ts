import * as z from 'zod';

/*
 * The beta dialect as its clients know it, turned into ours, so that what they receive can be checked against the same
 * schemas and the same order. It is written from the beta's own types and shares nothing with the service's shim.
 */

const format = z.enum(['pcm16', 'g711_ulaw', 'g711_alaw']);
const modalities = z.array(z.enum(['text', 'audio']));
const maxTokens = z.union([z.int(), z.literal('inf')]);

const session = z.strictObject({
  id: z.string(),
  object: z.literal('realtime.session'),
  expires_at: z.number(),
  model: z.string(),
  modalities,
  instructions: z.string(),
  voice: z.string(),
  speed: z.number(),
  input_audio_format: format,
  output_audio_format: format,
  input_audio_transcription: z.looseObject({ model: z.string() }).nullable(),
  input_audio_noise_reduction: z.looseObject({}).nullable(),
  turn_detection: z.looseObject({ type: z.enum(['server_vad', 'semantic_vad']) }).nullable(),
  tools: z.array(z.looseObject({})),
  tool_choice: z.string(),
  tracing: z.unknown(),
  max_response_output_tokens: maxTokens,
});

const sessionEvent = z.strictObject({
  event_id: z.string(),
  type: z.enum(['session.created', 'session.updated']),
  session,
});

const responseEvent = z.looseObject({
  response: z.looseObject({
    modalities,
    output_audio_format: format,
    voice: z.string(),
    output: z.array(z.unknown()),
    audio: z.undefined().optional(),
    output_modalities: z.undefined().optional(),
  }),
});

const GA_TYPE: Readonly<Record<string, string>> = {
  'conversation.item.created': 'conversation.item.added',
  'response.text.delta': 'response.output_text.delta',
  'response.text.done': 'response.output_text.done',
  'response.audio.delta': 'response.output_audio.delta',
  'response.audio.done': 'response.output_audio.done',
  'response.audio_transcript.delta': 'response.output_audio_transcript.delta',
  'response.audio_transcript.done': 'response.output_audio_transcript.done',
};
const NOT_IN_BETA = new Set(['conversation.item.done', ...Object.values(GA_TYPE)]);
const GA_FORMAT = {
  pcm16: { type: 'audio/pcm', rate: 24_000 },
  g711_ulaw: { type: 'audio/pcmu' },
  g711_alaw: { type: 'audio/pcma' },
} as const;

/**
 * An event of the beta as one of ours.
 *
 * @throws when it is none of the beta.
 */
export function gaOf(json: unknown): { type: string } {
  const event = z.looseObject({ type: z.string(), item: z.unknown().optional() }).parse(json);
  if (NOT_IN_BETA.has(event.type)) throw new Error(`${event.type} is not in the beta`);
  const type = GA_TYPE[event.type] ?? event.type;
  switch (event.type) {
    case 'session.created':
    case 'session.updated':
      return { ...event, session: gaSession(sessionEvent.parse(json).session) } as { type: string };
    case 'response.created':
    case 'response.done':
      return { ...event, response: gaResponse(responseEvent.parse(json).response) } as { type: string };
    default:
      return event.item === undefined
        ? { ...event, type }
        : Object.assign({}, event, { type, item: gaItem(event.item) });
  }
}

function gaSession(beta: z.infer<typeof session>): object {
  const { id, object, expires_at, model, instructions, tools, tool_choice, tracing } = beta;
  return {
    ...{ id, object, expires_at, model, instructions, tools, tool_choice, tracing },
    type: 'realtime',
    output_modalities: beta.modalities.includes('audio') ? ['audio'] : ['text'],
    max_output_tokens: beta.max_response_output_tokens,
    audio: {
      input: {
        format: GA_FORMAT[beta.input_audio_format],
        transcription: beta.input_audio_transcription,
        noise_reduction: beta.input_audio_noise_reduction,
        turn_detection: beta.turn_detection,
      },
      output: { format: GA_FORMAT[beta.output_audio_format], voice: beta.voice, speed: beta.speed },
    },
    ...{ truncation: null, prompt: null, include: null },
  };
}

function gaResponse({
  modalities: both,
  output_audio_format,
  voice,
  output,
  ...same
}: z.infer<typeof responseEvent>['response']): object {
  return {
    ...same,
    output: output.map(gaItem),
    output_modalities: both.includes('audio') ? ['audio'] : ['text'],
    audio: { output: { format: GA_FORMAT[output_audio_format], voice } },
  };
}

function gaItem(item: unknown): unknown {
  const { content, ...same } = item as { content?: { type: string }[] };
  if (content === undefined || (same as { role?: string }).role !== 'assistant') return item;
  const parts = content.map((part) => {
    if (part.type !== 'text' && part.type !== 'audio') throw new Error(`${part.type} is not in the beta`);
    return { ...part, type: `output_${part.type}` };
  });
  return { ...same, content: parts };
}
