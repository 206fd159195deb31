import { describe, expect, test } from 'vitest';
import type { MemoryChange } from '../../src/memory/memory.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { BROKEN, BUSY, FULL, NOT_READY, type QdrantFault, QdrantServer } from '../support/qdrant-server.ts';
import {
  isOfPoints,
  isSearch,
  isWrite,
  type OpenedQdrant as Opened,
  openMemory,
  openOnStandIn,
} from '../support/qdrant-store.ts';
import type { RecordedRequest } from '../support/recorded-http.ts';
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
  texts,
} from './sample-memories.ts';

const TEA = memory(1, 'The user likes tea.');
const QUERY = { text: 'tea', vector: null, limit: 5 };
const never = new AbortController().signal;

const RESET: QdrantFault = { kind: 'reset' };
const status = (code: number, message: string): QdrantFault => ({ kind: 'status', status: code, message });

describe('what goes wrong', () => {
  test.each<[string, QdrantFault, string, RegExp]>([
    ['a cut connection', RESET, 'engine_unavailable', /closed the connection/],
    ['a cut answer', { kind: 'reset-mid-body' }, 'engine_unavailable', /closed the connection/],
    ['too much to do', BUSY, 'engine_unavailable', /429/],
    ['a server that starts', NOT_READY, 'engine_unavailable', /503.*not ready/],
    ['a server that fails', BROKEN, 'engine_unavailable', /500.*panicked/],
    ['a full disk', FULL, 'engine_failed', /more disk or memory/],
    [
      'a full disk in other words',
      status(500, 'IO Error: No space left on device (os error 28)'),
      'engine_failed',
      /more disk/,
    ],
    ['a page of a proxy', { kind: 'garbage' }, 'engine_failed', /check QDRANT_URL/],
    [
      'another length of vectors',
      status(400, 'Wrong input: Vector dimension error: expected dim: 768, got 4'),
      'engine_failed',
      /expected dim: 768, got 4/,
    ],
    [
      'a request that is wrong',
      status(422, 'Validation error in JSON body: [limit]'),
      'engine_failed',
      /Validation error/,
    ],
    ['a server that gives up', status(408, 'Timeout error: Operation timed out'), 'engine_timeout', /408/],
  ])('is an error that says so: %s', async (_, fault, code, message) => {
    await using opened = await openOnStandIn();
    const { server, store } = opened;
    server.failWith(fault, isOfPoints);
    for (const call of [
      () => find(store, ALICE, 'tea'),
      () => store.apply(ALICE, [add(TEA)]),
      () => store.get(ALICE, TEA.id),
    ])
      await expect(call()).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    server.failWith(null);
    expect(await store.apply(ALICE, [add(TEA)])).toHaveLength(1);
  });

  test('nobody at the address is told so, and not waited for', async () => {
    const server = await new QdrantServer().start();
    const { url } = server;
    await server[Symbol.asyncDispose]();
    await expect(openMemory({ url })).rejects.toMatchObject({
      code: 'engine_unavailable',
      message: expect.stringContaining(`${url} (ECONNREFUSED): is it running?`),
    });
  });

  test('a server that comes back is used again', async () => {
    await using opened = await openOnStandIn();
    const { server, store } = opened;
    await store.apply(ALICE, [add(TEA)]);
    const { port, database } = server;
    await server[Symbol.asyncDispose]();
    await expect(find(store, ALICE, 'tea')).rejects.toMatchObject({ code: 'engine_unavailable' });
    await using _again = await new QdrantServer({ database }).start(port);
    expect(await find(store, ALICE, 'tea')).toHaveLength(1);
  });

  test('a connection that the server closed while it was idle is nothing to notice', async () => {
    await using opened = await openOnStandIn();
    opened.server.failOnce(RESET, isSearch);
    expect(await find(opened.store, ALICE, 'tea')).toEqual([]);
    expect(opened.server.requests.filter(isSearch)).toHaveLength(2);
  });
});

/** Stalls with these requests; resolves with the first of them, and with how it ended. */
function stall(
  server: QdrantServer,
  isMeant: (request: RecordedRequest) => boolean,
): Promise<RecordedRequest> {
  const { promise, resolve } = Promise.withResolvers<RecordedRequest>();
  server.failWith({ kind: 'stall' }, (request) => {
    if (isMeant(request)) resolve(request);
    return isMeant(request);
  });
  return promise;
}

