import { describe, expect, it } from 'vitest';
import { textOf } from '../../src/conversation/item.ts';
import { VivavoceError } from '../../src/errors.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { ScriptedHearing } from '../support/scripted-hearing.ts';
import { ScriptedVoice } from '../support/scripted-voice.ts';
import { SessionHarness } from '../support/session-harness.ts';

const text = { output_modalities: ['text'] };

describe('a written turn', () => {
  it('sends the events in the order that clients accept', async () => {
    const harness = await SessionHarness.start([['Hel', 'lo.']]);
    harness.say('Hi', text);
    await harness.clock.settle();
    expect(harness.types()).toEqual([
      'session.created',
      'conversation.created',
      'conversation.item.added',
      'conversation.item.done',
      'response.created',
      'response.output_item.added',
      'conversation.item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'conversation.item.done',
      'response.done',
    ]);
    expect(harness.last('response.done').response).toMatchObject({
      status: 'completed',
      output: [
        { role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: 'Hello.' }] },
      ],
      usage: { total_tokens: 12, input_token_details: { cached_tokens: 4 } },
    });
  });

  it('asks the model while the words of the user are still on their way to the disk', async () => {
    const clock = new ManualClock();
    const store = new SlowStore(clock);
    const harness = await SessionHarness.start([['Hello.']], { clock, store });
    harness.say('Hi', text);
    await clock.settle();
    expect(harness.model.requests).toHaveLength(1);
    expect(harness.types()).toEqual(['session.created', 'conversation.created', 'conversation.item.added']);
    store.open();
    await clock.settle();
    expect(harness.types().at(-1)).toBe('response.done');
  });

  it('says so when the words of the user could not be stored, and goes on', async () => {
    const clock = new ManualClock();
    const store = new SlowStore(clock);
    const harness = await SessionHarness.start([['Hello.']], { clock, store });
    harness.say('Hi', text);
    store.open(new VivavoceError('store_failed', 'the disk is full; make room'));
    await clock.settle();
    expect(harness.all('error')[0]?.error).toMatchObject({ type: 'server_error', code: 'store_failed' });
    expect(harness.types()).toContain('response.done');
  });

  it('gives the model the persona first and the time just before the newest words', async () => {
    const clock = new ManualClock(Date.UTC(2026, 0, 1));
    const harness = await SessionHarness.start([['One.'], ['Two.']], { clock });
    harness.say('First', text);
    await harness.clock.settle();
    harness.say('Second', text);
    await harness.clock.settle();
    expect(harness.model.requests[1]?.messages).toEqual([
      { role: 'system', text: 'You are a test.' },
      { role: 'user', text: 'First' },
      { role: 'assistant', text: 'One.' },
      { role: 'system', text: expect.stringMatching(/^It is Thursday, January 1, 2026/) },
      { role: 'user', text: 'Second' },
    ]);
  });

  it('keeps the bound of the client exactly and says that the answer is incomplete', async () => {
    const harness = await SessionHarness.start([['a ', 'b']]);
    harness.model.finishReason = 'length';
    harness.say('Hi', { ...text, max_output_tokens: 2 });
    await harness.clock.settle();
    expect(harness.model.requests[0]?.maxTokens).toBe(2);
    expect(harness.last('response.done').response).toMatchObject({
      status: 'incomplete',
      status_details: { type: 'incomplete', reason: 'max_output_tokens' },
      max_output_tokens: 2,
    });
  });

  it('echoes the metadata of the client', async () => {
    const harness = await SessionHarness.start([['Hello.']]);
    harness.say('Hi', { ...text, metadata: { client_event_id: 'x' } });
    await harness.clock.settle();
    expect(harness.last('response.done').response.metadata).toEqual({ client_event_id: 'x' });
  });

  it('tells a failed model from an empty answer', async () => {
    const harness = await SessionHarness.start([
      [new VivavoceError('engine_unavailable', 'no model answers')],
    ]);
    harness.say('Hi', text);
    await harness.clock.settle();
    expect(harness.last('response.done').response).toMatchObject({
      status: 'failed',
      status_details: { type: 'failed', error: { code: 'engine_unavailable', message: 'no model answers' } },
      usage: { output_tokens: 0 },
    });
  });
});

