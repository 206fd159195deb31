import type { ExtensionEvent } from './extension-events.ts';
import type { ServerEvent } from './server-events.ts';
import type { WireItem } from './wire-item.ts';
import type { WireFormat, WireResponse } from './wire-response.ts';
import type { WireSession } from './wire-session.ts';

/*
 * The beta dialect (`OpenAI-Beta: realtime=v1`): the same events under older names, with a flat session. It is
 * translated at the socket, so that nothing else in the program knows of it.
 */

const TO_BETA_TYPE: Readonly<Record<string, string>> = {
  'conversation.item.added': 'conversation.item.created',
  'response.output_text.delta': 'response.text.delta',
  'response.output_text.done': 'response.text.done',
  'response.output_audio.delta': 'response.audio.delta',
  'response.output_audio.done': 'response.audio.done',
  'response.output_audio_transcript.delta': 'response.audio_transcript.delta',
  'response.output_audio_transcript.done': 'response.audio_transcript.done',
};

const FORMATS = [
  ['pcm16', 'audio/pcm'],
  ['g711_ulaw', 'audio/pcmu'],
  ['g711_alaw', 'audio/pcma'],
] as const;
const TO_BETA_FORMAT = new Map<string, string>(FORMATS.map(([beta, ga]) => [ga, beta]));
const FROM_BETA_FORMAT = new Map<string, string>(FORMATS);

/** The events that a beta client gets for one of ours: one, or none where its dialect has no such event. */
export function toBeta(event: ServerEvent | ExtensionEvent): object[] {
  const type = TO_BETA_TYPE[event.type] ?? event.type;
  switch (event.type) {
    case 'conversation.item.done':
    case 'input_audio_buffer.timeout_triggered':
      return [];
    case 'session.created':
    case 'session.updated': {
      const isTranscription = event.type === 'session.updated' && event.session.type === 'transcription';
      const name = isTranscription ? 'transcription_session.updated' : type;
      return [{ ...event, type: name, session: betaSession(event.session) }];
    }
    case 'conversation.item.added':
    case 'conversation.item.retrieved':
    case 'response.output_item.added':
    case 'response.output_item.done':
      return [{ ...event, type, item: betaItem(event.item) }];
    case 'response.created':
    case 'response.done':
      return [{ ...event, response: betaResponse(event.response) }];
    default:
      return [type === event.type ? event : { ...event, type }];
  }
}

function betaItem(item: WireItem): object {
  if (item.type !== 'message' || item.role !== 'assistant') return item;
  const content = item.content.map((part) => ({ ...part, type: part.type.replace('output_', '') }));
  return { ...item, content };
}

function betaResponse(response: WireResponse): object {
  const { output, output_modalities, audio, ...same } = response;
  return {
    ...same,
    output: output.map(betaItem),
    modalities: betaModalities(output_modalities),
    output_audio_format: betaFormat(audio.output.format),
    voice: audio.output.voice,
  };
}

function betaSession(session: WireSession): object {
  const { input } = session.audio;
  const { id, object, expires_at } = session;
  const heard = {
    input_audio_format: betaFormat(input.format),
    input_audio_transcription: input.transcription,
    input_audio_noise_reduction: input.noise_reduction ?? null,
    turn_detection: input.turn_detection,
  };
  if (session.type === 'transcription') {
    return { id, object: 'realtime.transcription_session', expires_at, ...heard };
  }
  const { model, instructions, tools, tool_choice, tracing, max_output_tokens } = session;
  const { format, voice, speed } = session.audio.output;
  return {
    id,
    object,
    expires_at,
    model,
    modalities: betaModalities(session.output_modalities),
    instructions,
    voice,
    speed,
    ...heard,
    output_audio_format: betaFormat(format),
    tools,
    tool_choice,
    tracing: tracing ?? null,
    max_response_output_tokens: max_output_tokens,
  };
}

/** In the beta, audio always came with its text. */
function betaModalities(modalities: readonly string[]): string[] {
  return modalities.includes('audio') ? ['text', 'audio'] : ['text'];
}

