import { beforeEach, describe, expect, it } from 'vitest';
import type { OutboxItem } from '../../../src/conversation/memory-outbox.ts';
import type { Owner } from '../../../src/conversation/store.ts';
import { MemoryKeeper } from '../../../src/memory/memory-keeper.ts';
import type { MemoryQuery } from '../../../src/memory/memory-store.ts';
import { RecentlySaid } from '../../../src/memory/recall/recently-said.ts';
import { TurnMemory } from '../../../src/memory/recall/turn-memory.ts';
import { START_MS, userSays } from '../../conversation/sample-items.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { MemoryInArrays } from '../../support/memory-in-arrays.ts';
import { ALICE, add, along, BOB, DAY_MS, home, idOf, memory, SPACE } from '../sample-memories.ts';

/** A store whose searches wait until the test lets them go on. */
class SlowMemory extends MemoryInArrays {
  readonly vectors: (Float32Array | null)[] = [];
  readonly touched: { readonly ids: readonly string[]; readonly atMs: number }[] = [];
  profileReads = 0;
  gate: Promise<void> = Promise.resolve();
  failure: Error | null = null;

  override async search(owner: Owner, query: MemoryQuery, signal: AbortSignal) {
    this.vectors.push(query.vector);
    await this.#open(signal);
    return await super.search(owner, query, signal);
  }

  override async profile(owner: Owner, signal?: AbortSignal) {
    this.profileReads++;
    await this.#open(signal);
    return await super.profile(owner);
  }

  override async touch(owner: Owner, ids: readonly string[], atMs: number) {
    this.touched.push({ ids, atMs });
    if (this.failure) throw this.failure;
    await super.touch(owner, ids, atMs);
  }

  async #open(signal?: AbortSignal): Promise<void> {
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    signal?.addEventListener('abort', () => reject(new Error('given up')), { once: true });
    await Promise.race([this.gate, aborted]);
    if (this.failure) throw this.failure;
  }
}

const NOTHING = { text: '', conversationId: null };

let clock: ManualClock;
let store: SlowMemory;
let said: OutboxItem[];
let embedQuery: (text: string, signal: AbortSignal) => Promise<Float32Array | null>;
let keeper: MemoryKeeper;
let turns: TurnMemory;

beforeEach(async () => {
  clock = new ManualClock();
  store = new SlowMemory();
  said = [];
  embedQuery = async () => null;
  keeper = new MemoryKeeper({
    store,
    vectors: { embedQuery: (text, signal) => embedQuery(text, signal) },
    clock,
    ids: { next: (prefix) => `${prefix}_1` },
    onChanged: (owner, isRemoval) => turns.changed(owner, isRemoval),
  });
  const recentlySaid = new RecentlySaid({ newestOf: async () => said });
  turns = new TurnMemory({ keeper, said: recentlySaid, clock });
  await keeper.apply(ALICE, [add(home(1, 'Berlin')), add(memory(2, 'The user has a dog, Bruno.'))]);
});

const ask = (text: string, conversationId: string | null = 'now', owner = ALICE) =>
  turns.recall(owner, { text, conversationId });
const textsOf = ({ memories }: { readonly memories: readonly { readonly text: string }[] }) =>
  memories.map(({ text }) => text);

function waiting(id: string, text: string, conversationId = 'earlier'): OutboxItem {
  return { conversationId, item: userSays(id, text), stage: 'noted' };
}