describe('a spoken turn', () => {
  it('asks the voice for the first sentence while the model still writes', async () => {
    const harness = await SessionHarness.start([['Hello there', '!', 500, ' How are you?']]);
    harness.say('Hi');
    await harness.clock.settle();
    expect(harness.voice.asked).toMatchObject([{ text: 'Hello there!', atMs: 0 }]);
    expect(harness.audioMs).toBe(200);
    await harness.clock.advance(500);
    expect(harness.voice.asked[1]).toMatchObject({ text: 'How are you?', atMs: 500 });
    expect(harness.last('response.done').response.status).toBe('completed');
  });

  it('closes audio, transcript, part and item in order', async () => {
    const harness = await SessionHarness.start([['Hi.']]);
    harness.say('Hi');
    await harness.clock.settle();
    expect(harness.types().slice(-7)).toEqual([
      'response.output_audio.delta',
      'response.output_audio.done',
      'response.output_audio_transcript.done',
      'response.content_part.done',
      'response.output_item.done',
      'conversation.item.done',
      'response.done',
    ]);
  });

  it('has a sentence on the disk before its first frame leaves', async () => {
    const clock = new ManualClock();
    const store = new SlowStore(clock);
    const harness = await SessionHarness.start([['Hello there!', 500, ' More.']], { clock, store });
    harness.say('Hi');
    store.open();
    await clock.settle();
    store.close();
    await clock.advance(500);
    const framesBefore = harness.all('response.output_audio.delta').length;
    expect(harness.voice.asked).toHaveLength(2);
    store.open();
    await clock.settle();
    expect(harness.all('response.output_audio.delta').length).toBeGreaterThan(framesBefore);
  });

  it('sends frames of 40 ms', async () => {
    const harness = await SessionHarness.start([['One two three four.']]);
    harness.say('Hi');
    await harness.clock.settle();
    const [first] = harness.all('response.output_audio.delta');
    expect(Buffer.from(first?.delta ?? '', 'base64')).toHaveLength(40 * 48);
  });

  it('keeps the order of the sentences when a later one is made faster, and makes at most two ahead', async () => {
    const clock = new ManualClock();
    const voice = new ScriptedVoice(clock, { delayMs: (spoken) => (spoken.startsWith('One') ? 1_000 : 10) });
    const harness = await SessionHarness.start([['One one. ', 'Two two. ', 'Three three. ', 'Four four.']], {
      clock,
      voice,
    });
    harness.say('Hi');
    await clock.advance(500);
    expect(voice.asked.map(({ text: said }) => said)).toEqual(['One one.', 'Two two.', 'Three three.']);
    expect(harness.audioMs).toBe(0);
    await clock.advance(600);
    expect(voice.asked).toHaveLength(4);
    // Four sentences of 200 ms and our three pauses of 220 ms between them.
    expect(Math.round(harness.audioMs)).toBe(4 * 200 + 3 * 220);
  });

  it('ends at the first sentence end past the limit, and closes the model', async () => {
    const words = Array.from({ length: 60 }, (_, index) => `word${index} `);
    const harness = await SessionHarness.start([[...words, 'end. ', 'Never said.']]);
    harness.say('Hi');
    await harness.clock.settle();
    const transcript = harness.last('response.output_audio_transcript.done').transcript;
    expect(transcript.trim()).toMatch(/end\.$/);
    expect(harness.model.requests[0]?.maxTokens).toBeUndefined();
    expect(harness.last('response.done').response).toMatchObject({ status: 'completed' });
  });

  it('shows what it cannot speak and says why', async () => {
    const harness = await SessionHarness.start([['Привет.']]);
    harness.say('Hi');
    await harness.clock.settle();
    expect(harness.audioMs).toBe(0);
    expect(harness.last('response.output_audio_transcript.done').transcript).toBe('Привет.');
    expect(harness.last('vivavoce.speech.skipped')).toMatchObject({
      text: 'Привет.',
      reason: 'it speaks no Russian',
    });
  });

  it('goes on with the next sentence when the voice fails on one', async () => {
    const clock = new ManualClock();
    const voice = new ScriptedVoice(clock, { fails: (said) => said.includes('bad') });
    const harness = await SessionHarness.start([['A bad one. ', 'A good one.']], { clock, voice });
    harness.say('Hi');
    await clock.settle();
    expect(harness.last('vivavoce.speech.skipped').text).toContain('bad');
    expect(harness.audioMs).toBeGreaterThanOrEqual(300);
    expect(harness.last('response.done').response.status).toBe('completed');
  });

  it('says a word as the agent file says, and writes it as the model did', async () => {
    const harness = await SessionHarness.start([['Ask Xi.']]);
    harness.say('Hi');
    await harness.clock.settle();
    expect(harness.voice.asked[0]?.text).toBe('Ask shee.');
    expect(harness.last('response.output_audio_transcript.done').transcript).toBe('Ask Xi.');
  });

  it('speaks µ-law at 8 kHz when the session says so', async () => {
    const harness = await SessionHarness.start([['One two three four five.']]);
    harness.receive({
      type: 'session.update',
      session: { type: 'realtime', audio: { output: { format: { type: 'audio/pcmu' } } } },
    });
    harness.say('Hi');
    await harness.clock.settle();
    const done = await eventually(harness, 'response.done');
    expect(done.response.audio.output.format).toEqual({ type: 'audio/pcmu' });
    const bytes = harness
      .all('response.output_audio.delta')
      .map(({ delta }) => Buffer.from(delta, 'base64').length);
    expect(bytes.reduce((sum, count) => sum + count, 0)).toBe(500 * 8);
  });
});