function betaFormat(format: WireFormat): string {
  return TO_BETA_FORMAT.get(format.type) ?? format.type;
}

type Json = Record<string, unknown>;

/**
 * A beta client's event in our dialect. Never throws: what it does not recognise stays as it is, for the decoder to
 * judge. Paths in the decoder's errors are those of our dialect.
 */
export function fromBeta(json: unknown): unknown {
  if (!isObject(json)) return json;
  switch (json.type) {
    case 'session.update':
      return { ...json, session: sessionFromBeta(json.session, 'realtime') };
    case 'transcription_session.update':
      return { ...json, type: 'session.update', session: sessionFromBeta(json.session, 'transcription') };
    case 'conversation.item.create':
      return { ...json, item: itemFromBeta(json.item) };
    case 'response.create':
      return 'response' in json ? { ...json, response: responseFromBeta(json.response) } : json;
    default:
      return json;
  }
}

function sessionFromBeta(session: unknown, type: string): unknown {
  // Some clients announce the beta and send the new shape.
  if (!isObject(session) || isObject(session.audio)) return session;
  const { modalities, tool_choice, max_response_output_tokens, turn_detection, ...rest } = session;
  const { voice, speed, input_audio_format, output_audio_format, ...others } = rest;
  const { input_audio_transcription, input_audio_noise_reduction, ...same } = others;
  return present({
    type,
    // New names beside old ones stay; an old name that is there goes before them.
    ...same,
    ...present({
      output_modalities: modalitiesFromBeta(modalities),
      max_output_tokens: max_response_output_tokens,
    }),
    tool_choice: toolChoiceFromBeta(tool_choice),
    audio: present({
      input: present({
        format: formatFromBeta(input_audio_format),
        transcription: input_audio_transcription,
        noise_reduction: input_audio_noise_reduction,
        turn_detection: isObject(turn_detection) && turn_detection.type === 'none' ? null : turn_detection,
      }),
      output: present({ format: formatFromBeta(output_audio_format), voice, speed }),
    }),
  });
}

function responseFromBeta(response: unknown): unknown {
  if (!isObject(response) || isObject(response.audio)) return response;
  const { modalities, voice, output_audio_format, tool_choice, max_response_output_tokens, input, ...same } =
    response;
  return present({
    ...same,
    ...present({
      output_modalities: modalitiesFromBeta(modalities),
      max_output_tokens: max_response_output_tokens,
    }),
    tool_choice: toolChoiceFromBeta(tool_choice),
    input: Array.isArray(input) ? input.map(itemFromBeta) : input,
    audio: present({ output: present({ format: formatFromBeta(output_audio_format), voice }) }),
  });
}

function itemFromBeta(item: unknown): unknown {
  if (!isObject(item) || !Array.isArray(item.content)) return item;
  const direction = item.role === 'assistant' ? 'output' : 'input';
  const content = item.content.map((part: unknown) =>
    isObject(part) && (part.type === 'text' || part.type === 'audio')
      ? { ...part, type: `${direction}_${part.type}` }
      : part,
  );
  return { ...item, content };
}

function modalitiesFromBeta(modalities: unknown): unknown {
  if (!Array.isArray(modalities) || !modalities.includes('audio')) return modalities;
  return modalities.filter((modality) => modality !== 'text');
}

function formatFromBeta(format: unknown): unknown {
  if (typeof format !== 'string') return format;
  const type = FROM_BETA_FORMAT.get(format) ?? format;
  return type === 'audio/pcm' ? { type, rate: 24_000 } : { type };
}

/** In the beta the name of a function stood where its object stands now. */
function toolChoiceFromBeta(choice: unknown): unknown {
  if (typeof choice !== 'string' || ['auto', 'none', 'required'].includes(choice)) return choice;
  return { type: 'function', name: choice };
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Without the fields that are not there, and undefined when none is: an update changes present fields only. */
function present(fields: Json): Json | undefined {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}
