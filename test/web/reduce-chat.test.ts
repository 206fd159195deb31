import { describe, expect, it } from 'vitest';
import { extensionEvent } from '../../src/protocol/extension-events.ts';
import { serverEvent } from '../../src/protocol/server-events.ts';
import type { WireItem } from '../../src/protocol/wire-item.ts';
import type { WireResponse, WireUsage } from '../../src/protocol/wire-response.ts';
import { type ChatState, emptyChat, isBusy } from '../../web/src/chat/chat-state.ts';
import type { AgentEntry } from '../../web/src/chat/entry.ts';
import { type ChatAction, reduceChat } from '../../web/src/chat/reduce.ts';
import { askEventId, createEventId } from '../../web/src/chat/reduce-server-event.ts';
import type { AgentEvent } from '../../web/src/realtime/agent-event.ts';

type Body = AgentEvent extends infer E ? (E extends unknown ? Omit<E, 'event_id'> : never) : never;

/** An event as the server sends it; one that it would not send fails the test. */
function event(body: Body): ChatAction {
  const whole = { event_id: 'event_1', ...body };
  const schema = body.type.startsWith('vivavoce.') ? extensionEvent : serverEvent;
  return { type: 'server', event: schema.parse(whole) as AgentEvent };
}

function chatAfter(state: ChatState, ...actions: ChatAction[]): ChatState {
  return actions.reduce(reduceChat, state);
}

const usage: WireUsage = {
  total_tokens: 12,
  input_tokens: 8,
  output_tokens: 4,
  input_token_details: {
    text_tokens: 8,
    audio_tokens: 0,
    image_tokens: 0,
    cached_tokens: 0,
    cached_tokens_details: { text_tokens: 0, audio_tokens: 0, image_tokens: 0 },
  },
  output_token_details: { text_tokens: 4, audio_tokens: 0 },
};

function response(given: Partial<WireResponse> = {}): WireResponse {
  return {
    id: 'resp_1',
    object: 'realtime.response',
    status: 'in_progress',
    status_details: null,
    output: [],
    conversation_id: 'conv_1',
    output_modalities: ['audio'],
    max_output_tokens: 'inf',
    audio: { output: { format: { type: 'audio/pcm', rate: 24_000 }, voice: 'slt' } },
    usage: null,
    metadata: null,
    ...given,
  };
}

function spoken(
  transcript: string,
  status: 'in_progress' | 'completed' | 'incomplete' = 'completed',
): WireItem {
  return {
    id: 'item_2',
    object: 'realtime.item',
    type: 'message',
    role: 'assistant',
    status,
    content: [{ type: 'output_audio', transcript }],
  };
}

function said(id: string, text: string): WireItem {
  return {
    id,
    object: 'realtime.item',
    type: 'message',
    role: 'user',
    status: 'completed',
    content: [{ type: 'input_text', text }],
  };
}

const place = { response_id: 'resp_1', item_id: 'item_2', output_index: 0, content_index: 0 };
const empty = { ...spoken('', 'in_progress'), content: [] } as WireItem;
const answerBegins = [
  event({ type: 'response.created', response: response() }),
  event({ type: 'response.output_item.added', response_id: 'resp_1', output_index: 0, item: empty }),
  event({ type: 'conversation.item.added', item: empty, previous_item_id: 'item_1' }),
];

function delta(text: string): ChatAction {
  return event({ type: 'response.output_audio_transcript.delta', ...place, delta: text });
}

function itemDone(item: WireItem): ChatAction {
  return event({ type: 'conversation.item.done', item, previous_item_id: null });
}

const written: ChatAction = { type: 'written', id: 'item_1', text: 'Hello' };
const sent: ChatAction[] = [written, { type: 'sent', ids: ['item_1'] }, { type: 'asked' }];
const created = event({
  type: 'conversation.created',
  conversation: { id: 'conv_1', object: 'realtime.conversation' },
});

function answerIn(state: ChatState): AgentEntry {
  const entry = state.entries.findLast(({ kind }) => kind === 'agent');
  if (entry?.kind !== 'agent') throw new Error('there is no answer');
  return entry;
}

