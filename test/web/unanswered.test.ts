import { describe, expect, it } from 'vitest';
import type { AgentEvent } from '../../web/src/realtime/agent-event.ts';
import { type NamedEvent, Unanswered } from '../../web/src/realtime/unanswered.ts';

const named = (event: object) => event as NamedEvent;

const mute = named({ type: 'vivavoce.input.muted', event_id: 'mute', muted: true });
const cancel = named({ type: 'response.cancel', event_id: 'cancel', response_id: 'resp_1' });
const truncate = named({
  ...{ type: 'conversation.item.truncate', event_id: 'truncate' },
  ...{ item_id: 'item_1', content_index: 0, audio_end_ms: 640 },
});
const create = named({
  ...{ type: 'conversation.item.create', event_id: 'create' },
  item: { id: 'item_2', type: 'message', role: 'user', content: [] },
});

const done = (id: string, reason: string | null) => ({
  type: 'response.done',
  response: { id, status_details: reason && { reason } },
});
const truncated = (ms: number) => ({
  ...{ type: 'conversation.item.truncated', item_id: 'item_1' },
  audio_end_ms: ms,
});
const added = (id: string) => ({ type: 'conversation.item.added', item: { id } });
const error = (eventId: string) => ({ type: 'error', error: { event_id: eventId } });

/** The names of what is still unanswered of `sent` after `heard`. */
function left(sent: readonly NamedEvent[], ...heard: readonly object[]): string[] {
  const unanswered = new Unanswered();
  for (const event of sent) unanswered.add(event);
  for (const event of heard) unanswered.heard(event as AgentEvent);
  return unanswered.all.map(({ event_id: id }) => id);
}

describe('what was sent and may not have arrived', () => {
  it('is in its order, until the answer comes', () => {
    expect(left([mute, cancel, create])).toEqual(['mute', 'cancel', 'create']);
    expect(left([create], added('item_2'))).toEqual([]);
    expect(left([create], error('create'))).toEqual([]);
  });

  it('has arrived when something behind it is answered', () => {
    expect(left([mute, truncate, create], truncated(640))).toEqual(['create']);
    expect(left([mute, truncate, create], added('item_2'))).toEqual([]);
  });

  it('is not answered by what happened without it', () => {
    expect(left([cancel], done('resp_1', null))).toEqual(['cancel']);
    expect(left([cancel], done('resp_2', 'client_cancelled'))).toEqual(['cancel']);
    expect(left([truncate], truncated(1_200))).toEqual(['truncate']);
    expect(left([create], added('item_3'), error('page_7'))).toEqual(['create']);
  });

  it('is kept behind a turn that the server has found by itself, whose news come late', () => {
    const update = named({ type: 'session.update', event_id: 'update', session: { type: 'realtime' } });
    const said = named({ type: 'input_audio_buffer.append', event_id: 'said', audio: 'AAAA' });
    const commit = named({ type: 'input_audio_buffer.commit', event_id: 'commit' });
    const committed = { type: 'input_audio_buffer.committed', item_id: 'item_1' };
    expect(left([update, said, commit], committed)).toEqual(['update', 'said', 'commit']);
  });

  it('is answered by what came of it', () => {
    expect(left([cancel], done('resp_1', 'client_cancelled'))).toEqual([]);
    expect(left([cancel], error('cancel'))).toEqual([]);
    expect(left([truncate], truncated(640))).toEqual([]);
  });

  it('is speech for a minute, and less when something behind it has arrived', () => {
    const unanswered = new Unanswered();
    const said = (second: number) =>
      unanswered.add(
        named({
          type: 'input_audio_buffer.append',
          event_id: `s${second}`,
          audio: 'A'.repeat(64_000),
        }),
      );
    const names = () => unanswered.all.map(({ event_id: id }) => id);
    unanswered.add(mute);
    for (let second = 0; second < 70; second++) said(second);
    expect(names()).toEqual(['mute', ...Array.from({ length: 60 }, (_, index) => `s${index + 10}`)]);
    unanswered.add(create);
    said(70);
    unanswered.arrived('s68');
    unanswered.arrived('mute');
    unanswered.arrived(null);
    expect(names()).toEqual(['s69', 'create', 's70']);
    unanswered.heard(added('item_2') as AgentEvent);
    expect(names()).toEqual(['s70']);
  });
});
