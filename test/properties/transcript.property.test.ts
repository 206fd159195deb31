import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Item, textOf } from '../../src/conversation/item.ts';
import type { ConversationRecord } from '../../src/conversation/store.ts';
import { renderTranscript, TRANSCRIPT_FORMATS, transcriptChunks } from '../../src/conversation/transcript.ts';
import { anyId, anyItem, anyText } from '../conversation/arbitrary-items.ts';
import { parseSrt, parseVtt, unescapeEntities } from '../conversation/cue-parser.ts';
import { START_MS } from '../conversation/sample-items.ts';

const anyConversation: fc.Arbitrary<ConversationRecord> = fc.record({
  id: anyId,
  createdAtMs: fc.constant(START_MS),
  updatedAtMs: fc.integer({ min: START_MS, max: START_MS + 1e9 }),
  metadata: fc.dictionary(anyText, anyText, { maxKeys: 3 }),
});
const anyTranscript = fc.record({
  conversation: anyConversation,
  items: fc.array(anyItem, { maxLength: 12 }),
});

/** The words as a reader counts them; what no text file may contain counts as a replacement character. */
function wordsOf(text: string): string[] {
  return text
    .toWellFormed()
    .split(/[\s\u0085]+/)
    .filter((word) => word !== '')
    .map((word) => word.replaceAll(/\p{Cc}/gu, '\ufffd'));
}

const isSpoken = (item: Item) =>
  item.type === 'message' && item.role !== 'system' && wordsOf(textOf(item)).length > 0;
const wordsShown = (item: Item) =>
  wordsOf(item.type === 'function_call' ? `${item.name}(${item.arguments})` : textOf(item));

/** The item that a JSON transcript tells of. */
function fromJson(entry: Record<string, unknown>): unknown {
  const { object: _object, text: _text, created_at, response_id, call_id, content, ...same } = entry;
  const parts = content as Record<string, unknown>[] | undefined;
  return {
    ...same,
    createdAtMs: Date.parse(String(created_at)),
    responseId: response_id,
    ...(call_id !== undefined && { callId: call_id }),
    ...(parts && {
      content: parts.map(({ image_url, ...part }) =>
        image_url === undefined ? part : { ...part, imageUrl: image_url },
      ),
    }),
  };
}

function recordFromJson(entry: Record<string, unknown>): unknown {
  const { object: _object, created_at, updated_at, ...same } = entry;
  return {
    ...same,
    createdAtMs: Date.parse(String(created_at)),
    updatedAtMs: Date.parse(String(updated_at)),
  };
}

test('json gives the conversation and every item back', () => {
  fc.assert(
    fc.property(anyTranscript, ({ conversation, items }) => {
      const parsed = JSON.parse(renderTranscript('json', { conversation, items }));
      expect(recordFromJson(parsed.conversation)).toEqual(conversation);
      expect(parsed.items.map(fromJson)).toEqual(items);
      const texts = parsed.items
        .filter(({ type }: Item) => type === 'message')
        .map(({ text }: { text: string }) => text);
      expect(texts).toEqual(items.filter(({ type }) => type === 'message').map(textOf));
    }),
  );
});

test('ndjson has one object per line and gives everything back', () => {
  fc.assert(
    fc.property(anyTranscript, ({ conversation, items }) => {
      const file = renderTranscript('ndjson', { conversation, items });
      expect(file.endsWith('\n')).toBe(true);
      const [first, ...rest] = file
        .slice(0, -1)
        .split(/\r\n|\r|\n/)
        .map((line) => JSON.parse(line));
      expect(recordFromJson(first)).toEqual(conversation);
      expect(rest.map(fromJson)).toEqual(items);
    }),
  );
});

test.each([
  ['vtt', parseVtt] as const,
  ['srt', parseSrt] as const,
])('%s always parses, has a cue for each item that was spoken, and none overlap', (format, parse) => {
  fc.assert(
    fc.property(anyTranscript, ({ conversation, items }) => {
      const cues = parse(renderTranscript(format, { conversation, items }));
      const spoken = items.filter(isSpoken);
      expect(cues.length).toBe(spoken.length);
      let lastEndMs = 0;
      for (const { startMs, endMs } of cues) {
        expect(startMs).toBeGreaterThanOrEqual(lastEndMs);
        expect(endMs).toBeGreaterThan(startMs);
        lastEndMs = endMs;
      }
    }),
    { numRuns: 300 },
  );
});

test('vtt shows every word that was spoken, by its speaker', () => {
  fc.assert(
    fc.property(anyTranscript, ({ conversation, items }) => {
      const cues = parseVtt(renderTranscript('vtt', { conversation, items }));
      expect(cues.map(({ speaker, text }) => ({ speaker, words: wordsOf(text) }))).toEqual(
        items.filter(isSpoken).map((item) => ({
          speaker: item.type === 'message' && item.role === 'user' ? 'User' : 'Assistant',
          words: wordsOf(textOf(item)),
        })),
      );
    }),
  );
});

test('txt loses no word, and no content passes for a line of its own', () => {
  fc.assert(
    fc.property(anyTranscript, ({ conversation, items }) => {
      const file = renderTranscript('txt', { conversation, items });
      const entries = file.split(/^(?=\[\d+:\d\d:\d\d\] )/m).slice(1);
      expect(entries.length).toBe(items.length);
      for (const [index, item] of items.entries()) {
        expect(wordsOf(entries[index] ?? '').join(' ')).toContain(wordsShown(item).join(' '));
      }
      expect(file).not.toMatch(/[^\P{Cc}\n]/u);
    }),
  );
});

test('md loses no word, and no content becomes mark-up', () => {
  fc.assert(
    fc.property(anyTranscript, ({ conversation, items }) => {
      const file = renderTranscript('md', { conversation, items });
      const entries = file
        .split(/^\*\*(?:User|Assistant|System|Tool call|Tool result)\*\* · [\d:]+$/m)
        .slice(1);
      expect(entries.length).toBe(items.length);
      for (const [index, item] of items.entries()) {
        const entry = entries[index] ?? '';
        const shown = unescapeEntities(entry.replaceAll(/\\([!-/:-@[-`{-~])/g, '$1'));
        expect(wordsOf(shown).join(' ')).toContain(wordsShown(item).join(' '));
        for (const line of entry.split('\n')) {
          expect(line).not.toMatch(/^(\s*([-+=#:>]|\d+[.)])|\t| {2})/);
          expect(line.replaceAll(/\\[!-/:-@[-`{-~]/g, '')).not.toMatch(/[\\`*_[\]<>|~$]/);
        }
      }
    }),
  );
});

test('in chunks, every format is the same text', async () => {
  await fc.assert(
    fc.asyncProperty(anyTranscript, fc.constantFrom(...TRANSCRIPT_FORMATS), async (transcript, format) => {
      const { conversation, items } = transcript;
      async function* stream() {
        yield* items;
      }
      const chunks = await Array.fromAsync(transcriptChunks(format, conversation, stream()));
      expect(chunks.join('')).toBe(renderTranscript(format, transcript));
    }),
  );
});
