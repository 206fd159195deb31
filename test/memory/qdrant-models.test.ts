import { describe, expect, test } from 'vitest';
import type { EmbeddingSpace } from '../../src/memory/memory-store.ts';
import type { QdrantMemory } from '../../src/memory/qdrant/qdrant-memory.ts';
import type { QdrantServer } from '../support/qdrant-server.ts';
import { openMemory, openOnStandIn, PREFIX } from '../support/qdrant-store.ts';
import {
  ALICE,
  add,
  along,
  BOB,
  EVERYTHING,
  find,
  foundTexts,
  home,
  idOf,
  memory,
  OTHER_ALICE,
  OTHER_SPACE,
  SPACE,
} from './sample-memories.ts';

const [BERLIN, OSLO] = [home(1, 'Berlin'), home(2, 'Oslo')];
const TEA = memory(7, 'The user likes tea.');
const EVERYBODY = [ALICE, BOB, OTHER_ALICE];

function namesOf(server: QdrantServer): string[] {
  return [...server.database.collections.keys()]
    .map((name) => name.replace(/-[0-9a-f]{8}-/, '-#-'))
    .toSorted();
}

async function learn(store: QdrantMemory): Promise<void> {
  await store.useSpace(SPACE);
  for (const owner of EVERYBODY)
    await store.apply(owner, [add(BERLIN), add(OSLO), add(TEA)], new Map([[TEA.id, along(0)]]));
}

/** Embeds what has no vector, until all have one. */
async function embedAll(store: QdrantMemory, { dimensions }: EmbeddingSpace): Promise<number> {
  let embedded = 0;
  for (let some = await store.unembedded(2); some.length > 0; some = await store.unembedded(2)) {
    await store.setVectors(some.map((one) => ({ ...one, vector: new Float32Array(dimensions).fill(1) })));
    embedded += some.length;
  }
  return embedded;
}

async function everything(store: QdrantMemory) {
  return await Promise.all(
    EVERYBODY.map(async (owner) => ({
      list: (await store.list(owner, EVERYTHING)).data,
      history: await store.history(owner, idOf(1)),
      words: (await find(store, owner, 'Oslo')).map(({ memory }) => memory),
    })),
  );
}

async function lists(store: QdrantMemory) {
  return await Promise.all(EVERYBODY.map(async (owner) => (await store.list(owner, EVERYTHING)).data));
}

describe('another embedding model', () => {
  test('has a collection of its own, into which everybody moves, and the old one goes', async () => {
    await using opened = await openOnStandIn();
    const { server, store } = opened;
    await learn(store);
    const before = await everything(store);
    expect(await embedAll(store, SPACE)).toBe(3);
    expect(namesOf(server)).toEqual([`${PREFIX}--fake-four-#-4`]);
    await store.useSpace(OTHER_SPACE);
    expect(namesOf(server)).toEqual([`${PREFIX}--fake-four-#-4`, `${PREFIX}--fake-six-#-6`]);
    expect(await embedAll(store, OTHER_SPACE)).toBe(6);
    expect(namesOf(server)).toEqual([`${PREFIX}--fake-six-#-6`]);
    expect(await everything(store)).toEqual(before);
  });

  test('loses nobody who reads, writes or forgets before their turn to move has come', async () => {
    await using opened = await openOnStandIn();
    const { store } = opened;
    await learn(store);
    await store.useSpace(OTHER_SPACE);
    expect(await foundTexts(store, ALICE, 'tea')).toEqual([TEA.text]);
    await store.apply(BOB, [{ type: 'edit', id: TEA.id, edit: { text: 'The user likes rum.' } }]);
    expect(await store.eraseAll(OTHER_ALICE)).toBe(3);
    await embedAll(store, OTHER_SPACE);
    expect(await foundTexts(store, ALICE, 'tea')).toEqual([TEA.text]);
    expect(await foundTexts(store, BOB, 'likes')).toEqual(['The user likes rum.']);
    expect((await store.list(OTHER_ALICE, EVERYTHING)).data).toEqual([]);
  });

  test('is used on from the next start, without anything said about it', async () => {
    await using opened = await openOnStandIn();
    const { server, store } = opened;
    await learn(store);
    await embedAll(store, SPACE);
    await store.useSpace(OTHER_SPACE);
    await store.apply(ALICE, [add(memory(8, 'The user likes milk.'))]);
    await using again = await openMemory(server);
    const before = await everything(store);
    expect(await everything(again)).toEqual(before);
    await again.useSpace(OTHER_SPACE);
    await embedAll(again, OTHER_SPACE);
    expect(namesOf(server)).toEqual([`${PREFIX}--fake-six-#-6`]);
  });

  test('may be the old one again before everybody has moved', async () => {
    await using opened = await openOnStandIn();
    const { server, store } = opened;
    await learn(store);
    const before = await everything(store);
    await store.useSpace(OTHER_SPACE);
    await store.touch(ALICE, [TEA.id], TEA.createdAtMs);
    await store.touch(ALICE, [TEA.id], TEA.createdAtMs + 1);
    await store.useSpace(SPACE);
    // Whoever did not move still has their vectors.
    expect(await embedAll(store, SPACE)).toBe(4);
    expect(namesOf(server)).toEqual([`${PREFIX}--fake-four-#-4`]);
    expect((await everything(store)).slice(1)).toEqual(before.slice(1));
  });

  test('waits for who is writing, and keeps what they write', async () => {
    await using opened = await openOnStandIn();
    const { server, store } = opened;
    await learn(store);
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    server.failWith({ kind: 'slow', until: answer.promise }, ({ path }) => {
      if (path.endsWith('/points/batch')) asked.resolve();
      return path.endsWith('/points/batch');
    });
    const write = store.apply(ALICE, [add(memory(8, 'The user likes milk.'))]);
    await asked.promise;
    const change = store.useSpace(OTHER_SPACE);
    answer.resolve();
    await Promise.all([write, change]);
    await embedAll(store, OTHER_SPACE);
    expect(await foundTexts(store, ALICE, 'milk')).toEqual(['The user likes milk.']);
  });

  test('loses nothing and doubles nothing, wherever the move is cut off', async () => {
    await using whole = await openOnStandIn();
    await learn(whole.store);
    const wanted = await lists(whole.store);
    const from = whole.server.requests.length;
    await whole.store.useSpace(OTHER_SPACE);
    await embedAll(whole.store, OTHER_SPACE);
    const steps = whole.server.requests.length - from;
    expect(steps).toBeGreaterThan(20);
    // Each third is as good as each: no step is like its neighbours, and all kinds of them come.
    for (let step = 1; step <= steps; step += 3) {
      await using cut = await openOnStandIn();
      const { server, store } = cut;
      await learn(store);
      let left = step;
      // Done, and nobody heard of it; and then the process is gone.
      server.failWith({ kind: 'lost-answer' }, () => --left <= 0);
      await store
        .useSpace(OTHER_SPACE)
        .then(() => embedAll(store, OTHER_SPACE))
        .catch(() => undefined);
      server.failWith(null);
      await using next = await openMemory(server);
      if (step % 2 === 0) await next.useSpace(OTHER_SPACE);
      expect(await lists(next), `after ${step} requests`).toEqual(wanted);
      await next.useSpace(OTHER_SPACE);
      await embedAll(next, OTHER_SPACE);
      expect(await lists(next), `after ${step} requests, moved`).toEqual(wanted);
      expect(namesOf(server)).toEqual([`${PREFIX}--fake-six-#-6`]);
    }
  });
});