describe('a question', () => {
  it('is searched the first time, and known when it is asked again in about the same words', async () => {
    const first = await ask('Berlin where do I live?');
    expect(first).toMatchObject({ source: 'search', memories: [{ id: idOf(1), kind: 'fact' }] });
    expect(textsOf(first)).toEqual(['The user lives in Berlin.']);
    const again = await ask('Um, Berlin, where do I live');
    expect(again).toEqual({ ...first, source: 'cache' });
    expect(store.searches).toHaveLength(1);
  });

  it('is searched again after a write', async () => {
    await ask('The user lives in what city?');
    await keeper.apply(ALICE, [add(home(3, 'Oslo'))]);
    const found = await ask('The user lives in what city?');
    expect(found.source).toBe('search');
    expect(textsOf(found)).toContain('The user lives in Oslo.');
    expect(textsOf(found)).not.toContain('The user lives in Berlin.');
  });

  it('without content asks nobody', async () => {
    expect(await ask('Um, okay.')).toEqual({ memories: [], source: 'none' });
    expect(store.searches).toEqual([]);
  });

  it('is answered with eight memories at most', async () => {
    const cats = Array.from({ length: 30 }, (_, i) =>
      add(memory(100 + i, `Cat number ${i} is called Tom ${i}.`)),
    );
    await keeper.apply(ALICE, cats);
    expect((await ask('Tell me of the cat called Tom')).memories).toHaveLength(8);
  });

  it.each([
    'What do you know about me?',
    'what did you learn about me so far',
    'Where is my boat?\nWho am I?',
    'Can you tell me everything that you remember about me',
    'Tell me about myself.',
  ])('about everything is answered with what matters most: %s', async (question) => {
    await keeper.apply(ALICE, [
      add(memory(5, 'The user is allergic to nuts.', { importance: 1 })),
      ...Array.from({ length: 30 }, (_, i) => add(memory(100 + i, `Remark ${i}.`, { importance: 0.1 }))),
    ]);
    const found = textsOf(await ask(question));
    expect(found).toHaveLength(20);
    expect(found[0]).toBe('The user is allergic to nuts.');
    expect(found).toContain('The user has a dog, Bruno.');
  });

  it.each([
    'What do you know about dogs?',
    'What does my boss know about me?',
    'Who am I to judge?',
  ])('about something is not: %s', async (question) => {
    await ask(question);
    expect(store.searches).toHaveLength(1);
  });

  it('of one person is never answered with what is known of another', async () => {
    await ask('The user lives where?');
    expect(await ask('The user lives where?', 'now', BOB)).toEqual({ memories: [], source: 'search' });
  });
});

describe('what was said and is no memory yet', () => {
  it('is recalled behind the memories, also when these are cached', async () => {
    said = [waiting('i', 'The vet says Bruno is fine.')];
    const first = await ask('How is my dog Bruno?');
    expect(textsOf(first)).toEqual(['The user has a dog, Bruno.', 'The vet says Bruno is fine.']);
    expect(first.memories[1]).toEqual({
      id: null,
      kind: 'said',
      text: 'The vet says Bruno is fine.',
      validAtMs: START_MS,
      score: expect.any(Number),
    });
    expect(await ask('How is my dog Bruno?')).toEqual({ ...first, source: 'cache' });
  });

  it('is left out when it was said in this conversation, which the model knows', async () => {
    said = [waiting('i', 'Bruno is ill.', 'now'), waiting('j', 'Bruno is well.', 'earlier')];
    expect(textsOf(await ask('Bruno?', 'now'))).toEqual(['The user has a dog, Bruno.', 'Bruno is well.']);
    expect(textsOf(await ask('Bruno?', null))).toHaveLength(3);
  });

  it('is found however much about it was said in this conversation', async () => {
    const here = Array.from({ length: 50 }, (_, i) => waiting(`h${i}`, 'Is Bruno the dog ill?', 'now'));
    said = [...here, waiting('e', 'Bruno sleeps.', 'earlier')];
    expect(textsOf(await ask('Is Bruno the dog ill?', 'now'))).toContain('Bruno sleeps.');
  });

  it('is left out when a memory was learned from it', async () => {
    said = [waiting('item_2', 'I have a dog, Bruno.')];
    expect(textsOf(await ask('Bruno'))).toEqual(['The user has a dog, Bruno.']);
  });

  it('is told all the same when more was said there than was learned, and that is asked for', async () => {
    said = [waiting('item_2', 'I have a dog, Bruno, and my husband Arjun walks him.')];
    expect(textsOf(await ask('Who is my husband?'))).toEqual([
      'I have a dog, Bruno, and my husband Arjun walks him.',
    ]);
    expect(textsOf(await ask('Who walks my dog Bruno?'))).toHaveLength(2);
    expect(textsOf(await ask('Who is Bruno?'))).toEqual(['The user has a dog, Bruno.']);
  });

  it('is three messages at most', async () => {
    said = Array.from({ length: 10 }, (_, i) => waiting(`i${i}`, `Bruno ${i}`));
    expect((await ask('Bruno')).memories).toHaveLength(1 + 3);
  });
});

