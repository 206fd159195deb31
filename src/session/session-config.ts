import type {
  SessionPatch,
  WireAudioFormat,
  WireTurnDetection,
  WireVoice,
} from '../protocol/session-config.ts';
import type { WireFormat } from '../protocol/wire-response.ts';
import type { WireEffectiveTurnDetection, WireRealtimeSession } from '../protocol/wire-session.ts';

const PCM_24K: WireFormat = { type: 'audio/pcm', rate: 24_000 };

const SERVER_VAD: Extract<WireEffectiveTurnDetection, { type: 'server_vad' }> = {
  type: 'server_vad',
  threshold: 0.5,
  prefix_padding_ms: 200,
  silence_duration_ms: 400,
  idle_timeout_ms: null,
  create_response: true,
  interrupt_response: true,
};

const SEMANTIC_VAD: Extract<WireEffectiveTurnDetection, { type: 'semantic_vad' }> = {
  type: 'semantic_vad',
  eagerness: 'auto',
  create_response: true,
  interrupt_response: true,
};

export interface SessionDefaults {
  readonly id: string;
  readonly model: string;
  readonly instructions: string;
  readonly voice: string;
}

/** What a session is before its client has said anything. */
export function defaultSession({ id, model, instructions, voice }: SessionDefaults): WireRealtimeSession {
  return {
    id,
    object: 'realtime.session',
    type: 'realtime',
    expires_at: 0,
    model,
    output_modalities: ['audio'],
    instructions,
    tools: [],
    tool_choice: 'auto',
    max_output_tokens: 'inf',
    audio: {
      input: { format: PCM_24K, transcription: null, noise_reduction: null, turn_detection: SERVER_VAD },
      output: { format: PCM_24K, voice, speed: 1 },
    },
    tracing: null,
    truncation: null,
    prompt: null,
    include: null,
  };
}

/**
 * Merges what a client says into what is in force. A field that is absent stays, `null` brings its default back, an
 * empty string or list clears. The model is fixed, and the voice too once it has been heard.
 */
export function mergeSession(
  current: WireRealtimeSession,
  patch: SessionPatch,
  defaults: SessionDefaults,
  { voiceIsFixed }: { voiceIsFixed: boolean },
): WireRealtimeSession {
  const base = defaultSession(defaults);
  const input = patch.audio?.input;
  const output = patch.audio?.output;
  const inputNow = patch.audio === null || input === null ? base.audio.input : current.audio.input;
  const outputNow = patch.audio === null || output === null ? base.audio.output : current.audio.output;
  return {
    ...current,
    output_modalities: modalities(
      pick(patch.output_modalities, current.output_modalities, base.output_modalities),
    ),
    instructions: pick(patch.instructions, current.instructions, base.instructions),
    tools: pick(patch.tools, current.tools, base.tools),
    tool_choice: pick(patch.tool_choice, current.tool_choice, base.tool_choice),
    max_output_tokens: pick(patch.max_output_tokens, current.max_output_tokens, base.max_output_tokens),
    audio: {
      input: {
        format: toFormat(input?.format, inputNow.format),
        transcription: pick(transcription(input?.transcription), inputNow.transcription, null),
        noise_reduction: pick(input?.noise_reduction, inputNow.noise_reduction, null),
        turn_detection: turnDetection(input?.turn_detection, inputNow.turn_detection),
        ...halfDuplex(input?.half_duplex, inputNow.half_duplex),
      },
      output: {
        format: toFormat(output?.format, outputNow.format),
        voice: voiceIsFixed
          ? current.audio.output.voice
          : (voiceOf(output?.voice) ?? (output?.voice === null ? base.audio.output.voice : outputNow.voice)),
        speed: pick(output?.speed, outputNow.speed, 1),
      },
    },
    tracing: pick(patch.tracing, current.tracing, null),
    truncation: pick(patch.truncation, current.truncation, null),
    prompt: pick(patch.prompt, current.prompt, null),
    include: pick(patch.include, current.include, null),
  };
}

/** The same for a session that only listens, and tells what it has understood. */
export function withoutResponses(session: WireRealtimeSession): WireRealtimeSession {
  const { input } = session.audio;
  const detection = input.turn_detection;
  return {
    ...session,
    audio: {
      ...session.audio,
      input: {
        ...input,
        transcription: input.transcription ?? {},
        turn_detection: detection && { ...detection, create_response: false, interrupt_response: false },
      },
    },
  };
}

/** The name of a voice, of a string or of an object with an id. */
export function voiceOf(voice: WireVoice | null | undefined): string | null {
  return typeof voice === 'string' ? voice : (voice?.id ?? null);
}

function pick<T>(given: T | null | undefined, current: T, byDefault: T): T {
  if (given === undefined) return current;
  return given === null ? byDefault : given;
}

/** Both at once means audio, whose transcript is the text. */
export function modalities(given: readonly ('text' | 'audio')[]): ('text' | 'audio')[] {
  return given.length === 0 || given.includes('audio') ? ['audio'] : ['text'];
}

export function toFormat(given: WireAudioFormat | null | undefined, current: WireFormat): WireFormat {
  if (given === undefined) return current;
  const type = given === null ? PCM_24K.type : (given.type ?? current.type);
  if (type !== 'audio/pcm') return { type };
  return { type, rate: given?.rate ?? 24_000 };
}

function halfDuplex(given: boolean | null | undefined, current: boolean | undefined) {
  const value = given === undefined ? current : (given ?? undefined);
  return value === undefined ? {} : { half_duplex: value };
}

type Transcription = WireRealtimeSession['audio']['input']['transcription'];

function transcription(
  given: NonNullable<NonNullable<SessionPatch['audio']>['input']>['transcription'],
): Transcription | undefined {
  if (!given) return given;
  const { model, language, prompt } = given;
  return {
    ...(typeof model === 'string' && { model }),
    ...(typeof language === 'string' && { language }),
    ...(typeof prompt === 'string' && { prompt }),
  };
}

function turnDetection(
  given: WireTurnDetection | null | undefined,
  current: WireEffectiveTurnDetection | null,
): WireEffectiveTurnDetection | null {
  if (given === undefined) return current;
  if (given === null) return null;
  const type = given.type ?? current?.type ?? 'server_vad';
  if (type === 'semantic_vad') {
    return mergeFields({ ...given, type }, current?.type === type ? current : SEMANTIC_VAD, SEMANTIC_VAD);
  }
  return mergeFields({ ...given, type }, current?.type === type ? current : SERVER_VAD, SERVER_VAD);
}

/** Each field of `defaults` as `given` has it: absent keeps what is in `current`, null brings the default back. */
function mergeFields<T extends object>(
  given: { readonly [K in keyof T]?: T[K] | null | undefined },
  current: T,
  defaults: T,
): T {
  const merged = { ...current };
  for (const key of Object.keys(defaults) as (keyof T)[]) {
    merged[key] = pick<T[keyof T]>(given[key], current[key], defaults[key]);
  }
  return merged;
}
