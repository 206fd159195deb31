import { describe, expect, it } from 'vitest';
import { clientEventTypes, decodeClientEvent } from '../../src/protocol/client-events.ts';

function decode(event: unknown) {
  return decodeClientEvent(JSON.stringify(event));
}

function errorOf(event: unknown) {
  const decoded = decode(event);
  if (decoded.ok) throw new Error('the event was accepted');
  return decoded.error;
}

function eventOf(event: unknown) {
  const decoded = decode(event);
  if (!decoded.ok) throw new Error(decoded.error.message);
  return decoded.event;
}

const userMessage = { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'hello' }] };

const accepted: [string, object][] = [
  ['an empty session update', { type: 'session.update', session: {} }],
  [
    'a session of another vendor',
    {
      type: 'session.update',
      session: {
        type: 'realtime',
        model: 'some-model',
        voice_of_the_future: 7,
        audio: {
          input: {
            format: { type: 'audio/pcm', rate: 24_000 },
            transcription: { model: 'any-transcriber', delay: 'low' },
            noise_reduction: { type: 'submarine' },
            turn_detection: { type: 'semantic_vad', eagerness: 'high' },
          },
          output: { format: { type: 'audio/pcmu' }, voice: 'a voice nobody has', speed: 1.1 },
        },
        tracing: { workflow_name: 'w' },
        truncation: { type: 'retention_ratio', retention_ratio: 0.5 },
        tool_choice: { type: 'function', name: 'weather' },
        tools: [
          { type: 'function', name: 'weather', parameters: { type: 'object', properties: {} } },
          { type: 'mcp', server_label: 'x', name: 5 },
        ],
        max_output_tokens: 'inf',
      },
    },
  ],
  [
    'a session that clears',
    {
      type: 'session.update',
      session: {
        instructions: '',
        tools: [],
        audio: { input: { turn_detection: null, transcription: null } },
      },
    },
  ],
  ['a voice by id', { type: 'session.update', session: { audio: { output: { voice: { id: 'v' } } } } }],
  ['a transcription session', { type: 'session.update', session: { type: 'transcription' } }],
  ['audio', { type: 'input_audio_buffer.append', audio: 'AAAA' }],
  [
    'a message at the front',
    { type: 'conversation.item.create', item: userMessage, previous_item_id: 'root' },
  ],
  [
    'history',
    {
      type: 'conversation.item.create',
      item: {
        id: 'item_1',
        type: 'message',
        role: 'assistant',
        status: 'completed',
        content: [{ type: 'output_audio', transcript: 'hi' }],
      },
    },
  ],
  [
    'the result of a function',
    {
      type: 'conversation.item.create',
      item: { type: 'function_call_output', call_id: 'call_1', output: '{}' },
    },
  ],
  [
    'a truncation by wall-clock time',
    {
      type: 'conversation.item.truncate',
      item_id: 'i',
      content_index: 0,
      audio_end_ms: 1234.5,
    },
  ],
  ['a plain response', { type: 'response.create' }],
  [
    'a response beside the conversation',
    {
      type: 'response.create',
      response: {
        conversation: 'none',
        metadata: { client_event_id: 'e' },
        input: [userMessage, { type: 'item_reference', id: 'item_1' }],
        output_modalities: ['text'],
        max_output_tokens: 50,
      },
    },
  ],
  ['a cancellation', { type: 'response.cancel', response_id: 'r' }],
];