describe('a server that does not answer', () => {
  test('holds up a search no longer than somebody waits for it', async () => {
    await using opened = await openOnStandIn();
    const { server, store } = opened;
    const asked = stall(server, isSearch);
    const waiting = new AbortController();
    const search = store.search(ALICE, QUERY, waiting.signal);
    const { closed } = await asked;
    waiting.abort();
    await expect(search).rejects.toMatchObject({ code: 'cancelled' });
    // Its connection is not left waiting either.
    expect(await closed).toMatchObject({ finished: false });
  });

  test('is not asked any longer when all have gone who asked together', async () => {
    await using opened = await openOnStandIn();
    const asked = stall(opened.server, isSearch);
    const waiting = new AbortController();
    const searches = [1, 2, 3].map(() => opened.store.search(ALICE, QUERY, waiting.signal));
    const settled = Promise.allSettled(searches);
    const { closed } = await asked;
    waiting.abort();
    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(await closed).toMatchObject({ finished: false });
  });

  test('is given up in the end by what nobody gives up', async () => {
    const clock = new ManualClock();
    await using opened = await openOnStandIn(clock);
    const { server, store } = opened;
    const asked = stall(server, isWrite);
    const write = store.apply(ALICE, [add(TEA)]);
    const { closed } = await asked;
    const given = expect(write).rejects.toMatchObject({ code: 'engine_timeout' });
    await clock.advance(30_000);
    await given;
    expect(await closed).toMatchObject({ finished: false });
    // Writes behind it go on.
    server.failWith(null);
    expect(await store.apply(ALICE, [add(TEA)])).toMatchObject([{ outcome: 'added' }]);
    expect(clock.pending).toBe(0);
  });

  test('holds up nobody else', async () => {
    await using opened = await openOnStandIn();
    const { server, store } = opened;
    const asked = stall(
      server,
      (request) => isWrite(request) && JSON.stringify(request.body).includes('"alice"'),
    );
    const write = store.apply(ALICE, [add(TEA)]);
    await asked;
    await store.apply(BOB, [add(TEA)]);
    expect(await find(store, BOB, 'tea')).toHaveLength(1);
    await store[Symbol.asyncDispose]();
    await expect(write).rejects.toMatchObject({ code: 'engine_unavailable' });
  });

  test('does not keep a memory from being closed', async () => {
    await using opened = await openOnStandIn();
    const { server, store } = opened;
    const asked = stall(server, isSearch);
    const search = store.search(ALICE, QUERY, never);
    await asked;
    await store[Symbol.asyncDispose]();
    await expect(search).rejects.toMatchObject({ code: 'engine_unavailable' });
    await expect(store.get(ALICE, idOf(1))).rejects.toMatchObject({ code: 'engine_unavailable' });
  });
});

describe('a write whose answer is lost', () => {
  test('arrives exactly once when it is made again', async () => {
    await using opened = await openOnStandIn();
    const { server, store } = opened;
    const changes = [add(home(2, 'Berlin')), add(TEA)];
    server.failWith({ kind: 'lost-answer' }, isWrite);
    await expect(store.apply(ALICE, changes)).rejects.toMatchObject({ code: 'engine_unavailable' });
    server.failWith(null);
    expect((await store.apply(ALICE, changes)).map(({ outcome }) => outcome)).toEqual(['known', 'known']);
    const kept = texts((await store.list(ALICE, EVERYTHING)).data);
    expect(kept.toSorted()).toEqual([TEA.text, 'The user lives in Berlin.'].toSorted());
  });

  test('erases all the same', async () => {
    await using opened = await openOnStandIn();
    const { server, store } = opened;
    await store.apply(ALICE, [add(TEA)]);
    server.failWith({ kind: 'lost-answer' }, isWrite);
    await expect(store.eraseAll(ALICE)).rejects.toMatchObject({ code: 'engine_unavailable' });
    server.failWith(null);
    expect(await store.eraseAll(ALICE)).toBe(0);
    expect((await store.list(ALICE, EVERYTHING)).data).toEqual([]);
  });
});

