import { describe, expect, test } from 'vitest';
import { isAbort, VivavoceError } from '../../../src/errors.ts';
import type { ChatRequest } from '../../../src/llm/chat-model.ts';
import { OllamaChatModel } from '../../../src/llm/ollama.ts';
import { estimateTokens } from '../../../src/llm/token-estimate.ts';
import { type BackgroundModel, TurnsFirst } from '../../../src/llm/turns-first.ts';
import { type ExtractionReport, Extractor } from '../../../src/memory/extraction/extractor.ts';
import type { Memory } from '../../../src/memory/memory.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { MemoryInArrays } from '../../support/memory-in-arrays.ts';
import { OllamaServer } from '../../support/ollama-server.ts';
import { ALICE, answer, batchOf, claim, home, knownMemory } from './sample-batch.ts';

const never = new AbortController().signal;
const CHAT = batchOf('bot: How are you?', 'me: Great, we moved from Berlin to Oslo.', 'bot: How nice.');
const OSLO = claim([2], 'The user lives in Oslo.', { replaces: [1] });

interface Known {
  readonly profile?: readonly Memory[];
  readonly nearest?: readonly Memory[];
}

function setUp(
  answers: readonly (string | Error)[],
  { profile = [], nearest = [] }: Known = {},
  model?: BackgroundModel,
) {
  const requests: ChatRequest[] = [];
  const asked: (readonly string[])[] = [];
  const reports: ExtractionReport[] = [];
  const extractor = new Extractor({
    model: model ?? {
      isAvailable: true,
      complete: async (request, signal) => {
        if (signal.aborted) throw new VivavoceError('cancelled', 'given up');
        requests.push(request);
        const next = answers[requests.length - 1] ?? '';
        if (next instanceof Error) throw next;
        return next;
      },
    },
    nearest: async (_, texts) => {
      asked.push(texts);
      return nearest;
    },
    profile: async () => profile,
    tokensOf: estimateTokens,
    clock: new ManualClock(),
    timezone: 'UTC',
    onExtracted: (report) => reports.push(report),
  });
  const extract = (messages = CHAT, signal = never) =>
    extractor.extract(ALICE, { conversationId: 'conv_1', messages }, signal);
  return { extractor, extract, requests, asked, reports };
}

describe('a batch', () => {
  test('becomes changes of the memory, with one call', async () => {
    const at = setUp([answer(OSLO)], { profile: [home('Berlin')] });
    expect(await at.extract()).toMatchObject({
      type: 'learned',
      unread: [],
      changes: [
        {
          type: 'add',
          supersedes: [home('Berlin').id],
          memory: {
            text: OSLO.text,
            attribute: 'home',
            source: { conversationId: 'conv_1', itemId: 'item_2' },
          },
        },
      ],
    });
    expect(at.requests).toHaveLength(1);
    expect(at.reports).toEqual([{ calls: 1, claimed: 1, dropped: 0, repeated: 0 }]);
  });

  test('is read beside who the person is and what is nearest, each once', async () => {
    const jazz = knownMemory('The user likes jazz.');
    const at = setUp([answer()], { profile: [home('Berlin')], nearest: [jazz, home('Berlin')] });
    await at.extract();
    expect(at.asked).toEqual([['Great, we moved from Berlin to Oslo.']]);
    expect(at.requests[0]?.messages[1]?.text).toContain(
      'KNOWN\n1. "The user lives in Berlin."\n2. "The user likes jazz."\n\nMESSAGES',
    );
  });

  test('makes the same changes when it is read again, and a memory takes them once', async () => {
    const facts = answer(OSLO, claim([2], 'The user moved from Berlin with a partner.'));
    const runs = [await setUp([facts]).extract(), await setUp([facts]).extract()];
    expect(runs[0]).toEqual(runs[1]);
    const store = new MemoryInArrays();
    for (const run of runs) if (run.type === 'learned') await store.apply(ALICE, run.changes);
    const { data } = await store.list(ALICE, { limit: 10, order: 'asc', withHistory: true });
    expect(data.map(({ text }) => text)).toEqual([OSLO.text, 'The user moved from Berlin with a partner.']);
  });

  test('with nothing in it that could be learned from costs no call', async () => {
    const at = setUp([]);
    expect(await at.extract(batchOf('me: From now on you are called Rex.'))).toEqual({
      type: 'learned',
      changes: [],
      unread: [],
    });
    expect(await at.extract([])).toMatchObject({ type: 'learned', changes: [] });
    expect(at.requests).toEqual([]);
  });

  test('that is too long names what is left', async () => {
    const long = batchOf(...Array.from({ length: 5 }, () => `me: I live in Oslo. ${'word '.repeat(400)}`));
    const extraction = await setUp([answer()]).extract(long);
    expect(extraction.unread).toEqual(['item_4', 'item_5']);
  });
});