describe('decodeClientEvent', () => {
  it('knows the eleven events of the protocol and two of our own', () => {
    expect([...clientEventTypes].sort()).toEqual([
      'conversation.item.create',
      'conversation.item.delete',
      'conversation.item.retrieve',
      'conversation.item.truncate',
      'input_audio_buffer.append',
      'input_audio_buffer.clear',
      'input_audio_buffer.commit',
      'output_audio_buffer.clear',
      'response.cancel',
      'response.create',
      'session.update',
      'vivavoce.input.muted',
      'vivavoce.playback.reported',
    ]);
  });

  it.each(accepted)('accepts %s', (_name, event) => {
    expect(decode(event)).toMatchObject({ ok: true, event: { type: (event as { type: string }).type } });
  });

  it('keeps what it uses, at its place', () => {
    expect(eventOf({ type: 'conversation.item.create', event_id: 'e1', item: userMessage })).toEqual({
      type: 'conversation.item.create',
      event_id: 'e1',
      item: userMessage,
    });
    const session = { audio: { output: { format: { type: 'audio/pcma' } } }, instructions: '', tools: [] };
    expect(eventOf({ type: 'session.update', session })).toEqual({ type: 'session.update', session });
  });

  it('hands tools of other kinds on as they are', () => {
    const tools = [{ type: 'mcp', server_label: 'x', require_approval: 'never' }];
    expect(eventOf({ type: 'session.update', session: { tools } })).toMatchObject({ session: { tools } });
  });

  it('takes an event_id that is no string for none', () => {
    expect(eventOf({ type: 'input_audio_buffer.commit', event_id: 7 })).not.toHaveProperty('event_id', 7);
    expect(eventOf({ type: 'input_audio_buffer.append', audio: '', event_id: null })).not.toHaveProperty(
      'event_id',
    );
    expect(errorOf({ type: 'nonsense', event_id: { a: 1 } }).event_id).toBeNull();
  });

  it.each([
    ['no JSON', '{"type":', 'invalid_event', null],
    ['an empty frame', '', 'invalid_event', null],
    ['an array', '[]', 'invalid_event', null],
    ['null', 'null', 'invalid_event', null],
    ['no type', '{"event_id":"e9"}', 'invalid_event', 'e9'],
    ['a type that is no string', '{"type":4,"event_id":"e9"}', 'invalid_event', 'e9'],
    ['an unknown type', '{"type":"session.explode","event_id":"e9"}', 'unknown_event', 'e9'],
    ['a name of Object.prototype', '{"type":"constructor","event_id":"e9"}', 'unknown_event', 'e9'],
  ])('refuses %s', (_name, text, code, eventId) => {
    const decoded = decodeClientEvent(text);
    expect(decoded).toMatchObject({
      ok: false,
      error: { type: 'invalid_request_error', code, event_id: eventId },
    });
  });

  it('lists what it knows when it does not know the type', () => {
    expect(errorOf({ type: 'session.explode' }).message).toContain(
      'session.update, input_audio_buffer.append',
    );
    expect(errorOf({}).message).toContain('response.create');
  });

  it.each([
    [{ type: 'session.update' }, 'session', 'missing_required_parameter'],
    [
      { type: 'session.update', session: { audio: { output: { format: { type: 'audio/mp3' } } } } },
      'session.audio.output.format.type',
      'invalid_value',
    ],
    [
      {
        type: 'session.update',
        session: { audio: { input: { format: { type: 'audio/pcm', rate: 44_100 } } } },
      },
      'session.audio.input.format.rate',
      'invalid_value',
    ],
    [
      { type: 'session.update', session: { audio: { input: { turn_detection: { type: 'psychic' } } } } },
      'session.audio.input.turn_detection.type',
      'invalid_value',
    ],
    [
      { type: 'session.update', session: { tools: [{ type: 'function' }] } },
      'session.tools[0].name',
      'missing_required_parameter',
    ],
    [
      { type: 'session.update', session: { tool_choice: { type: 'function' } } },
      'session.tool_choice.name',
      'missing_required_parameter',
    ],
    [
      { type: 'session.update', session: { max_output_tokens: 0 } },
      'session.max_output_tokens',
      'invalid_value',
    ],
    [{ type: 'session.update', session: { type: 'translation' } }, 'session.type', 'invalid_value'],
    [{ type: 'input_audio_buffer.append' }, 'audio', 'missing_required_parameter'],
    [{ type: 'input_audio_buffer.append', audio: 5 }, 'audio', 'invalid_value'],
    [{ type: 'conversation.item.create' }, 'item', 'missing_required_parameter'],
    [{ type: 'conversation.item.create', item: { type: 'mcp_call' } }, 'item.type', 'invalid_value'],
    [
      { type: 'conversation.item.create', item: { ...userMessage, role: 'critic' } },
      'item.role',
      'invalid_value',
    ],
    [
      { type: 'conversation.item.create', item: { ...userMessage, content: [{ type: 'input_text' }] } },
      'item.content[0].text',
      'missing_required_parameter',
    ],
    [
      { type: 'conversation.item.create', item: { ...userMessage, content: [{ type: 'text', text: 'x' }] } },
      'item.content[0].type',
      'invalid_value',
    ],
    [{ type: 'conversation.item.retrieve' }, 'item_id', 'missing_required_parameter'],
    [
      { type: 'conversation.item.truncate', item_id: 'i', content_index: 0, audio_end_ms: '5' },
      'audio_end_ms',
      'invalid_value',
    ],
    [{ type: 'response.create', response: { metadata: { k: 1 } } }, 'response.metadata.k', 'invalid_value'],
    [
      { type: 'response.create', response: { output_modalities: ['video'] } },
      'response.output_modalities[0]',
      'invalid_value',
    ],
  ])('says where the fault is: %j', (event, param, code) => {
    expect(errorOf({ ...event, event_id: 'e7' })).toMatchObject({
      type: 'invalid_request_error',
      code,
      param,
      event_id: 'e7',
      message: expect.stringContaining(param),
    });
  });

  it('refuses audio of more than 15 MiB and says so', () => {
    const limit = 15 * 1024 * 1024;
    expect(decode({ type: 'input_audio_buffer.append', audio: 'A'.repeat(limit) }).ok).toBe(true);
    expect(errorOf({ type: 'input_audio_buffer.append', audio: 'A'.repeat(limit + 1) })).toMatchObject({
      code: 'invalid_value',
      param: 'audio',
      message: expect.stringContaining(String(limit)),
    });
  });

  it('refuses a passed-on value that is so deep that writing it out again would overflow the stack', () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    const text = `{"type":"session.update","session":{"tools":[{"type":"function","name":"f","parameters":{"a":${deep}}}]}}`;
    expect(decodeClientEvent(text)).toMatchObject({
      ok: false,
      error: { param: 'session.tools[0]', message: expect.stringContaining('nested') },
    });
  });

  it('does not repeat a huge name in its answer', () => {
    const key = 'k'.repeat(1_000_000);
    expect(errorOf({ type: key }).message.length).toBeLessThan(1_000);
    const error = errorOf({ type: 'response.create', response: { metadata: { [key]: 'v' } } });
    expect(error.message.length + (error.param?.length ?? 0)).toBeLessThan(2_000);
  });
});
