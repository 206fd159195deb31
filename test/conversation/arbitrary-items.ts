import fc from 'fast-check';
import type { ContentPart, Item } from '../../src/conversation/item.ts';
import { START_MS } from './sample-items.ts';

/** Texts as hostile as a client may send: lone surrogates, NUL, line ends of all kinds, and what the formats mean by. */
export const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({
    unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    maxLength: 20,
  }),
  fc
    .array(
      fc.constantFrom(
        '-->',
        '\n',
        '\n\n',
        '\r\n',
        '\r',
        ' ',
        '\t',
        '<b>',
        '</v>',
        '&',
        '&amp;',
        '\0',
        '\u2028',
        '\u0085',
        '\ud800',
        '\udc00',
        '# ',
        '> ',
        '- ',
        '1. ',
        '```',
        '*',
        '_',
        '[x](y)',
        '|',
        '\\',
        '===',
        '{\\an8}',
        'WEBVTT',
        '[00:00:01] User: ',
        '**User** · 00:00:01',
        'NOTE',
        '00:00:01.000 --> 00:00:02.000',
        '1',
        'hello',
        'wörld',
        '你好',
      ),
      { maxLength: 12 },
    )
    .map((pieces) => pieces.join('')),
);

export const anyId = fc.stringMatching(/^[a-z]{1,3}_[A-Za-z0-9-]{1,12}$/);

const record = {
  id: anyId,
  status: fc.constantFrom('in_progress' as const, 'completed' as const, 'incomplete' as const),
  createdAtMs: fc.oneof(
    fc.integer({ min: START_MS - 10_000, max: START_MS + 200_000 }),
    fc.integer({ min: START_MS, max: START_MS + 400 * 3_600_000 }),
  ),
  responseId: fc.option(anyId),
};

const contentPart: fc.Arbitrary<ContentPart> = fc.oneof(
  fc.record({ type: fc.constantFrom('input_text' as const, 'output_text' as const), text: anyText }),
  fc.record({
    type: fc.constantFrom('input_audio' as const, 'output_audio' as const),
    transcript: fc.option(anyText),
  }),
  fc.record({ type: fc.constant('input_image' as const), imageUrl: anyText }),
);

const reply = fc.record({ generated: anyText, sent: anyText, heard: fc.option(anyText) });

export const anyItem: fc.Arbitrary<Item> = fc.oneof(
  fc.record({
    ...record,
    type: fc.constant('message' as const),
    role: fc.constantFrom('system' as const, 'user' as const),
    content: fc.array(contentPart, { maxLength: 3 }),
    reply: fc.constant(null),
  }),
  fc.record({
    ...record,
    type: fc.constant('message' as const),
    role: fc.constant('assistant' as const),
    content: fc.array(contentPart, { maxLength: 3 }),
    reply: fc.option(reply),
  }),
  fc.record({
    ...record,
    type: fc.constant('function_call' as const),
    callId: anyId,
    name: anyText,
    arguments: anyText,
  }),
  fc.record({
    ...record,
    type: fc.constant('function_call_output' as const),
    callId: anyId,
    output: anyText,
  }),
);