describe('a search that takes too long', () => {
  it('leaves the newest earlier answer to the turn, and none to somebody who never asked', async () => {
    const earlier = await ask('Where is Berlin?');
    expect(turns.stale(ALICE, NOTHING)).toEqual({ memories: earlier.memories, source: 'stale' });
    expect(turns.stale(BOB, NOTHING)).toEqual({ memories: [], source: 'none' });
  });

  it('leaves what was said elsewhere, which nobody has to be asked for', async () => {
    said = [waiting('i1', 'Bruno has hurt his paw')];
    store.failure = new Error('away');
    const question = { text: 'How is Bruno?', conversationId: 'conv_here' };
    await expect(turns.recall(ALICE, question)).rejects.toThrow('away');
    expect(turns.stale(ALICE, question)).toEqual({
      source: 'stale',
      memories: [expect.objectContaining({ id: null, kind: 'said', text: 'Bruno has hurt his paw' })],
    });
    const there = { ...question, conversationId: said[0]?.conversationId ?? null };
    expect(turns.stale(ALICE, there).memories).toEqual([]);
  });

  it('goes on, and is there for the next turn', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    store.gate = promise;
    // The turn goes on without it: nobody waits for this any more.
    void ask('Where is Bruno?');
    await clock.advance(500);
    resolve();
    await clock.settle();
    expect((await ask('Where is Bruno?')).source).toBe('cache');
    expect(store.searches).toHaveLength(1);
  });

  it('is given up after two seconds', async () => {
    store.gate = new Promise(() => undefined);
    const asked = ask('Where is Bruno?').catch((error: unknown) => error);
    await clock.advance(2_000);
    expect(await asked).toBeInstanceOf(Error);
    store.gate = Promise.resolve();
    expect((await ask('Where is Bruno?')).source).toBe('search');
    expect(clock.pending).toBe(0);
  });

  it('fails the recall, and no later one', async () => {
    store.failure = new Error('down');
    await expect(ask('Where is Bruno?')).rejects.toThrow('down');
    store.failure = null;
    expect((await ask('Where is Bruno?')).source).toBe('search');
  });

  it('has no stale answer with what its owner has removed', async () => {
    await ask('Where is Bruno?');
    await keeper.delete(ALICE, idOf(2));
    expect(turns.stale(ALICE, NOTHING)).toEqual({ memories: [], source: 'none' });
    expect(turns.staleProfile(ALICE)).toEqual([]);
  });
});

describe('the vector of a question', () => {
  it('is compared when it comes in time', async () => {
    await store.useSpace(SPACE);
    await store.setVectors([
      { owner: ALICE, id: idOf(2), text: 'The user has a dog, Bruno.', vector: along(0) },
    ]);
    embedQuery = async () => along(0);
    expect(textsOf(await ask('my pet'))).toEqual(['The user has a dog, Bruno.']);
    expect(clock.pending).toBe(0);
  });

  it('is not waited for longer than 120 ms: then words alone decide', async () => {
    embedQuery = () => new Promise(() => undefined);
    const asked = ask('Where is Bruno?');
    await clock.advance(119);
    expect(store.vectors).toEqual([]);
    await clock.advance(1);
    expect(textsOf(await asked)).toEqual(['The user has a dog, Bruno.']);
    expect(store.vectors).toEqual([null]);
  });
});

