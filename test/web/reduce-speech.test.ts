import { describe, expect, it } from 'vitest';
import { extensionEvent } from '../../src/protocol/extension-events.ts';
import { serverEvent } from '../../src/protocol/server-events.ts';
import { type ChatState, emptyChat } from '../../web/src/chat/chat-state.ts';
import { agentEntry } from '../../web/src/chat/entry.ts';
import { type ChatAction, reduceChat } from '../../web/src/chat/reduce.ts';
import type { AgentEvent } from '../../web/src/realtime/agent-event.ts';

type Body = AgentEvent extends infer E ? (E extends unknown ? Omit<E, 'event_id'> : never) : never;

/** An event as the server sends it; one that it would not send fails the test. */
function event(body: Body): ChatAction {
  const whole = { event_id: 'event_1', ...body };
  const schema = body.type.startsWith('vivavoce.') ? extensionEvent : serverEvent;
  return { type: 'server', event: schema.parse(whole) as AgentEvent };
}

const partial = (text: string, id = 'item_1') =>
  event({ type: 'vivavoce.transcript.partial', item_id: id, text });
const started = (id = 'item_1') =>
  event({ type: 'input_audio_buffer.speech_started', item_id: id, audio_start_ms: 0 });
const place = { item_id: 'item_1', content_index: 0 };

function placed(type: 'added' | 'done', transcript: string | null, id = 'item_1'): ChatAction {
  return event({
    type: `conversation.item.${type}`,
    previous_item_id: null,
    item: {
      id,
      object: 'realtime.item',
      type: 'message',
      role: 'user',
      status: 'completed',
      content: [{ type: 'input_audio', transcript }],
    },
  });
}

const completed = (transcript: string) =>
  event({
    type: 'conversation.item.input_audio_transcription.completed',
    ...place,
    transcript,
    usage: { type: 'duration', seconds: 1 },
  });

function chatAfter(...actions: ChatAction[]): ChatState {
  return actions.reduce(reduceChat, emptyChat);
}

/** What is shown: the words and how certain they are. */
function shown({ entries }: ChatState): string[] {
  return entries.map((entry) =>
    entry.kind === 'user'
      ? `${entry.speech}: ${entry.text}`
      : `${entry.kind}: ${'text' in entry && entry.text}`,
  );
}

describe('what the person is saying', () => {
  it('is shown while it is said, each partial text in place of the one before', () => {
    const state = chatAfter(started(), partial('hello'), partial('hello their'), partial('hello there my'));
    expect(shown(state)).toEqual(['tentative: hello there my']);
  });

  it('becomes the message when that is there, in one entry of one id', () => {
    const state = chatAfter(started(), partial('hello their'), placed('added', 'Hello there.'));
    expect(state.entries).toMatchObject([
      { id: 'item_1', speech: 'understood', text: 'Hello there.', state: 'sent' },
    ]);
    expect(reduceChat(state, placed('done', 'Hello there.')).entries).toMatchObject([{ state: 'stored' }]);
  });

  it('stands in for the words of a message until those are known', () => {
    const before = chatAfter(partial('hello their'), placed('added', null), placed('done', null));
    expect(shown(before)).toEqual(['awaited: hello their']);
    expect(shown(reduceChat(before, partial('hello there')))).toEqual(['awaited: hello there']);
    const after = reduceChat(before, completed('Hello there.'));
    expect(shown(after)).toEqual(['understood: Hello there.']);
    // A late guess does not go before what is known.
    expect(shown(reduceChat(after, partial('hello their')))).toEqual(['understood: Hello there.']);
  });

  it('stands behind what the agent said meanwhile', () => {
    const open: ChatState = { ...emptyChat, entries: [agentEntry({ id: 'item_0', text: 'As I said' })] };
    const state = [partial('wait'), placed('added', 'Wait.')].reduce(reduceChat, open);
    expect(shown(state)).toEqual(['agent: As I said', 'understood: Wait.']);
  });

  it('says so when nobody knows what it was', () => {
    const failed = event({
      type: 'conversation.item.input_audio_transcription.failed',
      ...place,
      error: { type: 'transcription_error', code: 'engine_failed', message: 'The recogniser has crashed.' },
    });
    const said = [partial('mumble'), placed('added', null)];
    expect(chatAfter(...said, failed).entries).toMatchObject([
      { speech: 'unclear', text: '', reason: 'The recogniser has crashed.' },
    ]);
    expect(chatAfter(...said, completed('')).entries).toMatchObject([
      { speech: 'unclear', reason: 'No words were understood.' },
    ]);
  });

  it.each([
    [
      'the agent goes on, since it was nothing',
      event({ type: 'vivavoce.output.resumed', item_id: 'item_1' }),
    ],
    ['the person begins anew', started('item_2')],
    ['the person takes it back', event({ type: 'input_audio_buffer.cleared' })],
    ['nothing is left of it', partial('')],
    ['the connection is lost', { type: 'disconnected' } as const],
  ])('disappears when %s', (_when, action) => {
    expect(chatAfter(started(), partial('mhm'), action).entries).toEqual([]);
  });

  it('stays while something else comes to nothing', () => {
    const resumed = event({ type: 'vivavoce.output.resumed', item_id: 'item_0' });
    expect(shown(chatAfter(started(), partial('hello'), resumed, started()))).toEqual(['tentative: hello']);
  });

  it('is never sent again as if it had been typed', () => {
    const lost = chatAfter(partial('hello'), placed('added', 'Hello.'), { type: 'disconnected' });
    expect(lost.entries).toEqual([]);
    const kept = chatAfter(placed('added', 'Hello.'), placed('done', 'Hello.'), { type: 'disconnected' });
    expect(kept.entries).toMatchObject([{ state: 'stored', text: 'Hello.' }]);
  });
});