describe('a turn', () => {
  it('shows a message as queued, sent and stored', () => {
    let state = chatAfter(emptyChat, created, written);
    expect(state.entries).toMatchObject([{ kind: 'user', state: 'queued', text: 'Hello' }]);
    state = chatAfter(state, { type: 'sent', ids: ['item_1'] });
    expect(state.entries).toMatchObject([{ state: 'sent' }]);
    expect(state.isStored).toBe(false);
    state = chatAfter(state, itemDone(said('item_1', 'Hello')));
    expect(state.entries).toMatchObject([{ state: 'stored' }]);
    expect(state.isStored).toBe(true);
  });

  it('grows the answer with every delta and is busy until it is done', () => {
    let state = chatAfter(emptyChat, created, ...sent);
    expect(isBusy(state)).toBe(true);
    state = chatAfter(state, ...answerBegins, delta('Good '), delta('morning.'));
    expect(answerIn(state)).toMatchObject({
      text: 'Good morning.',
      status: 'in_progress',
      responseId: 'resp_1',
    });
    expect(state.entries).toHaveLength(2);
    state = chatAfter(
      state,
      itemDone(spoken('Good morning.')),
      event({
        type: 'response.done',
        response: response({ status: 'completed', output: [spoken('Good morning.')], usage }),
      }),
    );
    expect(answerIn(state)).toMatchObject({ status: 'completed', ending: null });
    expect(isBusy(state)).toBe(false);
  });

  it('shows a written answer like a spoken one', () => {
    const state = chatAfter(
      emptyChat,
      ...answerBegins,
      event({ type: 'response.output_text.delta', ...place, delta: 'Silent.' }),
    );
    expect(answerIn(state).text).toBe('Silent.');
  });

  it('puts the trace and what was not spoken on the answer', () => {
    const state = chatAfter(
      emptyChat,
      ...answerBegins,
      delta('Look: 你好'),
      event({
        type: 'vivavoce.speech.skipped',
        response_id: 'resp_1',
        item_id: 'item_2',
        text: '你好',
        reason: 'This voice speaks English only.',
      }),
      event({
        type: 'vivavoce.turn.traced',
        response_id: 'resp_1',
        marks: [{ name: 'first_audio', at_ms: 140 }],
        degraded: [],
        nodes: [],
        waited_for: null,
        usage,
        cost: null,
      }),
    );
    expect(answerIn(state).skipped).toEqual([{ text: '你好', reason: 'This voice speaks English only.' }]);
    expect(answerIn(state).trace?.marks).toEqual([{ name: 'first_audio', at_ms: 140 }]);
  });

  describe('what was remembered for an answer', () => {
    const recalled = (responseId: string, text: string) =>
      event({
        type: 'vivavoce.memory.recalled',
        response_id: responseId,
        source: 'search',
        memories: [{ id: null, text, kind: 'said', said_at: 1_790_000_000, score: 0.5 }],
        wait_ms: 2,
      });
    const [created, ...itemBegins] = answerBegins as [ChatAction, ...ChatAction[]];

    it('is known before the answer has a word, and stands beside it', () => {
      const state = chatAfter(emptyChat, created, recalled('resp_1', 'I am Al.'), ...itemBegins);
      expect(answerIn(state).recall).toMatchObject({ source: 'search', memories: [{ text: 'I am Al.' }] });
    });

    it('stands beside an answer that has begun', () => {
      const state = chatAfter(emptyChat, ...answerBegins, delta('Hi'), recalled('resp_1', 'I am Al.'));
      expect(answerIn(state).recall?.memories).toHaveLength(1);
    });

    it('is not that of another answer', () => {
      const state = chatAfter(emptyChat, recalled('resp_0', 'I am Al.'), ...answerBegins);
      expect(answerIn(state).recall).toBeNull();
    });
  });

  it('puts what comes in front of messages that wait', () => {
    const waiting: ChatAction = { type: 'written', id: 'item_9', text: 'And then?' };
    const state = chatAfter(emptyChat, ...sent, waiting, ...answerBegins);
    expect(state.entries.map(({ id }) => id)).toEqual(['item_1', 'item_2', 'item_9']);
  });

  it('shows a call of a tool and its result', () => {
    const call: WireItem = {
      id: 'item_3',
      object: 'realtime.item',
      type: 'function_call',
      status: 'completed',
      call_id: 'call_1',
      name: 'clock',
      arguments: '{}',
    };
    const output: WireItem = {
      id: 'item_4',
      object: 'realtime.item',
      type: 'function_call_output',
      status: 'completed',
      call_id: 'call_1',
      output: 'noon',
    };
    const state = chatAfter(
      emptyChat,
      event({ type: 'response.output_item.added', response_id: 'resp_1', output_index: 0, item: call }),
      event({ type: 'conversation.item.added', item: call, previous_item_id: null }),
      itemDone(output),
    );
    expect(state.entries).toEqual([
      { kind: 'tool', id: 'item_3', callId: 'call_1', name: 'clock', args: '{}', output: 'noon' },
    ]);
  });
});

describe('an interruption', () => {
  const cancelled = event({
    type: 'response.done',
    response: response({
      status: 'cancelled',
      status_details: { type: 'cancelled', reason: 'client_cancelled' },
      output: [spoken('One two three', 'incomplete')],
      usage,
    }),
  });

  it('says that the answer was stopped, and knows what of it was heard', () => {
    const state = chatAfter(
      emptyChat,
      ...answerBegins,
      delta('One two three'),
      cancelled,
      event({ type: 'conversation.item.retrieved', item: spoken('One two', 'incomplete') }),
    );
    expect(answerIn(state)).toMatchObject({
      text: 'One two three',
      heard: 'One two',
      ending: 'stopped',
      status: 'incomplete',
    });
  });

  it('marks nothing as unheard when all of it was heard', () => {
    const state = chatAfter(
      emptyChat,
      ...answerBegins,
      delta('One'),
      event({ type: 'conversation.item.retrieved', item: spoken('One') }),
    );
    expect(answerIn(state).heard).toBeNull();
  });

  it('does not show that a cancellation came too late', () => {
    const state = chatAfter(
      emptyChat,
      event({
        type: 'error',
        error: {
          type: 'invalid_request_error',
          code: 'response_cancel_not_active',
          message: 'There is no response to cancel.',
          param: null,
          event_id: null,
        },
      }),
    );
    expect(state).toBe(emptyChat);
  });
});

