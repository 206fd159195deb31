import { Conversations } from '../../src/conversation/conversations.ts';
import { worthOf } from '../../src/memory/extraction/message-worth.ts';
import { BatchReader } from '../../src/memory/learning/batch-reader.ts';
import { JUNK_MESSAGES } from '../../test/memory/junk-messages.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { MemoryStore } from '../../test/support/memory-store.ts';

const OWNER = { key: 'local', user: 'ada' };
/** Between two messages of a conversation. */
const PAUSE_MS = 12_000;

/**
 * How often a language model is asked about 100 messages of people who greet, ask, chat and tell, on virtual time:
 * `one_each`: about every message; `worthy`: about each that may tell something; `batched`: as the service does.
 */
export async function extractionCalls() {
  const clock = new ManualClock();
  const store = new MemoryStore(clock);
  let calls = 0;
  await using batches = new BatchReader({
    outbox: store.outbox,
    transcripts: store,
    extractor: {
      isAvailable: true,
      extract: async () => {
        calls++;
        return { type: 'learned', changes: [], unread: [] };
      },
    },
    worthOf,
    clock,
    onSettled: () => undefined,
    onBatch: () => undefined,
    onQuarantined: () => undefined,
    onFailed: () => undefined,
  });
  let id = 0;
  const conversations = new Conversations({
    ...{ store, clock, ids: { next: (prefix: string) => `${prefix}_${++id}` } },
    onReleased: (owner, conversationId) => batches.released({ owner, conversationId }),
  });
  let worthy = 0;
  for (const [name, messages] of Map.groupBy(JUNK_MESSAGES, ({ conversation }) => conversation)) {
    using lease = await conversations.begin(OWNER, { id: name });
    for (const { id: itemId, text } of messages) {
      await lease.conversation.append([
        {
          ...{ id: itemId, type: 'message', role: 'user', status: 'completed', createdAtMs: clock.nowMs() },
          ...{ content: [{ type: 'input_text', text }], reply: null, responseId: null },
        },
      ]);
      await store.outbox.settle(OWNER, name, { items: [{ id: itemId, to: 'noted' }], changes: null });
      const { skip, importance } = worthOf(text);
      if (skip === null) {
        worthy++;
        batches.said({ owner: OWNER, conversationId: name }, importance);
        batches.noticed({ owner: OWNER, conversationId: name });
      }
      await clock.advance(PAUSE_MS);
    }
    lease[Symbol.dispose]();
    await clock.advance(PAUSE_MS);
  }
  const per100 = (count: number) => (100 * count) / JUNK_MESSAGES.length;
  return { one_each: 100, worthy: per100(worthy), batched: per100(calls) };
}
