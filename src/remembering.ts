import type { Conversations } from './conversation/conversations.ts';
import { textOf } from './conversation/item.ts';
import type { SqliteStore } from './conversation/sqlite-store.ts';
import type { Owner } from './conversation/store.ts';
import type { EngineStatus } from './engine-status.ts';
import { createExtractionModel, type EngineDeps } from './engines.ts';
import type { AutoChatModel } from './llm/auto-chat-model.ts';
import { estimateTokens } from './llm/token-estimate.ts';
import type { TurnsFirst } from './llm/turns-first.ts';
import { Erasing } from './memory/erasing.ts';
import { Extractor } from './memory/extraction/extractor.ts';
import { worthOf } from './memory/extraction/message-worth.ts';
import { BatchReader } from './memory/learning/batch-reader.ts';
import { ChangeApplier } from './memory/learning/change-applier.ts';
import { Learning } from './memory/learning/learning.ts';
import { readByRules } from './memory/learning/read-by-rules.ts';
import { RuleReader } from './memory/learning/rule-reader.ts';
import type { Memory } from './memory/memory.ts';
import { MemoryKeeper } from './memory/memory-keeper.ts';
import { MemoryStatistics } from './memory/memory-statistics.ts';
import { RecentlySaid } from './memory/recall/recently-said.ts';
import { TurnMemory } from './memory/recall/turn-memory.ts';
import { ReplyCache } from './memory/reply-cache.ts';
import { Summariser } from './memory/summariser.ts';
import { WatchedMemoryStore } from './memory/watched-memory-store.ts';
import { createEmbeddings, createMemoryStore } from './memory-engines.ts';

/** What a batch of messages is compared with. */
const NEAREST_OF_EACH = 5;
const MAX_COMPARED = 10;
/** A memory that takes longer to open is not waited for: the first people talk without it. */
const OPEN_WITHIN_MS = 2_000;

interface Parts {
  readonly deps: EngineDeps;
  readonly store: SqliteStore;
  readonly conversations: () => Conversations;
  readonly model: AutoChatModel;
  /** Lets people come first where the models of the turns work in the background. */
  readonly turnsFirst: TurnsFirst;
  /** Forgets what else was made of somebody's words: synthesised speech. */
  readonly forgetElsewhere: (owner: Owner) => void;
  readonly ids: { next(prefix: string): string };
  readonly onChange: (status: EngineStatus) => void;
}

/** Everything that remembers. */
export interface Remembering {
  readonly keeper: MemoryKeeper;
  readonly memory: TurnMemory;
  readonly learning: Learning;
  readonly erasing: Erasing;
  readonly summaries: Summariser;
  readonly replies: ReplyCache | undefined;
  readonly statistics: MemoryStatistics;
  /** Takes up what an earlier process has left. Returns when the memory is open, or is not waited for. */
  start(): Promise<void>;
  statuses(): EngineStatus[];
}

