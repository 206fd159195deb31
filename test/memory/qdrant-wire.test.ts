import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { QdrantMemory } from '../../src/memory/qdrant/qdrant-memory.ts';
import { PointOwner } from '../../src/memory/qdrant/stored-memory.ts';
import { QdrantServer } from '../support/qdrant-server.ts';
import { isOfPoints, isSearch, isWrite, openMemory, openOnStandIn, PREFIX } from '../support/qdrant-store.ts';
import {
  ALICE,
  add,
  along,
  BOB,
  EVERYTHING,
  find,
  home,
  idOf,
  memory,
  SPACE,
  START_MS,
} from './sample-memories.ts';

const signal = AbortSignal.timeout(60_000);
const WORDS = `${PREFIX}--words`;
const TEA = 'The user likes tea.';
const never = new AbortController().signal;

/** Everything that somebody can do with their memories, once. */
async function doEverything(store: QdrantMemory, owner: typeof ALICE): Promise<void> {
  const name = memory(3, "The user's name is Ann.", { kind: 'profile', attribute: 'name', value: 'Ann' });
  const vectors = new Map([[idOf(1), along(0)]]);
  await store.apply(owner, [add(home(1, 'Berlin')), add(home(2, 'Oslo')), add(name)], vectors);
  await store.apply(owner, [add(home(4, 'Rome'), [idOf(3)]), { type: 'end', id: idOf(3), atMs: START_MS }]);
  await store.apply(owner, [{ type: 'edit', id: idOf(2), edit: { text: TEA, importance: 1 } }]);
  await find(store, owner, 'Where do I live?', { vector: along(1) });
  await find(store, owner, 'When do I have tea?');
  await find(store, owner, '?', { vector: along(1) });
  await store.profile(owner, signal);
  for (const order of ['asc', 'desc'] as const)
    await store.list(owner, { ...EVERYTHING, order, limit: 1, after: idOf(2) });
  await store.get(owner, idOf(1));
  await store.history(owner, idOf(1));
  await store.touch(owner, [idOf(1)], START_MS);
  const waiting = await store.unembedded(10);
  await store.setVectors(waiting.map((one) => ({ ...one, vector: along(2) })));
  await store.delete(owner, idOf(1));
  await store.eraseAll(owner);
}

// biome-ignore lint/suspicious/noExplicitAny: a request body, looked through as a whole.
type Json = any;

/** Every filter in a body, whatever it is the filter of, but not those within others. */
function filtersIn(body: Json): Json[] {
  if (typeof body !== 'object' || body === null) return [];
  return Object.entries<Json>(body).flatMap(([key, value]) =>
    key === 'filter' || key === 'update_filter' ? [value] : filtersIn(value),
  );
}

/** Every object in a body that selects points: it has to have a filter, or to be a point. */
function selectionsIn(body: Json): Json[] {
  if (body.operations) return body.operations.map((operation: Json) => Object.values(operation)[0]);
  if (body.searches) return body.searches.flatMap(selectionsIn);
  if (body.prefetch) return [body, ...[body.prefetch].flat().flatMap(selectionsIn)];
  return [body];
}