describe('a reply that cannot be stored', () => {
  const forgetful = async (script: readonly (string | number)[]) => {
    const clock = new ManualClock();
    const harness = await SessionHarness.start([script], { clock, store: new ForgetfulStore(clock) });
    harness.say('Hi');
    await clock.advance(2_000);
    return harness;
  };

  it('is not called complete', async () => {
    const harness = await forgetful(['Hello there!', 500, ' How are you?']);
    expect(
      harness.all('response.done').map(({ response }) => [response.status, response.status_details]),
    ).toEqual([
      [
        'failed',
        {
          type: 'failed',
          error: { type: 'server_error', code: 'store_failed', message: 'the disk is full' },
        },
      ],
    ]);
    expect(harness.all('error').map(({ error }) => error.code)).toContain('store_failed');
  });

  it('is not heard', async () => {
    const harness = await forgetful(['Hello there!', 500, ' How are you?']);
    expect(harness.audioMs).toBe(0);
    expect(harness.all('response.output_item.done')).toHaveLength(1);
  });
});

describe('cancelling', () => {
  it('sends not one delta more, stops the model and keeps what was sent', async () => {
    const harness = await SessionHarness.start([['Once upon', 100, ' a time', 100, ' there was']]);
    harness.say('Tell me a story', text);
    await harness.clock.advance(150);
    harness.receive({ type: 'response.cancel' });
    const types = harness.types();
    expect(harness.model.signals[0]?.aborted).toBe(true);
    await harness.clock.advance(500);
    expect(
      harness
        .types()
        .slice(types.length)
        .filter((type) => type.endsWith('.delta')),
    ).toEqual([]);
    expect(harness.last('response.done').response).toMatchObject({
      status: 'cancelled',
      status_details: { type: 'cancelled', reason: 'client_cancelled' },
      output: [{ status: 'incomplete', content: [{ text: 'Once upon a time' }] }],
      usage: { output_tokens: 2 },
    });
    const [, reply] = await harness.items();
    expect(reply).toMatchObject({ status: 'incomplete', reply: { sent: 'Once upon a time' } });
  });

  it('drops audio that was waiting for the disk', async () => {
    const clock = new ManualClock();
    const store = new SlowStore(clock);
    const harness = await SessionHarness.start([['Hello there!', 10_000]], { clock, store });
    harness.say('Hi');
    await clock.settle();
    harness.receive({ type: 'response.cancel' });
    store.open();
    await clock.settle();
    expect(harness.all('response.output_audio.delta')).toEqual([]);
    expect(harness.all('response.done')).toHaveLength(1);
    const [, reply] = await harness.items();
    expect(reply?.type === 'message' && reply.reply).toMatchObject({ generated: 'Hello there!', sent: '' });
  });

  it('with nothing to cancel is the error that clients take for harmless', async () => {
    const harness = await SessionHarness.start([]);
    harness.receive({ type: 'response.cancel', event_id: 'mine' });
    expect(harness.last('error').error).toMatchObject({
      code: 'response_cancel_not_active',
      event_id: 'mine',
    });
  });
});

