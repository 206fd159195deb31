import { beforeAll, describe, expect, test } from 'vitest';
import { estimateTokens } from '../../src/llm/token-estimate.ts';
import { type ExtractionReport, Extractor } from '../../src/memory/extraction/extractor.ts';
import { worthOf } from '../../src/memory/extraction/message-worth.ts';
import { ruleChanges } from '../../src/memory/extraction/rule-changes.ts';
import type { BatchMessage } from '../../src/memory/learning/batch-reader.ts';
import type { Memory } from '../../src/memory/memory.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { MemoryInArrays } from '../support/memory-in-arrays.ts';
import { JUNK_MEMORIES, JUNK_MESSAGES, type JunkMessage } from './junk-messages.ts';
import { answerTo, handedOver, REPLY } from './junk-model.ts';

const owner = { key: 'k', user: 'alice' };
const never = new AbortController().signal;
const BEGIN_MS = Date.UTC(2026, 10, 21, 18);
const MINUTE_MS = 60_000;
const BATCH = 5;
interface Way {
  readonly rules: boolean;
}

/** Reads all messages as the service does: the rules at once, if at all, and the model in batches of a conversation. */
async function readAll({ rules }: Way) {
  const store = new MemoryInArrays();
  const reports: ExtractionReport[] = [];
  let calls = 0;
  let batch: readonly JunkMessage[] = [];
  const extractor = new Extractor({
    model: {
      isAvailable: true,
      complete: async (request) => handedOver(calls++, answerTo(request, batch)),
    },
    nearest: async (_, texts, signal) => {
      const found = texts.map((text) => store.search(owner, { text, vector: null, limit: 3 }, signal));
      return (await Promise.all(found)).flat().map(({ memory }) => memory);
    },
    profile: () => store.profile(owner),
    tokensOf: estimateTokens,
    clock: new ManualClock(BEGIN_MS),
    timezone: 'UTC',
    onExtracted: (report) => reports.push(report),
  });
  for (const messages of batches()) {
    batch = messages;
    if (rules) for (const message of messages) await store.apply(owner, await byRules(store, message));
    const conversationId = messages[0]?.conversation ?? '';
    for (let left = shownTo(messages, rules); left.length > 0; ) {
      const extraction = await extractor.extract(owner, { conversationId, messages: left }, never);
      if (extraction.type !== 'learned') throw new Error(extraction.reason);
      await store.apply(owner, extraction.changes);
      const unread = extraction.unread ?? [];
      left = left.filter(({ itemId }) => unread.includes(itemId));
    }
  }
  return { store, reports, calls };
}

function batches(): readonly (readonly JunkMessage[])[] {
  const conversations = Map.groupBy(JUNK_MESSAGES, ({ conversation }) => conversation);
  return [...conversations.values()].flatMap((messages) =>
    Array.from({ length: Math.ceil(messages.length / BATCH) }, (_, index) =>
      messages.slice(index * BATCH, (index + 1) * BATCH),
    ),
  );
}

function saidAtMsOf({ id }: JunkMessage): number {
  return BEGIN_MS + JUNK_MESSAGES.findIndex((message) => message.id === id) * MINUTE_MS;
}

/** With the replies between them. Without rules the model has to learn from short messages too. */
function shownTo(messages: readonly JunkMessage[], rules: boolean): BatchMessage[] {
  return messages.flatMap((message) => {
    const { id, text } = message;
    const saidAtMs = saidAtMsOf(message);
    const learn = !rules || worthOf(text).skip === null;
    return [
      { itemId: id, role: 'user', text, saidAtMs, learn },
      { itemId: `${id}r`, role: 'assistant', text: REPLY, saidAtMs: saidAtMs + 1000, learn: false },
    ] as const;
  });
}

async function byRules(store: MemoryInArrays, message: JunkMessage) {
  const index = JUNK_MESSAGES.indexOf(message);
  const before = JUNK_MESSAGES[index - 1];
  const saidAtMs = saidAtMsOf(message);
  return ruleChanges({
    owner,
    message: {
      source: { conversationId: message.conversation, itemId: message.id },
      text: message.text,
      saidAtMs,
    },
    previousText: before?.conversation === message.conversation ? before.text : null,
    held: await memories(store, false),
    nowMs: saidAtMs,
  });
}

async function memories(store: MemoryInArrays, withHistory: boolean): Promise<readonly Memory[]> {
  return (await store.list(owner, { limit: 1000, order: 'asc', withHistory })).data;
}

const texts = (all: readonly { readonly text: string }[]) => all.map(({ text }) => text).toSorted();

describe.each([
  ['a language model alone', { rules: false }],
  ['rules, and a language model after them', { rules: true }],
])('two hundred messages, read by %s that makes every mistake', (_, way) => {
  let run: Awaited<ReturnType<typeof readAll>>;
  beforeAll(async () => {
    run = await readAll(way);
  });

  test('leave exactly the expected memories', async () => {
    expect(texts(await memories(run.store, false))).toEqual(texts(JUNK_MEMORIES));
  });

  test('keep what no longer holds as history, and nothing that never held', async () => {
    const past = (await memories(run.store, true)).filter(({ invalidAtMs }) => invalidAtMs !== null);
    expect(texts(past)).toEqual(JUNK_MESSAGES.flatMap(({ ends }) => ends).toSorted());
  });

  test('are each learned from a message of the person', async () => {
    const ids = new Set(JUNK_MESSAGES.map(({ id }) => id));
    for (const { source } of await memories(run.store, true)) expect(ids).toContain(source?.itemId);
  });

  test('read again, change nothing', async () => {
    expect(await memories((await readAll(way)).store, true)).toEqual(await memories(run.store, true));
  });

  test('make the model claim far more than is kept', () => {
    const sum = (count: (report: ExtractionReport) => number) =>
      run.reports.reduce((total, report) => total + count(report), 0);
    expect(run.calls).toBeGreaterThan(run.reports.length);
    expect(sum(({ dropped }) => dropped)).toBeGreaterThan(200);
    expect(sum(({ repeated }) => repeated)).toBeGreaterThan(50);
  });
});
