import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../src/clock.ts';
import type { Owner } from '../src/conversation/store.ts';
import { createTurnGraph, type TurnGraph } from '../src/graph/graph.ts';
import { noMemory } from '../src/graph/no-memory.ts';
import { streamTurn } from '../src/graph/stream-turn.ts';
import { MemoryKeeper } from '../src/memory/memory-keeper.ts';
import type { MemoryStore } from '../src/memory/memory-store.ts';
import { QdrantMemory } from '../src/memory/qdrant/qdrant-memory.ts';
import { RecentlySaid } from '../src/memory/recall/recently-said.ts';
import { TurnMemory } from '../src/memory/recall/turn-memory.ts';
import { SqliteMemory } from '../src/memory/sqlite/sqlite-memory.ts';
import { JUNK_MESSAGES } from '../test/memory/junk-messages.ts';
import { QdrantServer } from '../test/support/qdrant-server.ts';
import { extractionCalls } from './support/extraction-calls.ts';
import {
  generator,
  memories,
  question,
  repeatedQuestions,
  SPACE,
  unitVector,
} from './support/memory-workload.ts';
import { type Result, summarise } from './support/report.ts';
import { silentModel } from './support/silent-model.ts';

const OWNER: Owner = { key: 'local', user: 'ada' };
const OWN_MEMORIES = 1_000;
const TOTALS = [1_000, 10_000, 100_000];
const QDRANT_MEMORIES = 1_000;
const SEARCHES = 300;
const CACHED_READS = 2_000;
const TURNS = 400;
const QUESTIONS = 600;
const TELLS_EVERY = [
  [30, 'few_writes'],
  [10, 'many_writes'],
] as const;
const NEVER = new AbortController().signal;
const NOTHING_SAID = { search: async () => [], searchNow: () => [] };

/**
 * What remembering costs. The store of the embedded searches is a file in the folder for temporary files and its vectors
 * are random: a search compares as many numbers as with real ones. Qdrant is a stand-in in this process: its figure is
 * the protocol and the adapter, not the server.
 */
export async function* memoryBench(): AsyncGenerator<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'vivavoce-bench-'));
  try {
    await using store = await SqliteMemory.open({ path: join(folder, 'memory.db') });
    await store.useSpace(SPACE);
    await fill(store, OWNER, OWN_MEMORIES, 1);
    let others = 0;
    for (const total of TOTALS) {
      for (; (others + 1) * OWN_MEMORIES < total; others++) {
        await fill(store, { key: 'local', user: `user${others}` }, OWN_MEMORIES, others + 2);
      }
      const times = await searchTimes(store, true);
      yield { ...summarise(`recall_embedded_${total / 1000}k`, 'ms', times) };
      yield {
        ...summarise(`recall_embedded_${total / 1000}k_words_only`, 'ms', await searchTimes(store, false)),
      };
    }
    yield* cached(store);
    yield* addedToTurn(store);
    yield* repeated(store);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  yield* qdrant();
  for (const [name, calls] of Object.entries(await extractionCalls())) {
    yield summarise(`extraction_calls_${name}`, 'calls per 100 messages', [calls]);
  }
}

async function fill(store: MemoryStore, owner: Owner, count: number, seed: number): Promise<void> {
  const { changes, vectors } = memories(owner, count, seed);
  await store.apply(owner, changes, vectors);
}

/** Every question is a new one. */
async function searchTimes(store: MemoryStore, withVectors: boolean): Promise<number[]> {
  const random = generator(99);
  const times: number[] = [];
  for (let search = 0; search < SEARCHES; search++) {
    const query = { text: question(random), vector: withVectors ? unitVector(random) : null, limit: 24 };
    const startedMs = performance.now();
    await store.search(OWNER, query, NEVER);
    times.push(performance.now() - startedMs);
  }
  return times;
}

function turnMemory(store: MemoryStore, said: Pick<RecentlySaid, 'search' | 'searchNow'> = NOTHING_SAID) {
  const clock = systemClock;
  let serial = 0;
  const random = generator(7);
  const keeper: MemoryKeeper = new MemoryKeeper({
    store,
    vectors: { embedQuery: async () => unitVector(random) },
    clock,
    ids: { next: (prefix) => `${prefix}_${++serial}` },
    onChanged: (owner, isRemoval) => memory.changed(owner, isRemoval),
  });
  const memory = new TurnMemory({ keeper, said, clock });
  return { keeper, memory };
}

