import { afterAll, expect, it } from 'vitest';
import { SqliteStore } from '../../../src/conversation/sqlite-store.ts';
import type { Owner } from '../../../src/conversation/store.ts';
import { Erasing } from '../../../src/memory/erasing.ts';
import { worthOf } from '../../../src/memory/extraction/message-worth.ts';
import { BatchReader } from '../../../src/memory/learning/batch-reader.ts';
import { ChangeApplier } from '../../../src/memory/learning/change-applier.ts';
import { Learning } from '../../../src/memory/learning/learning.ts';
import { readByRules } from '../../../src/memory/learning/read-by-rules.ts';
import { RuleReader } from '../../../src/memory/learning/rule-reader.ts';
import { memoryId } from '../../../src/memory/memory-id.ts';
import { MemoryKeeper } from '../../../src/memory/memory-keeper.ts';
import { RecentlySaid } from '../../../src/memory/recall/recently-said.ts';
import { userSays } from '../../conversation/sample-items.ts';
import { tempDir } from '../../conversation/temp-dir.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { MemoryInArrays } from '../../support/memory-in-arrays.ts';
import { ALICE, add, BOB, HOLDING, memory, texts } from '../sample-memories.ts';

const dir = await tempDir();
afterAll(() => dir[Symbol.asyncDispose]());

const clock = new ManualClock();
const memories = new MemoryInArrays();
const keeper = new MemoryKeeper({
  store: memories,
  vectors: { embedQuery: async () => null },
  clock,
  ids: { next: (prefix) => `${prefix}_${crypto.randomUUID()}` },
  onChanged: () => undefined,
});

/** A process over one file: conversations, outbox and erasures are the real ones. */
async function startProcess(isModelThere: boolean) {
  const store = await SqliteStore.open({ path: dir.file('conversations.db'), clock });
  const { outbox } = store;
  const batchRead = Promise.withResolvers<void>();
  const recentlySaid = new RecentlySaid(outbox);
  const onFailed = (error: string) => expect.unreachable(error);
  const applier = new ChangeApplier({
    outbox,
    apply: (owner, changes) => keeper.apply(owner, changes),
    clock,
    onFailed,
  });
  const read = readByRules({ keeper, transcripts: store, applied: () => applier.idle(), clock });
  const rules = new RuleReader({ outbox, read, clock, onDecided: () => applier.wake(), onFailed });
  const batches = new BatchReader({
    ...{ outbox, transcripts: store, worthOf, clock, onFailed },
    extractor: {
      isAvailable: isModelThere,
      extract: async (owner, { conversationId, messages }) => {
        const changes = messages
          .filter(({ learn }) => learn)
          .map(({ itemId, text }) =>
            add(memory(0, `Read: ${text}`, { id: memoryId(owner, { conversationId, itemId }, text) })),
          );
        return { type: 'learned', changes };
      },
    },
    onSettled: () => applier.wake(),
    onBatch: () => batchRead.resolve(),
    onQuarantined: () => undefined,
  });
  const learning = new Learning({
    ...{ outbox: store.outbox, rules, batches, applier, recentlySaid, worthOf },
    onSkipped: () => undefined,
  });
  const erasing = new Erasing({
    log: store.erasures,
    pause: (owner) => learning.pause(owner),
    places: [
      async ({ owner, requestedAtMs }) => {
        while ((await store.erasures.eraseConversations(owner, requestedAtMs, 10)).length > 0);
      },
      ({ owner }) => keeper.eraseAll(owner),
    ],
    clock,
    ids: { next: (prefix) => `${prefix}_${crypto.randomUUID()}` },
    onFailed: (_id, error) => onFailed(error),
  });
  return {
    store,
    learning,
    erasing,
    rules,
    applier,
    batchRead: batchRead.promise,
    async [Symbol.asyncDispose]() {
      await erasing[Symbol.asyncDispose]();
      await learning[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

async function say(store: SqliteStore, owner: Owner, conversationId: string, itemId: string, text: string) {
  await store.create(owner, { id: conversationId, createdAtMs: clock.nowMs(), metadata: {} });
  await store.insertItem(owner, conversationId, userSays(itemId, text, clock.nowMs()));
}

const held = async (owner: Owner) => texts((await memories.list(owner, HOLDING)).data);

it('what was said before the process ended is learned by the next one, by rules and then by a model, once', async () => {
  {
    await using first = await startProcess(false);
    await say(first.store, ALICE, 'a1', 'i1', 'I live in Berlin with my two cats.');
    await say(first.store, BOB, 'b1', 'i1', 'My name is Bob and I like tea.');
  }
  {
    await using second = await startProcess(false);
    await second.learning.start();
    await second.applier.idle();
    expect((await held(ALICE)).join()).toContain('Berlin');
    expect((await held(BOB)).join()).toContain('Bob');
    expect(await second.store.outbox.newestOf(ALICE, 10)).toMatchObject([{ stage: 'noted' }]);
  }
  const learned = await held(ALICE);
  await using third = await startProcess(true);
  await third.learning.start();
  await third.batchRead;
  // One at a time: the pause ends when the second is over too.
  (await third.learning.pause(BOB))[Symbol.dispose]();
  await third.applier.idle();
  expect(await held(ALICE)).toEqual([...learned, 'Read: I live in Berlin with my two cats.']);
  expect(await third.store.outbox.newestOf(ALICE, 10)).toEqual([]);
});

it('an erasure takes all that was said by then, and what is said during it is learned', async () => {
  await using process = await startProcess(false);
  const { store, learning, erasing, rules, applier } = process;
  await say(store, ALICE, 'a2', 'i1', 'My name is Alice.');
  await learning.start();
  await applier.idle();
  expect((await held(ALICE)).join()).toContain('Alice');
  const bob = await held(BOB);

  const { id } = await erasing.request(ALICE);
  await clock.advance(5);
  await say(store, ALICE, 'a3', 'i1', 'I live in Oslo now.');
  await erasing.idle();
  expect(await erasing.find(ALICE, id)).toMatchObject({ completedAtMs: expect.any(Number) });
  await rules.catchUp();
  await applier.idle();

  expect((await held(ALICE)).join()).not.toMatch(/Alice|Berlin/);
  expect((await held(ALICE)).join()).toContain('Oslo');
  expect(await held(BOB)).toEqual(bob);
  expect(await store.find(ALICE, 'a2')).toBeNull();
});
