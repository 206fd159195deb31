import { describe, expect, it } from 'vitest';
import { fromBeta, toBeta } from '../../src/protocol/beta.ts';
import { decodeClientEvent } from '../../src/protocol/client-events.ts';
import type { ServerEvent } from '../../src/protocol/server-events.ts';
import { assistantItem, callItem, sample, serverEvents, session, usage, userItem } from './sample-events.ts';

/** The events of the beta, as the official client's beta types list them. */
const BETA_TYPES = new Set([
  'session.created',
  'session.updated',
  'error',
  'conversation.created',
  'conversation.item.created',
  'conversation.item.retrieved',
  'conversation.item.deleted',
  'conversation.item.truncated',
  'conversation.item.input_audio_transcription.delta',
  'conversation.item.input_audio_transcription.completed',
  'conversation.item.input_audio_transcription.failed',
  'input_audio_buffer.committed',
  'input_audio_buffer.cleared',
  'input_audio_buffer.speech_started',
  'input_audio_buffer.speech_stopped',
  'response.created',
  'response.done',
  'response.output_item.added',
  'response.output_item.done',
  'response.content_part.added',
  'response.content_part.done',
  'response.text.delta',
  'response.text.done',
  'response.audio.delta',
  'response.audio.done',
  'response.audio_transcript.delta',
  'response.audio_transcript.done',
  'response.function_call_arguments.delta',
  'response.function_call_arguments.done',
  'rate_limits.updated',
]);

const betaAssistant = {
  ...assistantItem,
  content: [
    { type: 'audio', transcript: 'hi' },
    { type: 'text', text: 'there' },
  ],
};

describe('toBeta', () => {
  it('sends only types that the beta has', () => {
    const types = serverEvents.flatMap(toBeta).map((event) => (event as { type: string }).type);
    expect(types.filter((type) => !BETA_TYPES.has(type))).toEqual([]);
    expect(new Set(types)).toEqual(BETA_TYPES);
  });

  it('tells the settings of a transcription session in an event of their own', () => {
    const { id, object, expires_at, audio, include } = session;
    const input = { ...audio.input, format: { type: 'audio/pcmu' as const } };
    const transcription = {
      id,
      object,
      expires_at,
      include,
      type: 'transcription' as const,
      audio: { input },
    };
    expect(toBeta({ type: 'session.updated', event_id: 'event_1', session: transcription })).toMatchObject([
      {
        type: 'transcription_session.updated',
        session: { object: 'realtime.transcription_session', input_audio_format: 'g711_ulaw' },
      },
    ]);
  });

  it('keeps the id of every event', () => {
    for (const event of serverEvents.flatMap(toBeta)) expect(event).toHaveProperty('event_id', 'event_1');
  });

  const table: [ServerEvent['type'], object[]][] = [
    ['conversation.item.done', []],
    ['input_audio_buffer.timeout_triggered', []],
    [
      'conversation.item.added',
      [{ type: 'conversation.item.created', item: userItem, previous_item_id: null }],
    ],
    ['response.output_item.added', [{ type: 'response.output_item.added', item: betaAssistant }]],
    ['response.output_item.done', [{ type: 'response.output_item.done', item: callItem }]],
    ['response.output_text.delta', [{ type: 'response.text.delta', delta: 'th', content_index: 0 }]],
    ['response.output_text.done', [{ type: 'response.text.done', text: 'there' }]],
    ['response.output_audio.delta', [{ type: 'response.audio.delta', delta: 'AAAA' }]],
    ['response.output_audio.done', [{ type: 'response.audio.done' }]],
    ['response.output_audio_transcript.delta', [{ type: 'response.audio_transcript.delta', delta: 'h' }]],
    ['response.output_audio_transcript.done', [{ type: 'response.audio_transcript.done', transcript: 'hi' }]],
    [
      'response.content_part.done',
      [{ type: 'response.content_part.done', part: { type: 'text', text: 'there' } }],
    ],
    ['error', [{ type: 'error', error: { code: 'invalid_event' } }]],
  ];
  it.each(table)('translates %s', (type, expected) => {
    expect(toBeta(sample(type))).toMatchObject(expected);
    expect(toBeta(sample(type))).toHaveLength(expected.length);
  });

  it('tells the session flat, under the old names', () => {
    expect(toBeta(sample('session.created'))).toEqual([
      {
        type: 'session.created',
        event_id: 'event_1',
        session: {
          id: 'sess_1',
          object: 'realtime.session',
          expires_at: 0,
          model: 'any-model',
          modalities: ['text', 'audio'],
          instructions: 'Be brief.',
          voice: 'slt',
          speed: 1,
          input_audio_format: 'pcm16',
          output_audio_format: 'g711_ulaw',
          input_audio_transcription: { model: 'any-transcriber' },
          input_audio_noise_reduction: null,
          turn_detection: session.audio.input.turn_detection,
          tools: session.tools,
          tool_choice: 'auto',
          tracing: null,
          max_response_output_tokens: 'inf',
        },
      },
    ]);
  });

  it('tells the response under the old names, with usage and metadata untouched', () => {
    expect(toBeta(sample('response.done'))).toEqual([
      {
        type: 'response.done',
        event_id: 'event_1',
        response: {
          id: 'resp_1',
          object: 'realtime.response',
          status: 'cancelled',
          status_details: { type: 'cancelled', reason: 'turn_detected' },
          output: [betaAssistant, callItem],
          conversation_id: 'conv_1',
          modalities: ['text', 'audio'],
          output_audio_format: 'g711_alaw',
          voice: 'slt',
          max_output_tokens: 'inf',
          usage,
          metadata: { client_event_id: 'e1' },
        },
      },
    ]);
  });
});

