import { expect, test } from 'vitest';
import type { Item } from '../../src/conversation/item.ts';
import {
  renderTranscript,
  TRANSCRIPT_FORMATS,
  transcriptContentType,
} from '../../src/conversation/transcript.ts';
import { parseVtt } from './cue-parser.ts';
import { agentSays, START_MS, toolCall, toolResult, userSays } from './sample-items.ts';

const conversation = {
  id: 'conv_tea',
  createdAtMs: START_MS,
  updatedAtMs: START_MS + 20_000,
  metadata: { topic: 'tea & cake' },
};
const items: Item[] = [
  { ...userSays('s', 'Be brief.'), role: 'system' },
  userSays('u1', 'Is it <hot>?\r\n\r\nReally?', START_MS + 1_000),
  toolCall('c', 'thermometer', '{"of":"tea"}', START_MS + 2_000),
  toolResult('r', 'call_c', '61 *C*', START_MS + 2_500),
  agentSays('a1', 'It is hot --> do not drink it.', {
    createdAtMs: START_MS + 3_000,
    heard: 'It is hot -->',
    status: 'incomplete',
  }),
  { ...userSays('u2', '', START_MS + 4_000), content: [{ type: 'input_audio', transcript: null }] },
  userSays('u3', '1. Thanks', START_MS + 65_432),
];

const render = (format: (typeof TRANSCRIPT_FORMATS)[number]) =>
  renderTranscript(format, { conversation, items });

test('txt reads like a play, with what was heard of a reply', () => {
  expect(render('txt')).toBe(`Conversation conv_tea
Started 2026-11-21T10:00:00.000Z
- topic: tea & cake

[00:00:00] System: Be brief.
[00:00:01] User: Is it <hot>?
    Really?
[00:00:02] Tool call: thermometer({"of":"tea"})
[00:00:02] Tool result: 61 *C*
[00:00:03] Assistant: It is hot -->
    [interrupted]
[00:00:04] User: [audio without a transcript]
[00:01:05] User: 1. Thanks
`);
});

test('md shows content as it was said, not as mark-up', () => {
  expect(render('md')).toBe(`# Conversation conv\\_tea

- Started: 2026-11-21T10:00:00.000Z
- topic: tea &amp; cake

**System** · 00:00:00

Be brief.

**User** · 00:00:01

Is it &lt;hot&gt;?  
Really?

**Tool call** · 00:00:02

thermometer({"of":"tea"})

**Tool result** · 00:00:02

61 \\*C\\*

**Assistant** · 00:00:03

It is hot --&gt;  
\\[interrupted\\]

**User** · 00:00:04

\\[audio without a transcript\\]

**User** · 00:01:05

1\\. Thanks
`);
});

test('vtt has the spoken items only, until the next one or as long as the words take', () => {
  expect(render('vtt')).toBe(`WEBVTT

1
00:00:01.000 --> 00:00:02.320
<v User>Is it &lt;hot&gt;?
Really?</v>

2
00:00:03.000 --> 00:00:03.858
<v Assistant>It is hot --&gt;</v>

3
00:01:05.432 --> 00:01:06.026
<v User>1. Thanks</v>

`);
});

test('srt uses its own times and wide brackets, because it has no escapes', () => {
  expect(render('srt')).toBe(`1
00:00:01,000 --> 00:00:02,320
User: Is it ＜hot＞?
Really?

2
00:00:03,000 --> 00:00:03,858
Assistant: It is hot --＞

3
00:01:05,432 --> 00:01:06,026
User: 1. Thanks

`);
});

test('items of the same moment, or stored out of order, are shown one after the other', () => {
  const crowd = [
    userSays('a', 'One long sentence that takes its time to say.', START_MS + 5_000),
    userSays('b', 'Two', START_MS + 5_000),
    userSays('c', 'Three', START_MS - 60_000),
  ];
  const cues = parseVtt(renderTranscript('vtt', { conversation, items: crowd }));
  expect(cues.map(({ startMs, endMs }) => [startMs, endMs])).toEqual([
    [5_000, 5_500],
    [5_500, 6_000],
    [6_000, 6_500],
  ]);
});

test('json carries the three texts of a reply, the status and ISO times', () => {
  const reply = JSON.parse(render('json')).items.find(({ id }: Item) => id === 'a1');
  expect(reply).toEqual({
    id: 'a1',
    type: 'message',
    status: 'incomplete',
    created_at: '2026-11-21T10:00:03.000Z',
    response_id: 'resp_1',
    role: 'assistant',
    text: 'It is hot -->',
    content: [{ type: 'output_audio', transcript: 'It is hot --> do not drink it.' }],
    reply: {
      generated: 'It is hot --> do not drink it.',
      sent: 'It is hot --> do not drink it.',
      heard: 'It is hot -->',
    },
  });
});

test('an empty conversation is a whole file in every format', () => {
  const empty = (format: (typeof TRANSCRIPT_FORMATS)[number]) =>
    renderTranscript(format, { conversation, items: [] });
  expect(JSON.parse(empty('json')).items).toEqual([]);
  expect(empty('vtt')).toBe('WEBVTT\n\n');
  expect(empty('srt')).toBe('');
  for (const format of TRANSCRIPT_FORMATS) expect(transcriptContentType(format)).toMatch(/charset=utf-8$/);
});

test('a reply of which nothing was heard says so instead of its words', () => {
  const unheard = {
    ...agentSays('a', 'Never mind.'),
    reply: { generated: 'x', sent: 'Never mind.', heard: '' },
  };
  const file = renderTranscript('txt', { conversation, items: [unheard] });
  expect(file).toContain('Assistant: [interrupted]');
  expect(file).not.toContain('Never mind');
});

test('a time that no calendar has does not stop a transcript', () => {
  const odd = userSays('a', 'hi', Number.MAX_SAFE_INTEGER);
  for (const format of TRANSCRIPT_FORMATS) {
    expect(renderTranscript(format, { conversation, items: [odd] })).toContain('hi');
  }
});