describe('what goes wrong', () => {
  function error(message: string, eventId: string | null): ChatAction {
    return event({
      type: 'error',
      error: { type: 'server_error', code: 'store_failed', message, param: null, event_id: eventId },
    });
  }

  it('is shown where the answer would be', () => {
    const state = chatAfter(
      emptyChat,
      ...sent,
      event({ type: 'response.created', response: response() }),
      event({
        type: 'response.done',
        response: response({
          status: 'failed',
          status_details: {
            type: 'failed',
            error: { type: 'server_error', code: 'engine_failed', message: 'Ollama is out of memory.' },
          },
          usage,
        }),
      }),
    );
    expect(state.entries.at(-1)).toMatchObject({ kind: 'problem', text: 'Ollama is out of memory.' });
    expect(isBusy(state)).toBe(false);
  });

  it('does not leave an empty answer unexplained', () => {
    const done = event({ type: 'response.done', response: response({ status: 'completed', usage }) });
    expect(chatAfter(emptyChat, done).entries).toMatchObject([{ kind: 'problem' }]);
  });

  it('puts the reason on the message that was refused', () => {
    const state = chatAfter(emptyChat, ...sent, error('Too long.', createEventId('item_1')));
    expect(state.entries).toMatchObject([{ kind: 'user', state: 'refused', reason: 'Too long.' }]);
  });

  it('stops waiting for an answer when asking for it was refused', () => {
    const state = chatAfter(emptyChat, ...sent, error('No.', askEventId('1')));
    expect(isBusy(state)).toBe(false);
    expect(state.entries.at(-1)).toMatchObject({ kind: 'problem', text: 'No.' });
  });

  it('tells that an answer ended at its limit', () => {
    const state = chatAfter(
      emptyChat,
      ...answerBegins,
      delta('Long'),
      event({
        type: 'response.done',
        response: response({
          status: 'incomplete',
          status_details: { type: 'incomplete', reason: 'max_output_tokens' },
          output: [spoken('Long', 'incomplete')],
          usage,
        }),
      }),
    );
    expect(answerIn(state).ending).toBe('length');
  });
});

describe('after the connection was lost', () => {
  const stored = [
    {
      type: 'message' as const,
      id: 'item_1',
      status: 'completed' as const,
      role: 'user' as const,
      content: [{ type: 'input_text' as const, text: 'Hello' }],
    },
    {
      type: 'message' as const,
      id: 'item_2',
      status: 'incomplete' as const,
      role: 'assistant' as const,
      content: [{ type: 'output_text' as const, text: 'Good', annotations: [] }],
    },
  ];

  it('keeps a message of which nobody said that it was stored', () => {
    const state = chatAfter(emptyChat, created, ...sent, { type: 'disconnected' });
    expect(state.entries).toMatchObject([{ state: 'queued' }]);
    expect(state.isAsked).toBe(true);
  });

  it('does not send a message again that the store has', () => {
    const [mine] = stored;
    if (!mine) throw new Error('nothing is stored');
    const state = chatAfter(
      emptyChat,
      created,
      ...sent,
      { type: 'disconnected' },
      {
        type: 'loaded',
        items: [mine],
        hasEarlier: false,
      },
    );
    expect(state.entries).toMatchObject([{ id: 'item_1', state: 'stored' }]);
    expect(state.isAsked).toBe(true);
  });

  it('does not ask again for an answer that came meanwhile', () => {
    const state = chatAfter(
      emptyChat,
      created,
      ...sent,
      { type: 'disconnected' },
      {
        type: 'loaded',
        items: stored,
        hasEarlier: false,
      },
    );
    expect(isBusy(state)).toBe(false);
    expect(answerIn(state)).toMatchObject({ text: 'Good', ending: 'stopped' });
  });

  it('keeps what only the page knows', () => {
    const state = chatAfter(
      emptyChat,
      created,
      ...sent,
      itemDone(said('item_1', 'Hello')),
      ...answerBegins,
      delta('Good morning'),
      { type: 'problem', id: 'problem_1', text: 'Oh.' },
      { type: 'written', id: 'item_9', text: 'Still there?' },
      { type: 'disconnected' },
      { type: 'loaded', items: stored, hasEarlier: false },
    );
    expect(state.entries).toMatchObject([
      { id: 'item_1', state: 'stored' },
      { id: 'item_2', text: 'Good morning', responseId: 'resp_1', status: 'incomplete' },
      { id: 'problem_1' },
      { id: 'item_9', state: 'queued' },
    ]);
  });

  it('takes another conversation for another one', () => {
    const state = chatAfter(emptyChat, created, ...sent, itemDone(said('item_1', 'Hello')), {
      type: 'opened',
      id: null,
    });
    expect(state).toEqual(emptyChat);
    expect(chatAfter(state, { type: 'opened', id: 'conv_2' }, created).isStored).toBe(false);
  });
});