describe('fromBeta', () => {
  const table: [string, object, object][] = [
    [
      'a flat session',
      {
        type: 'session.update',
        event_id: 'e1',
        session: {
          modalities: ['text', 'audio'],
          instructions: '',
          voice: 'alloy',
          input_audio_format: 'pcm16',
          output_audio_format: 'g711_ulaw',
          input_audio_transcription: { model: 'whisper-1' },
          turn_detection: { type: 'server_vad', silence_duration_ms: 400 },
          tools: [],
          tool_choice: 'weather',

          max_response_output_tokens: 100,
        },
      },
      {
        type: 'session.update',
        event_id: 'e1',
        session: {
          type: 'realtime',
          output_modalities: ['audio'],
          instructions: '',
          audio: {
            input: {
              format: { type: 'audio/pcm', rate: 24_000 },
              transcription: { model: 'whisper-1' },
              turn_detection: { type: 'server_vad', silence_duration_ms: 400 },
            },
            output: { format: { type: 'audio/pcmu' }, voice: 'alloy' },
          },
          tools: [],
          tool_choice: { type: 'function', name: 'weather' },
          max_output_tokens: 100,
        },
      },
    ],
    [
      'a session that changes one thing, and nothing else',
      { type: 'session.update', session: { instructions: 'x' } },
      { type: 'session.update', session: { type: 'realtime', instructions: 'x' } },
    ],
    [
      'null as null',
      { type: 'session.update', session: { turn_detection: null, input_audio_transcription: null } },
      {
        type: 'session.update',
        session: { type: 'realtime', audio: { input: { turn_detection: null, transcription: null } } },
      },
    ],
    [
      'turn detection that is switched off by name',
      { type: 'session.update', session: { turn_detection: { type: 'none' } } },
      { type: 'session.update', session: { type: 'realtime', audio: { input: { turn_detection: null } } } },
    ],
    [
      'new names from a client that only says that it is old',
      { type: 'session.update', session: { output_modalities: ['text'], max_output_tokens: 5 } },
      {
        type: 'session.update',
        session: { type: 'realtime', output_modalities: ['text'], max_output_tokens: 5 },
      },
    ],
    [
      'a transcription session',
      { type: 'transcription_session.update', session: { input_audio_format: 'g711_alaw' } },
      {
        type: 'session.update',
        session: { type: 'transcription', audio: { input: { format: { type: 'audio/pcma' } } } },
      },
    ],
    [
      'a response',
      {
        type: 'response.create',
        response: {
          modalities: ['text'],
          voice: 'echo',
          output_audio_format: 'pcm16',
          max_response_output_tokens: 'inf',
          metadata: { k: 'v' },
          input: [{ type: 'message', role: 'assistant', content: [{ type: 'text', text: 'hi' }] }],
        },
      },
      {
        type: 'response.create',
        response: {
          output_modalities: ['text'],
          audio: { output: { format: { type: 'audio/pcm', rate: 24_000 }, voice: 'echo' } },
          max_output_tokens: 'inf',
          metadata: { k: 'v' },
          input: [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'hi' }] }],
        },
      },
    ],
    ['a plain response', { type: 'response.create' }, { type: 'response.create' }],
    [
      'an item of a person',
      {
        type: 'conversation.item.create',
        item: { type: 'message', role: 'user', content: [{ type: 'text', text: 'x' }] },
      },
      {
        type: 'conversation.item.create',
        item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'x' }] },
      },
    ],
    [
      'everything else as it is',
      { type: 'input_audio_buffer.append', audio: 'AAAA' },
      { type: 'input_audio_buffer.append', audio: 'AAAA' },
    ],
  ];

  it.each(table)('translates %s', (_name, beta, ga) => {
    expect(fromBeta(beta)).toEqual(ga);
    expect(decodeClientEvent(JSON.stringify(beta), fromBeta)).toMatchObject({ ok: true });
  });

  it('leaves what it does not understand to the decoder, which names the fault', () => {
    const text = JSON.stringify({ type: 'session.update', session: { input_audio_format: 'mp3' } });
    expect(decodeClientEvent(text, fromBeta)).toMatchObject({
      ok: false,
      error: { param: 'session.audio.input.format.type' },
    });
    for (const json of [
      null,
      5,
      [],
      { type: 'session.update', session: 7 },
      { type: 'conversation.item.create' },
    ]) {
      expect(() => fromBeta(json)).not.toThrow();
    }
  });
});