describe('what is sent', () => {
  test('says in every request about points whose they are, upkeep alone excepted', async () => {
    await using opened = await openOnStandIn();
    const { server, store } = opened;
    await store.useSpace(SPACE);
    await doEverything(store, ALICE);
    const { token } = new PointOwner(ALICE);
    const mine = { key: 'owner', match: { value: token } };
    const requests = server.requests.filter(isOfPoints);
    const ofUpkeep = requests.filter(({ body }) => body.filter?.must_not?.[0]?.has_vector === 'dense');
    expect(ofUpkeep).toHaveLength(1);
    expect(requests.length).toBeGreaterThan(20);
    for (const { path, body } of requests.filter((request) => !ofUpkeep.includes(request))) {
      for (const filter of filtersIn(body)) expect(filter.must[0], path).toEqual(mine);
      for (const selection of selectionsIn(body)) {
        const points: Json[] = selection.points ?? [];
        const isOwned = points.length > 0 && points.every(({ payload }) => payload?.owner === token);
        expect(isOwned || filtersIn(selection).length > 0, JSON.stringify(selection)).toBe(true);
      }
    }
  });

  test('is waited for when it is a write', async () => {
    await using opened = await openOnStandIn();
    await doEverything(opened.store, ALICE);
    const writes = opened.server.requests.filter(isWrite);
    expect(writes.length).toBeGreaterThan(4);
    expect(writes.map(({ query }) => query.get('wait'))).toEqual(writes.map(() => 'true'));
  });

  test('comes over kept connections', async () => {
    await using opened = await openOnStandIn();
    for (let i = 0; i < 5; i++) await doEverything(opened.store, ALICE);
    expect(opened.server.requests.length).toBeGreaterThan(80);
    expect(opened.server.connectionCount).toBeLessThan(5);
  });

  test('makes a strict collection whose owners are tenants', async () => {
    await using opened = await openOnStandIn();
    const { server, store } = opened;
    await store.useSpace(SPACE);
    const created = server.requests.filter(
      ({ method, path }) => method === 'PUT' && !path.endsWith('/index'),
    );
    const common = {
      sparse_vectors: { bm25: { modifier: 'idf' } },
      hnsw_config: { m: 0, payload_m: 16 },
      strict_mode_config: {
        enabled: true,
        unindexed_filtering_retrieve: false,
        unindexed_filtering_update: false,
        search_allow_exact: false,
        max_query_limit: 200,
      },
    };
    expect(created.map(({ body }) => body)).toEqual([
      { vectors: {}, ...common },
      { vectors: { dense: { size: 4, distance: 'Cosine' } }, ...common },
    ]);
    const [first] = server.requests.filter(({ path }) => path.endsWith('/index'));
    expect(first?.body).toEqual({ field_name: 'owner', field_schema: { type: 'keyword', is_tenant: true } });
    expect(first?.query.get('wait')).toBe('true');
  });

  test('is one request for a search by words and by meaning, which the server brings together', async () => {
    await using opened = await openOnStandIn();
    const { server, store } = opened;
    await store.useSpace(SPACE);
    await find(store, ALICE, 'likes green tea', { vector: along(1), limit: 7 });
    const searches = server.requests.filter(isSearch);
    expect(searches).toHaveLength(1);
    const { prefetch, query, limit } = searches[0]?.body ?? {};
    expect({ query, limit }).toEqual({ query: { rrf: { k: 60 } }, limit: 7 });
    expect(prefetch.map(({ using, limit }: Json) => [using, limit])).toEqual([
      ['dense', 50],
      ['bm25', 50],
    ]);
    expect(prefetch[0].query).toEqual([0, 1, 0, 0]);
  });

  test('is one request for all that is searched at once', async () => {
    await using opened = await openOnStandIn();
    const { server, store } = opened;
    await store.apply(ALICE, [add(memory(1, TEA))]);
    await store.apply(BOB, [add(memory(1, 'The user likes rum.'))]);
    const found = await Promise.all([
      find(store, ALICE, 'tea'),
      find(store, BOB, 'rum'),
      find(store, BOB, 'tea'),
    ]);
    expect(found.map((one) => one.map(({ memory }) => memory.text))).toEqual([
      [TEA],
      ['The user likes rum.'],
      [],
    ]);
    expect(server.requests.filter(isSearch).map(({ path }) => path)).toEqual([
      `/collections/${WORDS}/points/query/batch`,
    ]);
  });

  test('does not end with the search of somebody who has gone', async () => {
    await using opened = await openOnStandIn();
    const { server, store } = opened;
    await store.apply(ALICE, [add(memory(1, TEA))]);
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    server.failWith({ kind: 'slow', until: answer.promise }, (request) => {
      if (isSearch(request)) asked.resolve();
      return isSearch(request);
    });
    const gone = new AbortController();
    const query = { text: 'tea', vector: null, limit: 5 };
    const left = store.search(ALICE, query, gone.signal);
    const kept = store.search(ALICE, query, never);
    await asked.promise;
    gone.abort();
    await expect(left).rejects.toMatchObject({ code: 'cancelled' });
    answer.resolve();
    expect(await kept).toHaveLength(1);
  });

  test('carries the key of the server, and says what is wrong with it', async () => {
    await using server = await new QdrantServer({ apiKey: 'secret', readOnlyKey: 'peek' }).start();
    const open = (apiKey: string | null) =>
      QdrantMemory.open({ url: server.url, apiKey, clock: systemClock }, signal);
    await using store = await open('secret');
    expect(await store.eraseAll(ALICE)).toBe(0);
    expect(new Set(server.requests.map(({ headers }) => headers['api-key']))).toEqual(new Set(['secret']));
    for (const wrong of [null, 'wrong']) {
      const error = await open(wrong).catch((thrown) => thrown);
      expect(error).toMatchObject({
        code: 'engine_failed',
        message: expect.stringContaining('QDRANT_API_KEY'),
      });
    }
    await using reader = await open('peek');
    await expect(reader.apply(ALICE, [add(memory(1, TEA))])).rejects.toMatchObject({
      code: 'engine_failed',
      message: expect.stringContaining('QDRANT_API_KEY'),
    });
  });
});

describe('a collection that is there already', () => {
  test('is used as it is', async () => {
    await using opened = await openOnStandIn();
    const { server, store } = opened;
    await store.apply(ALICE, [add(memory(1, TEA))]);
    const before = server.requests.length;
    await using again = await openMemory(server);
    expect((await again.get(ALICE, idOf(1)))?.text).toBe(TEA);
    const changes = server.requests
      .slice(before)
      .filter(({ method }) => method !== 'GET' && method !== 'POST');
    expect(changes).toEqual([]);
  });

  test('gets the indexes and the strictness that it lacks', async () => {
    await using opened = await openOnStandIn();
    const collection = opened.server.database.collections.get(WORDS);
    collection?.schema.delete('slot');
    Object.assign(collection?.strict, { enabled: false });
    await using again = await openMemory(opened.server);
    await again.apply(ALICE, [add(home(1, 'Berlin')), add(home(2, 'Oslo'))]);
    expect(collection?.indexes.get('slot')).toBe('keyword');
    expect(collection?.strict.enabled).toBe(true);
  });

  test('is made anew when the server has lost it', async () => {
    await using opened = await openOnStandIn();
    const { server, store } = opened;
    await store.useSpace(SPACE);
    await store.apply(ALICE, [add(memory(1, TEA))]);
    server.database.collections.clear();
    server.database.aliases.clear();
    const learn = () => store.apply(ALICE, [add(memory(1, TEA))]);
    await expect(learn()).rejects.toMatchObject({ code: 'engine_unavailable' });
    expect(await learn()).toMatchObject([{ outcome: 'added' }]);
    expect(await find(store, ALICE, 'tea', { vector: along(0) })).toHaveLength(1);
  });
});

test('will not work with a server that is too old', async () => {
  await using server = await new QdrantServer({ version: '1.15.4' }).start();
  await expect(openMemory(server)).rejects.toMatchObject({
    code: 'engine_failed',
    message: expect.stringContaining('1.16'),
  });
});
