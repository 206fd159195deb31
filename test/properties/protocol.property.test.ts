import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBeta } from '../../src/protocol/beta.ts';
import {
  type ClientEvent,
  clientEvent,
  clientEventTypes,
  decodeClientEvent,
} from '../../src/protocol/client-events.ts';

const types = fc.constantFrom(...clientEventTypes);
const budget = { interruptAfterTimeLimit: 4_000, numRuns: 2_000 };

/** One good event of every type, as ground for mutations. */
const good: ClientEvent[] = [
  {
    type: 'session.update',
    session: {
      type: 'realtime',
      audio: {
        input: {
          format: { type: 'audio/pcm', rate: 24_000 },
          turn_detection: { type: 'server_vad', threshold: 0.5 },
        },
        output: { format: { type: 'audio/pcmu' }, voice: 'slt', speed: 1 },
      },
      tools: [{ type: 'function', name: 'f', parameters: { type: 'object' } }],
      tool_choice: { type: 'function', name: 'f' },
      max_output_tokens: 'inf',
      output_modalities: ['audio'],
    },
  },
  { type: 'input_audio_buffer.append', audio: 'AAAA' },
  { type: 'input_audio_buffer.commit' },
  { type: 'input_audio_buffer.clear' },
  { type: 'output_audio_buffer.clear' },
  {
    type: 'conversation.item.create',
    previous_item_id: 'root',
    item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'hi' }] },
  },
  { type: 'conversation.item.retrieve', item_id: 'i' },
  { type: 'conversation.item.delete', item_id: 'i' },
  { type: 'conversation.item.truncate', item_id: 'i', content_index: 0, audio_end_ms: 10 },
  {
    type: 'response.create',
    response: {
      conversation: 'none',
      metadata: { k: 'v' },
      input: [{ type: 'function_call_output', call_id: 'c', output: '' }],
    },
  },
  { type: 'response.cancel', response_id: 'r' },
  { type: 'vivavoce.input.muted', muted: true },
  { type: 'vivavoce.playback.reported', item_id: 'i', audio_played_ms: 20.5, is_playing: true },
];

/** Puts `value` (or nothing, for undefined) at one of the many places inside `json`. */
function mutate(json: unknown, choice: number, value: unknown): unknown {
  const paths: (readonly PropertyKey[])[] = [];
  const visit = (node: unknown, path: readonly PropertyKey[]) => {
    paths.push(path);
    if (typeof node !== 'object' || node === null) return;
    for (const key of Object.keys(node)) visit((node as Record<string, unknown>)[key], [...path, key]);
  };
  visit(json, []);
  const path = paths[choice % paths.length] as readonly PropertyKey[];
  if (path.length === 0) return value;
  const copy = structuredClone(json) as Record<PropertyKey, unknown>;
  let node = copy;
  for (const key of path.slice(0, -1)) node = node[key] as Record<PropertyKey, unknown>;
  const last = path.at(-1) as PropertyKey;
  if (value === undefined) delete node[last];
  else node[last] = value;
  return copy;
}

/** What every user of an accepted event relies on without looking. */
function expectUsable(event: ClientEvent): void {
  switch (event.type) {
    case 'session.update':
      expect(event.session).toBeTypeOf('object');
      for (const tool of event.session.tools ?? []) {
        if (tool.type === 'function') expect(tool.name).toBeTypeOf('string');
      }
      break;
    case 'input_audio_buffer.append':
      expect(event.audio).toBeTypeOf('string');
      break;
    case 'conversation.item.create':
      expect(['message', 'function_call', 'function_call_output']).toContain(event.item.type);
      if (event.item.type === 'message') expect(Array.isArray(event.item.content)).toBe(true);
      break;
    case 'conversation.item.retrieve':
    case 'conversation.item.delete':
      expect(event.item_id).toBeTypeOf('string');
      break;
    case 'conversation.item.truncate':
      expect(event.item_id).toBeTypeOf('string');
      expect(event.content_index).toBeGreaterThanOrEqual(0);
      expect(Number.isFinite(event.audio_end_ms)).toBe(true);
      break;
    default:
      expect(clientEventTypes.has(event.type)).toBe(true);
  }
}

/** Decodes in both dialects and checks whatever comes out. */
function check(text: string): void {
  for (const decoded of [decodeClientEvent(text), decodeClientEvent(text, fromBeta)]) {
    if (decoded.ok) {
      expectUsable(decoded.event);
      expect(clientEvent.safeParse(decoded.event).success).toBe(true);
    } else {
      expect(decoded.error).toMatchObject({
        type: 'invalid_request_error',
        message: expect.stringMatching(/./),
      });
      expect([null, 'string']).toContain(
        decoded.error.event_id === null ? null : typeof decoded.error.event_id,
      );
    }
  }
}

describe('the decoder', () => {
  it('starts from good events of every type', () => {
    expect(new Set(good.map((event) => event.type))).toEqual(clientEventTypes);
    for (const event of good) expect(decodeClientEvent(JSON.stringify(event))).toEqual({ ok: true, event });
  });

  it('never throws for any text', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' })), check), budget);
  });

  it('never throws for any JSON', () => {
    fc.assert(fc.property(fc.json({ maxDepth: 5 }), check), budget);
  });

  it('never throws for an event of a known type with any fields', () => {
    const event = fc.tuple(
      types,
      fc.dictionary(
        fc.constantFrom('session', 'item', 'response', 'audio', 'item_id', 'event_id'),
        fc.jsonValue(),
      ),
    );
    fc.assert(
      fc.property(event, ([type, fields]) => check(JSON.stringify({ ...fields, type }))),
      budget,
    );
  });

  it('accepts a good event with anything changed, or says what is wrong', () => {
    const value = fc.oneof(
      fc.constant(undefined),
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom('function', 'none', -0, -1),
    );
    fc.assert(
      fc.property(fc.constantFrom(...good), fc.nat(), value, (event, choice, change) => {
        check(JSON.stringify(mutate({ event_id: 'e', ...event }, choice, change)) ?? '');
      }),
      budget,
    );
  });

  it('reads frames that were cut anywhere', () => {
    fc.assert(
      fc.property(fc.constantFrom(...good), fc.nat(), (event, cut) => {
        const text = JSON.stringify(event);
        check(text.slice(0, cut % text.length));
      }),
      budget,
    );
  });

  it('agrees with the schema about audio, which it reads without the schema', () => {
    const frame = fc.record(
      { audio: fc.oneof(fc.string(), fc.jsonValue()), event_id: fc.oneof(fc.string(), fc.jsonValue()) },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(frame, (fields) => {
        const json = JSON.parse(JSON.stringify({ ...fields, type: 'input_audio_buffer.append' })) as object;
        const decoded = decodeClientEvent(JSON.stringify(json));
        const checked = clientEvent.safeParse(json);
        expect(decoded.ok).toBe(checked.success);
        if (decoded.ok) expect(decoded.event).toEqual(checked.data);
      }),
      budget,
    );
  });
});