describe('a server that dies in the middle of a write', () => {
  const BERLIN = home(1, 'Berlin');
  const CAT = memory(2, 'The user has a cat.');
  const PET = memory(3, 'The user likes animals.');
  const before: readonly MemoryChange[] = [add(BERLIN), add(CAT), add(PET)];
  const OSLO = home(4, 'Oslo');
  const ROME = home(5, 'Rome');
  const changes: readonly MemoryChange[] = [
    add(OSLO, [CAT.id]),
    { type: 'edit', id: PET.id, edit: { text: 'The user likes birds.', importance: 1 } },
    add(ROME),
    add(memory(6, 'The user has a bird.')),
    { type: 'end', id: idOf(6), atMs: ROME.validAtMs + 1 },
  ];

  async function stateOf({ store }: Pick<Awaited<ReturnType<typeof openOnStandIn>>, 'store'>) {
    return {
      all: (await store.list(ALICE, EVERYTHING)).data,
      history: await store.history(ALICE, BERLIN.id),
      words: await find(store, ALICE, 'Which city, and which animals?'),
    };
  }

  async function cutOffAfter(operations: number, write: (store: Opened) => Promise<unknown>) {
    const opened = await openOnStandIn();
    await opened.store.apply(ALICE, before);
    opened.server.failWith({ kind: 'cut-off', after: operations }, isWrite);
    await expect(write(opened)).rejects.toMatchObject({ code: 'engine_unavailable' });
    opened.server.failWith(null);
    return opened;
  }

  test('has the same state as one that did not, when the write is made again', async () => {
    await using whole = await openOnStandIn();
    await whole.store.apply(ALICE, before);
    await whole.store.apply(ALICE, changes);
    const operations: number = whole.server.requests.findLast(isWrite)?.body.operations.length;
    expect(operations).toBeGreaterThan(3);
    const wanted = await stateOf(whole);
    for (let after = 0; after < operations; after++) {
      await using cut = await cutOffAfter(after, ({ store }) => store.apply(ALICE, changes));
      await cut.store.apply(ALICE, changes);
      expect(await stateOf(cut), `after ${after} operations`).toEqual(wanted);
    }
  });

  test('knows at any time where somebody lives, and never nothing', async () => {
    for (const after of [0, 1, 2, 3]) {
      await using cut = await cutOffAfter(after, ({ store }) => store.apply(ALICE, changes));
      expect(await find(cut.store, ALICE, 'Where do I live?')).not.toEqual([]);
    }
  });

  test('finishes what was cut off before it removes what took a place', async () => {
    await using cut = await cutOffAfter(1, ({ store }) => store.apply(ALICE, [add(OSLO)]));
    expect(await cut.store.delete(ALICE, OSLO.id)).toBe(true);
    expect(await cut.store.get(ALICE, BERLIN.id)).toMatchObject({
      invalidAtMs: OSLO.validAtMs,
      supersededBy: null,
    });
  });

  test('has removed a memory whole when that is asked for again', async () => {
    for (const after of [0, 1]) {
      await using cut = await cutOffAfter(after, async ({ store, server }) => {
        server.failWith(null);
        await store.apply(ALICE, [add(OSLO), add(ROME)]);
        server.failWith({ kind: 'cut-off', after }, isWrite);
        await store.delete(ALICE, OSLO.id);
      });
      expect(await cut.store.delete(ALICE, OSLO.id)).toBe(true);
      expect((await cut.store.history(ALICE, BERLIN.id)).map(({ id }) => id)).toEqual([BERLIN.id, ROME.id]);
    }
  });
});

test('a memory of another length is not written over, and says what to do', async () => {
  await using opened = await openOnStandIn();
  const { server, store } = opened;
  await store.useSpace(SPACE);
  const name = [...server.database.collections.keys()].find((one) => one.endsWith('-4')) ?? '';
  Object.assign(server.database.collections.get(name)?.params.dense ?? {}, {
    dense: { size: 7, distance: 'Cosine' },
  });
  await using again = await openMemory(server);
  await expect(again.useSpace(SPACE)).rejects.toMatchObject({
    code: 'engine_failed',
    message: expect.stringContaining(name),
  });
  // Found by their words they are all the same.
  await again.apply(ALICE, [add(TEA)], new Map([[TEA.id, along(0)]]));
  expect(await find(again, ALICE, 'tea', { vector: along(0) })).toHaveLength(1);
});