describe('truncating', () => {
  it('keeps the words that were heard, after the response is done too', async () => {
    const harness = await SessionHarness.start([['One two three. Four five six.'], ['Yes.']]);
    harness.say('Count');
    await harness.clock.settle();
    const item = harness.last('response.done').response.output[0];
    // The first sentence, our pause, and most of two of the three words of the second.
    harness.receive({
      type: 'conversation.item.truncate',
      item_id: item?.id,
      content_index: 0,
      audio_end_ms: 300 + 220 + 180,
    });
    await harness.clock.settle();
    expect(harness.last('conversation.item.truncated').audio_end_ms).toBe(700);
    const [, reply] = await harness.items();
    expect(reply && textOf(reply)).toBe('One two three. Four five');
    expect(reply).toMatchObject({
      reply: { generated: 'One two three. Four five six.', sent: 'One two three. Four five six.' },
    });
    harness.say('Go on', text);
    await harness.clock.settle();
    expect(harness.model.requests[1]?.messages).toContainEqual({
      role: 'assistant',
      text: 'One two three. Four five',
    });
  });

  it('clamps to what was sent', async () => {
    const harness = await SessionHarness.start([['One two.']]);
    harness.say('Count');
    await harness.clock.settle();
    const item = harness.last('response.done').response.output[0];
    harness.receive({
      type: 'conversation.item.truncate',
      item_id: item?.id,
      content_index: 0,
      audio_end_ms: 99_999,
    });
    await harness.clock.settle();
    expect(harness.last('conversation.item.truncated').audio_end_ms).toBe(200);
    const [, reply] = await harness.items();
    expect(reply && textOf(reply)).toBe('One two.');
  });

  it('of an item that is still being said ends it first', async () => {
    const harness = await SessionHarness.start([['One two three.', 10_000, ' Four.']]);
    harness.say('Count');
    await harness.clock.settle();
    const { item_id: id } = harness.last('response.output_audio.delta');
    harness.receive({ type: 'conversation.item.truncate', item_id: id, content_index: 0, audio_end_ms: 120 });
    await harness.clock.settle();
    expect(harness.last('response.done').response.status).toBe('cancelled');
    const [, reply] = await harness.items();
    expect(reply).toMatchObject({ status: 'incomplete', reply: { heard: 'One' } });
  });
});

describe('items', () => {
  it('are placed where the client says, and tell what is before them', async () => {
    const harness = await SessionHarness.start([]);
    const create = (id: string, previous?: string) =>
      harness.receive({
        type: 'conversation.item.create',
        previous_item_id: previous,
        item: { id, type: 'message', role: 'user', content: [{ type: 'input_text', text: id }] },
      });
    create('a');
    create('b');
    create('between', 'a');
    create('front', 'root');
    await harness.clock.settle();
    expect((await harness.items()).map(({ id }) => id)).toEqual(['front', 'a', 'between', 'b']);
    expect(harness.all('conversation.item.done').map((event) => event.previous_item_id)).toEqual([
      null,
      'a',
      'a',
      null,
    ]);
  });

  it('can be retrieved and deleted; what is not there has the errors that clients know', async () => {
    const harness = await SessionHarness.start([]);
    harness.receive({
      type: 'conversation.item.create',
      item: { id: 'a', type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] },
    });
    harness.receive({ type: 'conversation.item.retrieve', item_id: 'a' });
    harness.receive({ type: 'conversation.item.delete', item_id: 'a' });
    harness.receive({ type: 'conversation.item.retrieve', item_id: 'a' });
    harness.receive({ type: 'conversation.item.delete', item_id: 'a' });
    harness.receive({ type: 'conversation.item.truncate', item_id: 'a', content_index: 0, audio_end_ms: 1 });
    await harness.clock.settle();
    expect(harness.types().slice(4)).toEqual([
      'conversation.item.retrieved',
      'conversation.item.deleted',
      'error',
      'error',
      'error',
    ]);
    expect(harness.all('error').map(({ error }) => error.code)).toEqual([
      'item_retrieve_invalid_item_id',
      'item_delete_invalid_item_id',
      'item_truncate_invalid_item_id',
    ]);
  });

  it('with an id that is taken, or behind one that is not there, are refused', async () => {
    const harness = await SessionHarness.start([]);
    const item = { id: 'a', type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] };
    harness.receive({ type: 'conversation.item.create', item });
    harness.receive({ type: 'conversation.item.create', item });
    harness.receive({
      type: 'conversation.item.create',
      item: { ...item, id: 'b' },
      previous_item_id: 'nowhere',
    });
    await harness.clock.settle();
    expect(harness.all('error').map(({ error }) => error.param)).toEqual(['item.id', 'previous_item_id']);
    expect(await harness.items()).toHaveLength(1);
  });

  it.each([
    [[]],
    [[{ type: 'input_text', text: '  ' }]],
  ])('without words are refused: %j', async (content) => {
    const harness = await SessionHarness.start([]);
    harness.receive({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content } });
    expect(harness.last('error').error).toMatchObject({
      type: 'invalid_request_error',
      param: 'item.content',
    });
  });
});

