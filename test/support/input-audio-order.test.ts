import { expect, it } from 'vitest';
import type { ServerEvent } from '../../src/protocol/server-events.ts';
import { InputAudioOrder } from './input-audio-order.ts';

const item = {
  ...{ id: 'item_1', object: 'realtime.item', type: 'message', role: 'user', status: 'completed' },
  content: [{ type: 'input_audio', transcript: 'Hello.' }],
};
const words = { item_id: 'item_1', content_index: 0 };

/** What is said and understood, as it has to be told. */
const SAID = [
  { type: 'input_audio_buffer.speech_started', item_id: 'item_1', audio_start_ms: 320 },
  { type: 'input_audio_buffer.speech_stopped', item_id: 'item_1', audio_end_ms: 900 },
  { type: 'input_audio_buffer.committed', item_id: 'item_1', previous_item_id: null },
  { type: 'conversation.item.added', item, previous_item_id: null },
  { type: 'conversation.item.input_audio_transcription.delta', ...words, delta: 'Hello.' },
  { type: 'conversation.item.input_audio_transcription.completed', ...words, transcript: 'Hello.' },
] as unknown as ServerEvent[];

function problemsOf(events: readonly ServerEvent[]): string[] {
  const order = new InputAudioOrder();
  return events.flatMap((event) => order.check(event));
}

const changed = (at: number, fields: object) =>
  SAID.with(at, Object.assign({}, SAID[at], fields) as ServerEvent);

it('finds nothing wrong with speech as it has to be, nor with a commit of the client', () => {
  expect(problemsOf(SAID)).toEqual([]);
  expect(problemsOf(SAID.slice(2))).toEqual([]);
});

it.each([
  ['an end without a beginning', SAID.slice(1), 'comes before speech_started'],
  ['an end before the beginning', changed(1, { audio_end_ms: 100 }), 'is at 100'],
  ['a time between milliseconds', changed(0, { audio_start_ms: 0.5 }), 'is at 0.5'],
  ['a commit in the middle of speech', SAID.toSpliced(1, 1), 'comes before speech_stopped'],
  ['an item before its commit', SAID.toSpliced(2, 1), 'comes before committed'],
  ['words before their item', SAID.toSpliced(3, 1), 'comes before conversation.item.added'],
  ['other words than before', changed(5, { transcript: 'Goodbye.' }), 'says something else'],
  ['words after the last', [...SAID, SAID[4] as ServerEvent], 'comes after the transcription was done'],
  ['two people at once', SAID.toSpliced(1, 0, changed(0, { item_id: 'item_2' })[0] as ServerEvent), 'while'],
  ['the same speech again', [...SAID, SAID[0] as ServerEvent], 'repeats the item'],
])('finds %s', (_what, events, problem) => {
  expect(problemsOf(events).join('\n')).toContain(problem);
});

it('lets a client take back what is being said', () => {
  const cleared = { type: 'input_audio_buffer.cleared' } as ServerEvent;
  const again = changed(0, { item_id: 'item_2' })[0] as ServerEvent;
  expect(problemsOf([SAID[0] as ServerEvent, cleared, again])).toEqual([]);
});
