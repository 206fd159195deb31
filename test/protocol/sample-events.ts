import type { ServerEvent } from '../../src/protocol/server-events.ts';
import type { WireItem } from '../../src/protocol/wire-item.ts';
import type { WireResponse, WireUsage } from '../../src/protocol/wire-response.ts';
import type { WireRealtimeSession } from '../../src/protocol/wire-session.ts';

/* One good event of every kind. */

export const usage: WireUsage = {
  total_tokens: 30,
  input_tokens: 20,
  output_tokens: 10,
  input_token_details: {
    text_tokens: 20,
    audio_tokens: 0,
    image_tokens: 0,
    cached_tokens: 5,
    cached_tokens_details: { text_tokens: 5, audio_tokens: 0, image_tokens: 0 },
  },
  output_token_details: { text_tokens: 10, audio_tokens: 0 },
};

export const assistantItem: WireItem = {
  id: 'item_2',
  object: 'realtime.item',
  type: 'message',
  status: 'completed',
  role: 'assistant',
  content: [
    { type: 'output_audio', transcript: 'hi' },
    { type: 'output_text', text: 'there' },
  ],
};

export const userItem: WireItem = {
  id: 'item_1',
  object: 'realtime.item',
  type: 'message',
  status: 'completed',
  role: 'user',
  content: [
    { type: 'input_audio', transcript: null },
    { type: 'input_text', text: 'hello' },
  ],
};

export const callItem: WireItem = {
  id: 'item_3',
  object: 'realtime.item',
  type: 'function_call',
  status: 'completed',
  call_id: 'call_1',
  name: 'weather',
  arguments: '{}',
};

export const session: WireRealtimeSession = {
  id: 'sess_1',
  object: 'realtime.session',
  expires_at: 0,
  type: 'realtime',
  model: 'any-model',
  output_modalities: ['audio'],
  instructions: 'Be brief.',
  tools: [{ type: 'function', name: 'weather', parameters: { type: 'object' } }],
  tool_choice: 'auto',
  max_output_tokens: 'inf',
  audio: {
    input: {
      format: { type: 'audio/pcm', rate: 24_000 },
      transcription: { model: 'any-transcriber' },
      noise_reduction: null,
      turn_detection: {
        type: 'server_vad',
        threshold: 0.5,
        prefix_padding_ms: 200,
        silence_duration_ms: 400,
        idle_timeout_ms: null,
        create_response: true,
        interrupt_response: true,
      },
    },
    output: { format: { type: 'audio/pcmu' }, voice: 'slt', speed: 1 },
  },
  tracing: null,
  truncation: null,
  prompt: null,
  include: null,
};

export const response: WireResponse = {
  id: 'resp_1',
  object: 'realtime.response',
  status: 'cancelled',
  status_details: { type: 'cancelled', reason: 'turn_detected' },
  output: [assistantItem, callItem],
  conversation_id: 'conv_1',
  output_modalities: ['audio'],
  max_output_tokens: 'inf',
  audio: { output: { format: { type: 'audio/pcma' }, voice: 'slt' } },
  usage,
  metadata: { client_event_id: 'e1' },
};

const id = { event_id: 'event_1' };
const item = { item_id: 'item_1' };
const output = { response_id: 'resp_1', item_id: 'item_2', output_index: 0 };
const part = { ...output, content_index: 0 };

export const serverEvents: readonly ServerEvent[] = [
  { ...id, type: 'session.created', session },
  { ...id, type: 'session.updated', session },
  {
    ...id,
    type: 'error',
    error: {
      type: 'invalid_request_error',
      code: 'invalid_event',
      message: 'm',
      param: null,
      event_id: null,
    },
  },
  { ...id, type: 'conversation.created', conversation: { id: 'conv_1', object: 'realtime.conversation' } },
  { ...id, type: 'conversation.item.added', item: userItem, previous_item_id: null },
  { ...id, type: 'conversation.item.done', item: userItem, previous_item_id: 'item_0' },
  { ...id, type: 'conversation.item.retrieved', item: userItem },
  { ...id, type: 'conversation.item.deleted', ...item },
  { ...id, type: 'conversation.item.truncated', ...item, content_index: 0, audio_end_ms: 1_200 },
  {
    ...id,
    type: 'conversation.item.input_audio_transcription.delta',
    ...item,
    content_index: 0,
    delta: 'he',
  },
  {
    ...id,
    type: 'conversation.item.input_audio_transcription.completed',
    ...item,
    content_index: 0,
    transcript: 'hello',
    usage: { type: 'duration', seconds: 1.5 },
  },
  {
    ...id,
    type: 'conversation.item.input_audio_transcription.failed',
    ...item,
    content_index: 0,
    error: { type: 'server_error', code: 'engine_failed', message: 'm' },
  },
  { ...id, type: 'input_audio_buffer.committed', ...item, previous_item_id: null },
  { ...id, type: 'input_audio_buffer.cleared' },
  { ...id, type: 'input_audio_buffer.speech_started', ...item, audio_start_ms: 100 },
  { ...id, type: 'input_audio_buffer.speech_stopped', ...item, audio_end_ms: 900 },
  { ...id, type: 'input_audio_buffer.timeout_triggered', ...item, audio_start_ms: 100, audio_end_ms: 900 },
  {
    ...id,
    type: 'response.created',
    response: { ...response, status: 'in_progress', status_details: null, usage: null },
  },
  { ...id, type: 'response.done', response },
  { ...id, type: 'response.output_item.added', response_id: 'resp_1', output_index: 0, item: assistantItem },
  { ...id, type: 'response.output_item.done', response_id: 'resp_1', output_index: 0, item: callItem },
  { ...id, type: 'response.content_part.added', ...part, part: { type: 'audio', transcript: '' } },
  { ...id, type: 'response.content_part.done', ...part, part: { type: 'text', text: 'there' } },
  { ...id, type: 'response.output_text.delta', ...part, delta: 'th' },
  { ...id, type: 'response.output_text.done', ...part, text: 'there' },
  { ...id, type: 'response.output_audio.delta', ...part, delta: 'AAAA' },
  { ...id, type: 'response.output_audio.done', ...part },
  { ...id, type: 'response.output_audio_transcript.delta', ...part, delta: 'h' },
  { ...id, type: 'response.output_audio_transcript.done', ...part, transcript: 'hi' },
  { ...id, type: 'response.function_call_arguments.delta', ...output, call_id: 'call_1', delta: '{' },
  {
    ...id,
    type: 'response.function_call_arguments.done',
    ...output,
    call_id: 'call_1',
    name: 'weather',
    arguments: '{}',
  },
  {
    ...id,
    type: 'rate_limits.updated',
    rate_limits: [{ name: 'requests', limit: 100, remaining: 99, reset_seconds: 1 }],
  },
];

export function sample<Type extends ServerEvent['type']>(type: Type): Extract<ServerEvent, { type: Type }> {
  return serverEvents.find((event) => event.type === type) as Extract<ServerEvent, { type: Type }>;
}
