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
    degraded: [{ part: 'recall', reason: 'gave up after 200 ms' }],
    nodes: [
      { name: 'context', start_ms: -0.25, end_ms: 1.5, degraded: null },
      { name: 'recall', start_ms: 0.25, end_ms: 200.5, degraded: 'gave up after 200 ms' },
    ],
    waited_for: 'recall',
    usage,
    cost: null,
  },
  {
    event_id: 'event_4',
    type: 'vivavoce.memory.recalled',
    response_id: 'resp_1',
    source: 'search',
    memories: [
      {
        id: 'b6c1f3de-6b3c-5f0e-8a9f-1f6f1d1d2c3b',
        text: 'The user lives in Berlin.',
        kind: 'profile',
        said_at: 1_790_000_000,
        score: 0.87,
      },
      { id: null, text: 'I have a dog called Bruno.', kind: 'said', said_at: 1_790_000_100, score: 0.5 },
    ],
    wait_ms: 2.5,
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