describe('responses', () => {
  it('are one at a time in the conversation', async () => {
    const harness = await SessionHarness.start([['Hello.', 100]]);
    harness.say('Hi', text);
    harness.receive({ type: 'response.create' });
    await harness.clock.settle();
    expect(harness.last('error').error.code).toBe('conversation_already_has_active_response');
    await harness.clock.advance(100);
    harness.receive({ type: 'response.create', response: text });
    await harness.clock.advance(100);
    expect(harness.all('response.done')).toHaveLength(2);
  });

  it('outside of the conversation run beside it and leave nothing', async () => {
    const harness = await SessionHarness.start([['Inside.', 100], ['Outside.']]);
    harness.say('Hi', text);
    await harness.clock.settle();
    harness.receive({
      type: 'response.create',
      response: {
        ...text,
        conversation: 'none',
        metadata: { topic: 'x' },
        input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Classify' }] }],
      },
    });
    await harness.clock.advance(100);
    expect(harness.all('response.done').map(({ response }) => response.conversation_id)).toEqual([
      null,
      'conv_test',
    ]);
    expect(harness.model.requests[1]?.messages.at(-1)).toEqual({ role: 'user', text: 'Classify' });
    expect(await harness.items()).toHaveLength(2);
  });

  it('call the functions of the client and go on with what they return', async () => {
    const call = { callId: 'call_1', name: 'weather', arguments: '{"city":"Oslo"}' };
    const harness = await SessionHarness.start([['One moment. ', call], ['It rains.']]);
    harness.receive({
      type: 'session.update',
      session: {
        type: 'realtime',
        tools: [{ type: 'function', name: 'weather', parameters: { type: 'object', properties: {} } }],
      },
    });
    harness.say('Weather?', text);
    await harness.clock.settle();
    expect(harness.last('response.function_call_arguments.done')).toMatchObject({
      call_id: 'call_1',
      name: 'weather',
    });
    expect(harness.last('response.done').response.output.map(({ type }) => type)).toEqual([
      'message',
      'function_call',
    ]);
    harness.receive({
      type: 'conversation.item.create',
      item: { type: 'function_call_output', call_id: 'call_1', output: '"rain"' },
    });
    harness.receive({ type: 'response.create', response: text });
    await harness.clock.settle();
    expect(harness.model.requests[1]?.messages.slice(-3)).toEqual([
      { role: 'user', text: 'Weather?' },
      { role: 'assistant', text: 'One moment. ', toolCalls: [call] },
      { role: 'tool', callId: 'call_1', name: 'weather', text: '"rain"' },
    ]);
    expect((await harness.items()).map(({ type }) => type)).toEqual([
      'message',
      'message',
      'function_call',
      'function_call_output',
      'message',
    ]);
  });
});