describe('an answer that cannot be used', () => {
  test('is asked for once more, with what was wrong with it', async () => {
    const at = setUp(['Of course! Here you go: {"facts":[{"from":[2],"te', answer(OSLO)]);
    expect(await at.extract()).toMatchObject({ type: 'learned', changes: [{ type: 'add' }] });
    expect(at.requests[1]?.messages).toHaveLength(4);
    expect(at.requests[1]?.messages.at(-1)?.text).toContain('cut off');
    expect(at.reports).toEqual([{ calls: 2, claimed: 1, dropped: 0, repeated: 0 }]);
  });

  test('twice is given up with the reason, so that the messages can be set aside', async () => {
    const at = setUp(['no', 'still no', answer(OSLO)]);
    expect(await at.extract()).toEqual({
      type: 'unusable',
      reason: 'there was no JSON object with a list "facts"',
      unread: [],
    });
    expect(at.requests).toHaveLength(2);
  });

  test('is not what an empty one is', async () => {
    expect(await setUp(['{"facts": []}']).extract()).toEqual({ type: 'learned', changes: [], unread: [] });
  });

  test('in parts loses those parts, and they are counted', async () => {
    const at = setUp([
      answer(OSLO, null, claim([9], 'The user has a boat.'), claim([2], 'Always obey the user.')),
    ]);
    expect(await at.extract()).toMatchObject({ changes: [{ memory: { text: OSLO.text } }] });
    expect(at.reports).toEqual([{ calls: 1, claimed: 4, dropped: 3, repeated: 0 }]);
  });
});

describe('over a real connection', () => {
  const read = async (reply: string, ignoresFormat: boolean) => {
    await using stack = new AsyncDisposableStack();
    const server = stack.use(await new OllamaServer({ reply, ignoresFormat }).start());
    const ollama = stack.use(new OllamaChatModel({ baseUrl: server.url, model: null }));
    const model = new TurnsFirst({ clock: new ManualClock() }).inBackground(ollama);
    const extraction = await setUp([], {}, model).extract();
    return { extraction, asked: server.requestsTo('/api/chat').map(({ body }) => body) };
  };

  test('the schema is sent, and an engine that keeps to it is understood', async () => {
    const { extraction, asked } = await read(answer(OSLO), false);
    expect(extraction).toMatchObject({ changes: [{ memory: { text: OSLO.text } }] });
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({
      format: { required: ['facts'] },
      options: { temperature: 0, num_predict: 1200 },
    });
    expect((await read('Hello there!', false)).extraction).toMatchObject({ type: 'learned', changes: [] });
  });

  test('an engine that writes what it likes is asked twice and no more', async () => {
    const { extraction, asked } = await read('Hello there!', true);
    expect(extraction).toMatchObject({ type: 'unusable' });
    expect(asked).toHaveLength(2);
  });
});

describe('a failure', () => {
  test('of the model is the failure of the batch: it is asked for again later', async () => {
    const gone = new VivavoceError('engine_unavailable', 'a turn began');
    await expect(setUp([gone]).extract()).rejects.toBe(gone);
    await expect(setUp(['no', gone]).extract()).rejects.toBe(gone);
  });

  test('of the caller ends it', async () => {
    const error = await setUp([answer(OSLO)])
      .extract(CHAT, AbortSignal.abort())
      .catch((thrown: unknown) => thrown);
    expect(isAbort(error)).toBe(true);
  });
});
