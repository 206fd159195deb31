import { describe, expect, it } from 'vitest';
import { extensionEvent } from '../../src/protocol/extension-events.ts';
import { serverEvent, serverEventTypes } from '../../src/protocol/server-events.ts';
import { sample, serverEvents, usage } from './sample-events.ts';

describe('the schemas of what the server sends', () => {
  it('has a sample of every event, so that the tests below leave none out', () => {
    expect(serverEvents.map((event) => event.type).sort()).toEqual([...serverEventTypes].sort());
  });

  it.each(
    serverEvents.map((event) => [event.type, event] as const),
  )('accepts %s unchanged', (_type, event) => {
    expect(serverEvent.parse(event)).toEqual(event);
  });

  it.each(
    serverEvents.map((event) => [event.type, event] as const),
  )('refuses %s without an event_id, or with a field that the protocol does not have', (_type, event) => {
    const { event_id: _, ...anonymous } = event;
    expect(serverEvent.safeParse(anonymous).success).toBe(false);
    expect(serverEvent.safeParse({ ...event, mood: 'good' }).success).toBe(false);
  });

  it('refuses types that are not on the list, so that our own events cannot slip onto a plain connection', () => {
    for (const event of extensions) {
      expect(extensionEvent.parse(event)).toEqual(event);
      expect(serverEvent.safeParse(event).success).toBe(false);
    }
  });

  it('refuses usage that lacks one of its details', () => {
    const done = sample('response.done');
    const { input_token_details: _, ...rest } = usage;
    const response = { ...done.response, usage: rest };
    expect(serverEvent.safeParse({ ...done, response }).success).toBe(false);
  });
});

const extensions = [
  {
    event_id: 'event_1',
    type: 'vivavoce.turn.traced',
    response_id: 'resp_1',
    marks: [{ name: 'first_token', at_ms: 12.5 }],
    degraded: [{ part: 'memory', reason: 'no answer within 200 ms' }],
    usage,
    cost: null,
  },
  {
    event_id: 'event_2',
    type: 'vivavoce.speech.skipped',
    response_id: 'resp_1',
    item_id: 'item_2',
    text: '你好',
    reason: 'flite speaks English only',
  },
  {
    event_id: 'event_3',
    type: 'vivavoce.engines.changed',
    engines: [
      { part: 'llm', engine: 'offline', detail: '', state: 'degraded', reason: 'no Ollama at this address' },
    ],
  },
];