describe('the session', () => {
  it('merges what is there, clears what is null and keeps the voice once it has been heard', async () => {
    const harness = await SessionHarness.start([['Hi.']]);
    const update = (session: object) =>
      harness.receive({ type: 'session.update', session: { type: 'realtime', ...session } });
    update({ instructions: 'Be brief.', audio: { output: { voice: 'marin', speed: 1.2 } } });
    update({ audio: { output: { speed: null } }, tool_choice: 'none' });
    expect(harness.last('session.updated').session).toMatchObject({
      model: 'any-model',
      instructions: 'Be brief.',
      tool_choice: 'none',
      audio: { output: { voice: 'marin', speed: 1 } },
    });
    harness.say('Hi');
    await harness.clock.settle();
    update({ audio: { output: { voice: 'other' } }, instructions: null });
    expect(harness.last('session.updated').session).toMatchObject({
      instructions: 'You are a test.',
      audio: { output: { voice: 'marin' } },
    });
    expect(harness.voice.asked[0]?.voice).toBe('tone');
  });

  it('greets aloud in a new conversation, with what the client set up in time', async () => {
    const harness = await SessionHarness.start([], {
      deps: {
        agent: {
          name: 'T',
          instructions: '',
          voice: null,
          greeting: 'Hello, I am here.',
          pronunciations: {},
        },
      },
    });
    harness.receive({ type: 'session.update', session: { type: 'realtime', output_modalities: ['text'] } });
    await harness.clock.advance(300);
    expect(harness.last('response.done').response.output_modalities).toEqual(['text']);
    expect(await harness.items()).toMatchObject([
      { role: 'assistant', reply: { sent: 'Hello, I am here.' } },
    ]);
  });

  it('does not greet over somebody who speaks first', async () => {
    const harness = await SessionHarness.start([['Hi.']], {
      deps: {
        agent: {
          name: 'T',
          instructions: '',
          voice: null,
          greeting: 'Hello, I am here.',
          pronunciations: {},
        },
      },
    });
    harness.say('Hey', text);
    await harness.clock.advance(300);
    expect(harness.all('response.created')).toHaveLength(1);
  });

  it('refuses audio once, and an empty commit each time', async () => {
    const deaf = (clock: ManualClock) =>
      new ScriptedHearing({ clock, unavailable: () => 'There are no ears here.' });
    const harness = await SessionHarness.start([], { hearing: deaf });
    for (let i = 0; i < 3; i++) harness.receive({ type: 'input_audio_buffer.append', audio: 'AAAA' });
    harness.receive({ type: 'input_audio_buffer.commit' });
    expect(harness.all('error').map(({ error }) => error.code)).toEqual([
      'input_audio_unavailable',
      'input_audio_buffer_commit_empty',
    ]);
  });

  it('answers nonsense with an error and goes on', async () => {
    const harness = await SessionHarness.start([['Still here.']]);
    for (const bad of ['{', '[]', '{"type":"nope"}', '{"type":"conversation.item.create","event_id":"e1"}']) {
      harness.receive(bad);
    }
    expect(harness.all('error').map(({ error }) => [error.code, error.param])).toEqual([
      ['invalid_event', null],
      ['invalid_event', null],
      ['unknown_event', 'type'],
      ['missing_required_parameter', 'item'],
    ]);
    harness.say('Hi', text);
    await harness.clock.settle();
    expect(harness.types().at(-1)).toBe('response.done');
  });

  it('keeps what was sent when the client goes away in the middle', async () => {
    const harness = await SessionHarness.start([['Once upon', 100, ' a time']]);
    harness.say('Tell me', text);
    await harness.clock.advance(50);
    await harness.session[Symbol.asyncDispose]();
    expect((await harness.items())[1]).toMatchObject({ status: 'incomplete', reply: { sent: 'Once upon' } });
  });
});

/** A store whose writes wait at a gate, and fail when it is opened with an error. */
class SlowStore extends MemoryStore {
  #gate = Promise.withResolvers<void>();

  constructor(clock: ManualClock) {
    super(clock);
    this.#gate.promise.catch(() => undefined);
  }

  open(error?: Error): void {
    if (error) this.#gate.reject(error);
    else this.#gate.resolve();
  }

  close(): void {
    this.#gate = Promise.withResolvers<void>();
  }

  override async insertItem(...parameters: Parameters<MemoryStore['insertItem']>): Promise<void> {
    await this.#gate.promise;
    await super.insertItem(...parameters);
  }

  override async replaceItem(...parameters: Parameters<MemoryStore['replaceItem']>): Promise<void> {
    await this.#gate.promise;
    await super.replaceItem(...parameters);
  }
}

/** A store that keeps what people say and nothing of the agent. */
class ForgetfulStore extends MemoryStore {
  override async insertItem(...parameters: Parameters<MemoryStore['insertItem']>): Promise<void> {
    const [, , item] = parameters;
    if (item.responseId !== null) throw new VivavoceError('store_failed', 'the disk is full');
    await super.insertItem(...parameters);
  }
}

/** For what takes real time: a resampler that is made for the first time. */
async function eventually(harness: SessionHarness, type: 'response.done') {
  while (harness.all(type).length === 0) await harness.clock.settle();
  return harness.last(type);
}