/** The memory that the settings ask for. One that cannot be opened costs the service its memory, not its start. */
export function createRemembering(parts: Parts): Remembering {
  const { deps, store, conversations, model, turnsFirst, ids, onChange } = parts;
  const { config, clock, telemetry, resources } = deps;
  const memories = new WatchedMemoryStore({
    store: createMemoryStore(deps),
    where: config.QDRANT_URL === undefined ? 'on this machine' : `at ${config.QDRANT_URL}`,
    clock,
    onChange,
    onBack: () => {
      learning.retry();
      erasing.resume();
    },
  });
  const embeddings = createEmbeddings(deps, onChange);
  const recentlySaid = new RecentlySaid(store.outbox);
  const replies = config.REPLY_CACHE_SECONDS
    ? new ReplyCache({ ttlMs: config.REPLY_CACHE_SECONDS * 1000, clock })
    : undefined;
  const keeper: MemoryKeeper = new MemoryKeeper({
    ...{ store: memories, vectors: embeddings, clock, ids },
    onChanged: (owner, isRemoval) => {
      memory.changed(owner, isRemoval);
      replies?.changed(owner);
      embeddings.wake();
    },
    onTakenBack: (owner, sources) => learning.takenBack(owner, sources),
  });
  const memory = new TurnMemory({ keeper, said: recentlySaid, clock });
  const statistics = new MemoryStatistics({
    recall: () => memory.counters,
    replies: () => replies?.counters ?? null,
  });

  const extractionModel = createExtractionModel(deps);
  const background = turnsFirst.inBackground((extractionModel ?? model).inBackground());
  const applier = new ChangeApplier({
    outbox: store.outbox,
    apply: (owner, changes) => keeper.apply(owner, changes),
    clock,
    onFailed: (error, isLost) => telemetry.memoryWaits({ error, isLost }),
  });
  const rules = new RuleReader({
    outbox: store.outbox,
    read: readByRules({ keeper, transcripts: store, applied: () => applier.idle(), clock }),
    clock,
    onDecided: () => applier.wake(),
    onFailed: (error) => telemetry.memoryWaits({ error, isLost: false }),
  });
  const batches = new BatchReader({
    outbox: store.outbox,
    transcripts: store,
    extractor: new Extractor({
      model: background,
      nearest: nearestIn(keeper),
      profile: (owner, signal) => keeper.profile(owner, signal),
      tokensOf: estimateTokens,
      clock,
      timezone: config.TIMEZONE,
      onExtracted: ({ calls }) => statistics.called(calls),
    }),
    worthOf,
    clock,
    onSettled: (owner, itemIds) => {
      void recentlySaid.settled(owner, itemIds);
      applier.wake();
    },
    onBatch: (batch) => {
      statistics.learned(batch);
      telemetry.batchLearned(batch);
    },
    onQuarantined: (conversationId, messages, reason) => {
      statistics.quarantined(messages);
      telemetry.messagesQuarantined({ conversationId, messages, reason });
    },
    onFailed: (error) => telemetry.memoryWaits({ error, isLost: false }),
  });
  const learning: Learning = new Learning({
    outbox: store.outbox,
    ...{ rules, batches, applier, recentlySaid, worthOf },
    onSkipped: (reason) => {
      statistics.skipped(reason);
      telemetry.extractionSkipped({ reason });
    },
  });
  const summaries = resources.use(
    new Summariser({
      open: (owner, id) => conversations().open(owner, id),
      complete: (request, signal) => background.complete(request, signal),
      isAvailable: () => background.isAvailable,
      contextTokens: () => model.contextTokens,
      estimateTokens,
      textOf,
      clock,
      onFailed: (conversationId, error) => telemetry.summaryFailed({ conversationId, error }),
    }),
  );
  const erasing: Erasing = new Erasing({
    log: store.erasures,
    pause: (owner) => learning.pause(owner),
    places: [
      ({ owner }) => summaries.forget(owner),
      ({ owner, requestedAtMs }) => conversations().erase(owner, requestedAtMs),
      ({ owner }) => keeper.eraseAll(owner),
      ({ owner }) => {
        memory.forget(owner);
        replies?.forget(owner);
        parts.forgetElsewhere(owner);
      },
    ],
    clock,
    ids,
    onFailed: (erasureId, error) => telemetry.erasureWaits({ erasureId, error }),
  });

  // At once: what waits for a memory that does not answer ends when the memory is closed. It is in the outbox.
  resources.defer(async () => {
    const all = [erasing, learning, embeddings, memories];
    await Promise.all(all.map((each) => each[Symbol.asyncDispose]()));
  });

  return {
    ...{ keeper, memory, learning, erasing, summaries, replies, statistics },
    async start() {
      const { promise: late, resolve } = Promise.withResolvers<void>();
      using _patience = clock.after(OPEN_WITHIN_MS, resolve);
      await Promise.race([memories.start(), late]);
      embeddings.start(memories);
      if (extractionModel) void extractionModel.start();
      // An erasure that an earlier process has begun comes first: it holds what it erases until it is done.
      erasing.resume();
      void erasing.idle().then(() => learning.start());
    },
    statuses: () => [memories.status(), embeddings.status()],
  };
}

/** The memories that fit any of some texts, each once. */
function nearestIn(keeper: MemoryKeeper) {
  return async (owner: Owner, texts: readonly string[], signal: AbortSignal): Promise<readonly Memory[]> => {
    const found = await Promise.all(
      texts
        .slice(0, MAX_COMPARED)
        .map((text) => keeper.search(owner, { text, limit: NEAREST_OF_EACH }, signal)),
    );
    const unique = new Map(found.flat().map(({ memory }) => [memory.id, memory]));
    return [...unique.values()];
  };
}
