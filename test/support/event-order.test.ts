import { describe, expect, it } from 'vitest';
import type { ServerEvent } from '../../src/protocol/server-events.ts';
import type { WireItem } from '../../src/protocol/wire-item.ts';
import { EventOrder } from './event-order.ts';

const place = { response_id: 'resp_1', item_id: 'item_2', output_index: 0, content_index: 0 };
const user = {
  ...{ id: 'item_1', object: 'realtime.item', type: 'message', role: 'user', status: 'completed' },
  content: [{ type: 'input_text', text: 'Hi' }],
} as WireItem;
const begun = {
  ...{ id: 'item_2', object: 'realtime.item', type: 'message', role: 'assistant', status: 'in_progress' },
  content: [],
} as WireItem;
const said = {
  ...begun,
  status: 'completed',
  content: [{ type: 'output_audio', transcript: 'Hello.' }],
} as WireItem;
const usage = {
  ...{ total_tokens: 2, input_tokens: 1, output_tokens: 1 },
  input_token_details: {
    ...{ text_tokens: 1, audio_tokens: 0, image_tokens: 0, cached_tokens: 0 },
    cached_tokens_details: { text_tokens: 0, audio_tokens: 0, image_tokens: 0 },
  },
  output_token_details: { text_tokens: 1, audio_tokens: 0 },
};
const response = {
  ...{ id: 'resp_1', object: 'realtime.response', status: 'in_progress', status_details: null },
  ...{ conversation_id: 'conv_1', output_modalities: ['audio'], max_output_tokens: 'inf', metadata: null },
  audio: { output: { format: { type: 'audio/pcmu' }, voice: 'tone' } },
  ...{ output: [], usage: null },
};

/** A spoken turn as it has to be. */
const TURN = [
  { type: 'session.created', session: {} },
  { type: 'conversation.item.added', item: user, previous_item_id: null },
  { type: 'conversation.item.done', item: user, previous_item_id: null },
  { type: 'response.created', response },
  { type: 'response.output_item.added', response_id: 'resp_1', output_index: 0, item: begun },
  { type: 'conversation.item.added', item: begun, previous_item_id: 'item_1' },
  { type: 'response.content_part.added', ...place, part: { type: 'audio', transcript: '' } },
  { type: 'response.output_audio_transcript.delta', ...place, delta: 'Hello.' },
  { type: 'response.output_audio.delta', ...place, delta: 'AAAA' },
  { type: 'response.output_audio.done', ...place },
  { type: 'response.output_audio_transcript.done', ...place, transcript: 'Hello.' },
  { type: 'response.content_part.done', ...place, part: { type: 'audio', transcript: 'Hello.' } },
  { type: 'response.output_item.done', response_id: 'resp_1', output_index: 0, item: said },
  { type: 'conversation.item.done', item: said, previous_item_id: 'item_1' },
  { type: 'response.done', response: { ...response, status: 'completed', output: [said], usage } },
].map((event, index) => ({ event_id: `event_${index}`, ...event })) as unknown as ServerEvent[];

type Type = ServerEvent['type'];

const lastOf = (type: Type) => TURN.findLastIndex((event) => event.type === type);
const without = (type: Type) => TURN.toSpliced(lastOf(type), 1);
const twice = (type: Type) =>
  TURN.toSpliced(lastOf(type), 0, { ...TURN[lastOf(type)], event_id: 'again' } as ServerEvent);
const changed = (type: Type, fields: object) =>
  TURN.with(lastOf(type), { ...TURN[lastOf(type)], ...fields } as ServerEvent);
const moved = (type: Type, behind: Type) => {
  const rest = without(type);
  return rest.toSpliced(
    rest.findLastIndex((event) => event.type === behind) + 1,
    0,
    TURN[lastOf(type)] as ServerEvent,
  );
};

function problemsOf(events: readonly ServerEvent[], order = new EventOrder()): string[] {
  return events.flatMap((event) => order.check(event));
}

describe('EventOrder', () => {
  it('finds nothing wrong with a turn as it has to be', () => {
    const order = new EventOrder();
    expect(problemsOf(TURN, order)).toEqual([]);
    expect(order.unfinished).toEqual([]);
  });

  it('knows which responses were never done', () => {
    const order = new EventOrder();
    expect(problemsOf(without('response.done'), order)).toEqual([]);
    expect(order.unfinished).toEqual(['resp_1']);
  });

  it('lets a response be without conversation.item.done where the dialect has none', () => {
    const events = TURN.filter(({ type }) => type !== 'conversation.item.done');
    expect(problemsOf(events, new EventOrder({ hasItemDone: false }))).toEqual([]);
    expect(problemsOf(events)).not.toEqual([]);
  });

  const wrong: [string, ServerEvent[], string][] = [
    ['no greeting', without('session.created'), 'is not session.created'],
    ['an id twice', changed('response.created', { event_id: 'event_0' }), 'repeats the event_id'],
    ['two ends', twice('response.done'), 'comes after response.done'],
    ['an end without a beginning', without('response.created'), 'comes before response.created'],
    ['a response created twice', twice('response.created'), 'comes twice'],
    ['no usage', changed('response.done', { response: { ...response, output: [said] } }), 'has no usage'],
    [
      'other metadata',
      changed('response.done', { response: { ...response, metadata: { a: 'b' } } }),
      'has other metadata',
    ],
    ['an output that is not summed up', changed('response.done', { response }), 'sums up other items'],
    ['an item that is never done', without('conversation.item.done'), 'comes before conversation.item.done'],
    ['an unknown item', without('response.output_item.added'), 'comes before output_item.added'],
    ['another output_index', changed('response.output_audio.delta', { output_index: 1 }), 'output_index 1'],
    ['no part', without('response.content_part.added'), 'comes before content_part.added'],
    [
      'a part before its item',
      moved('conversation.item.added', 'response.content_part.added'),
      'comes before conversation.item.added',
    ],
    [
      'audio behind its end',
      moved('response.output_audio.delta', 'response.output_audio.done'),
      'comes after the audio was done',
    ],
    [
      'words behind their end',
      moved('response.output_audio_transcript.delta', 'response.output_audio_transcript.done'),
      'comes after the text was done',
    ],
    [
      'a delta behind the part',
      moved('response.output_audio.delta', 'response.content_part.done'),
      'comes after content_part.done',
    ],
    [
      'a delta behind the item',
      moved('response.output_audio.delta', 'response.output_item.done'),
      'comes after output_item.done',
    ],
    [
      'a delta behind the response',
      moved('response.output_audio.delta', 'response.done'),
      'comes after response.done',
    ],
    [
      'other words at the end',
      changed('response.output_audio_transcript.done', { transcript: 'Bye.' }),
      'says something else',
    ],
    ['audio that does not end', without('response.output_audio.done'), 'comes before the part was done'],
    ['a part that does not end', without('response.content_part.done'), 'comes before content_part.done'],
    [
      'an item in the conversation before its output',
      moved('conversation.item.done', 'response.content_part.done'),
      'comes before response.output_item.done',
    ],
    [
      'an unknown predecessor',
      changed('conversation.item.added', { previous_item_id: 'item_9' }),
      'follows an unknown item',
    ],
    [
      'an item of a response on the side',
      changed('response.created', { response: { ...response, conversation_id: null } }),
      'outside of the conversation',
    ],
  ];
  it.each(wrong)('finds %s', (_name, events, problem) => {
    expect(problemsOf(events).join('\n')).toContain(problem);
  });
});