describe('words that are still being said', () => {
  it('are looked for before the turn begins, so that the turn need not', async () => {
    turns.prefetch(ALICE, 'Where is my dog Bruno');
    await clock.settle();
    expect((await ask('Where is my dog Bruno?')).source).toBe('cache');
    expect(store.searches).toHaveLength(1);
  });

  it('are not searched twice when the turn begins meanwhile', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    store.gate = promise;
    turns.prefetch(ALICE, 'Where is my dog Bruno');
    const asked = ask('Where is my dog Bruno?');
    resolve();
    expect(textsOf(await asked)).toEqual(['The user has a dog, Bruno.']);
    expect(store.searches).toHaveLength(1);
    expect(turns.counters).toMatchObject({ misses: 1, shared: 1 });
  });

  it('are not looked for while there is only one that tells something', () => {
    turns.prefetch(ALICE, 'Bruno');
    turns.prefetch(ALICE, 'Well, okay, hello');
    expect(store.vectors).toEqual([]);
  });

  it('bother nobody when they cannot be looked for', async () => {
    store.failure = new Error('down');
    turns.prefetch(ALICE, 'Where is Bruno');
    await clock.settle();
    expect(turns.counters.failures).toBe(1);
  });
});

describe('what was given to a model', () => {
  const used = (...ids: (string | null)[]) =>
    turns.used(ALICE, {
      memories: ids.map((id) => ({ id, kind: 'fact', text: 't', validAtMs: 0, score: 1 })),
      source: 'search',
    });

  it('is noted once a day', async () => {
    used(idOf(1), idOf(2), null);
    used(idOf(1));
    await clock.advance(DAY_MS - 1);
    used(idOf(1));
    expect(store.touched).toEqual([{ ids: [idOf(1), idOf(2)], atMs: clock.nowMs() - DAY_MS + 1 }]);
    await clock.advance(1);
    used(idOf(1));
    expect(store.touched.at(-1)).toEqual({ ids: [idOf(1)], atMs: clock.nowMs() });
    expect((await keeper.get(ALICE, idOf(1))).lastUsedAtMs).toBe(clock.nowMs());
  });

  it('is noted with the next use when it could not be', async () => {
    store.failure = new Error('down');
    used(idOf(1));
    await clock.settle();
    store.failure = null;
    used(idOf(1));
    expect(store.touched).toHaveLength(2);
  });

  it('makes no cached answer useless', async () => {
    const found = await ask('Where is Bruno?');
    turns.used(ALICE, found);
    await clock.settle();
    expect((await ask('Where is Bruno?')).source).toBe('cache');
  });
});

describe('who the person is', () => {
  const NAME = add(
    memory(7, "The user's name is Alice.", { kind: 'profile', attribute: 'name', value: 'Alice' }),
  );

  it('is read once, until something is written', async () => {
    await keeper.apply(ALICE, [NAME]);
    const known = await turns.profile(ALICE);
    expect(known).toMatchObject([
      { id: idOf(7), kind: 'profile', text: "The user's name is Alice.", score: 1 },
    ]);
    expect(await turns.profile(ALICE)).toBe(known);
    expect(store.profileReads).toBe(1);
    expect(await turns.profile(BOB)).toEqual([]);
    await keeper.edit(ALICE, idOf(7), { text: "The user's name is Alicia." });
    expect(await turns.profile(ALICE)).toMatchObject([{ text: "The user's name is Alicia." }]);
  });

  it('is known from before while it cannot be read', async () => {
    await keeper.apply(ALICE, [NAME]);
    await turns.profile(ALICE);
    store.failure = new Error('down');
    await keeper.apply(ALICE, [add(memory(8, 'The user likes tea.'))]);
    await expect(turns.profile(ALICE)).rejects.toThrow('down');
    expect(turns.staleProfile(ALICE)).toMatchObject([{ text: "The user's name is Alice." }]);
    expect(turns.staleProfile(BOB)).toEqual([]);
  });
});

it('nothing is left of who wants to be forgotten', async () => {
  await ask('Where is Bruno?');
  await turns.profile(ALICE);
  turns.forget(ALICE);
  expect(turns.stale(ALICE, NOTHING)).toEqual({ memories: [], source: 'none' });
  expect(turns.staleProfile(ALICE)).toEqual([]);
  expect(turns.counters.entries).toBe(0);
});