/** With as many messages waiting to be learned from as are ever looked through. */
async function* cached(store: MemoryStore): AsyncGenerator<Result> {
  const { memory } = turnMemory(store, new RecentlySaid({ newestOf: async () => waitingMessages() }));
  const asked = { text: 'Where does my sister live?', conversationId: null };
  await memory.recall(OWNER, asked);
  const times: number[] = [];
  for (let read = 0; read < CACHED_READS; read++) {
    const startedMs = performance.now();
    await memory.recall(OWNER, asked);
    times.push(performance.now() - startedMs);
  }
  yield summarise('recall_cached', 'ms', times);
}

function waitingMessages() {
  return JUNK_MESSAGES.map(({ id, conversation, text }, index) => ({
    conversationId: conversation,
    stage: 'noted' as const,
    item: {
      ...{ id, type: 'message' as const, role: 'user' as const, status: 'completed' as const },
      ...{ createdAtMs: index, responseId: null, reply: null },
      content: [{ type: 'input_text' as const, text }],
    },
  }));
}

/** From the beginning of a turn to the request to the model, with and without a memory by turns, so that both see the same machine. */
async function* addedToTurn(store: MemoryStore): AsyncGenerator<Result> {
  const { memory } = turnMemory(store);
  const shared = { model: silentModel, clock: systemClock, timezone: 'UTC' };
  const without = createTurnGraph({ ...noMemory, ...shared });
  const remembering = createTurnGraph({ ...noMemory, ...shared, memory });
  const random = generator(5);
  const known = 'Where does my sister live?';
  const times = { none: [] as number[], cached: [] as number[], searched: [] as number[] };
  for (let turn = 0; turn < TURNS; turn++) {
    times.none.push(await msToModel(without, known));
    times.cached.push(await msToModel(remembering, known));
    times.searched.push(await msToModel(remembering, question(random)));
  }
  // The first turns are the compiler's.
  const measured = (values: readonly number[]) => values.slice(TURNS / 4);
  const none = summarise('turn_without_memory', 'ms to the model', measured(times.none));
  const withCache = summarise('turn_with_memory_cached', 'ms to the model', measured(times.cached));
  const withSearch = summarise('turn_with_memory_searched', 'ms to the model', measured(times.searched));
  yield* [none, withCache, withSearch];
  yield difference('turn_added_by_memory', withCache, none);
  yield difference('turn_added_by_memory_searched', withSearch, none);
}

function difference(name: string, one: Result, other: Result): Result {
  const round = (value: number) => Math.round(value * 1000) / 1000;
  return { name, unit: 'ms', p50: round(one.p50 - other.p50), p95: round(one.p95 - other.p95), n: one.n };
}

async function msToModel(graph: TurnGraph, text: string): Promise<number> {
  const startedMs = performance.now();
  let asked = Number.NaN;
  const turn = { owner: OWNER, conversationId: 'conv', confirmed: Promise.resolve() };
  const input = { instructions: 'Be kind.', history: [{ role: 'user' as const, text }], turn };
  for await (const part of streamTurn(graph, input, NEVER)) {
    if (part.type === 'model-asked') asked = part.atMs - startedMs;
  }
  return asked;
}

/** Repeated contexts: how many of the questions needed a search, with one turn in 30, or in 10, that tells something new. */
async function* repeated(store: MemoryStore): AsyncGenerator<Result> {
  for (const [tellsEvery, name] of TELLS_EVERY) {
    const { keeper, memory } = turnMemory(store);
    let told = 0;
    for (const { question: text, tells } of repeatedQuestions(QUESTIONS, tellsEvery, 3)) {
      await memory.recall(OWNER, { text, conversationId: null });
      if (!tells) continue;
      const written = {
        kind: 'fact',
        subject: 'user',
        attribute: null,
        value: null,
        importance: 0.5,
      } as const;
      await keeper.add(OWNER, { ...written, text: `The user has bought ${name} thing number ${++told}.` });
    }
    const { hits, misses } = memory.counters;
    const percent = (count: number) => [(100 * count) / QUESTIONS];
    yield { ...summarise(`cache_hit_rate_${name}`, '% of questions', percent(hits)), n: QUESTIONS };
    yield { ...summarise(`searches_${name}`, '% of questions', percent(misses)), n: QUESTIONS };
  }
}

async function* qdrant(): AsyncGenerator<Result> {
  await using server = await new QdrantServer().start();
  await using store = await QdrantMemory.open({ url: server.url, apiKey: null, clock: systemClock }, NEVER);
  await store.useSpace(SPACE);
  await fill(store, OWNER, QDRANT_MEMORIES, 1);
  yield summarise('recall_qdrant', 'ms', await searchTimes(store, true));
}
