import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { isAbort } from '../../../src/errors.ts';
import { BatchingEmbedder, type BatchingOptions } from '../../../src/memory/embedding/batching-embedder.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { ScriptedEmbedder } from '../../support/scripted-embedder.ts';
import { letterVector } from '../../support/scripted-embeddings.ts';

const never = new AbortController().signal;

let clock: ManualClock;
let engine: ScriptedEmbedder;

beforeEach(() => {
  clock = new ManualClock();
  engine = new ScriptedEmbedder();
});

const batching = (options: Partial<BatchingOptions> = {}) =>
  new BatchingEmbedder(engine, { clock, ...options });
const vectorOf = (text: string) => Float32Array.from(letterVector(text, engine.dimensions));
const asked = () => engine.calls.map(({ texts }) => texts);

/** Calls of the engine wait until they are let through, in their order or as the test picks them. */
function gated() {
  const gates: PromiseWithResolvers<void>[] = [];
  engine.onEmbed = ({ signal }) => {
    const gate = Promise.withResolvers<void>();
    gates.push(gate);
    signal.addEventListener('abort', () => gate.reject(signal.reason));
    return gate.promise;
  };
  return {
    async finish(call: number) {
      gates[call]?.resolve();
      await clock.settle();
    },
  };
}

test('what is asked for within three milliseconds is one call, and each gets its own answer', async () => {
  const embedder = batching();
  const one = embedder.embed(['a cat'], 'query', never);
  await clock.advance(2);
  const two = embedder.embed(['a dog', 'the sea'], 'query', never);
  expect(engine.calls).toEqual([]);
  await clock.advance(1);
  expect(asked()).toEqual([['a cat', 'a dog', 'the sea']]);
  expect(await one).toEqual([vectorOf('a cat')]);
  expect(await two).toEqual([vectorOf('a dog'), vectorOf('the sea')]);
  const three = embedder.embed(['a car'], 'query', never);
  await clock.advance(3);
  expect(await three).toEqual([vectorOf('a car')]);
  expect(asked()).toHaveLength(2);
  expect(clock.pending).toBe(0);
});

test('queries and documents do not share a call: they are embedded in different ways', async () => {
  const embedder = batching();
  const both = [embedder.embed(['a cat'], 'query', never), embedder.embed(['a cat'], 'document', never)];
  await clock.advance(3);
  await Promise.all(both);
  expect(engine.calls.map(({ purpose }) => purpose)).toEqual(['query', 'document']);
});

test('equal texts are embedded once, also while they are under way, and nobody shares a buffer', async () => {
  const gate = gated();
  const embedder = batching();
  const early = [
    embedder.embed(['a cat', 'a cat'], 'query', never),
    embedder.embed(['a cat'], 'query', never),
  ];
  await clock.advance(3);
  const late = embedder.embed(['a cat'], 'query', never);
  await clock.advance(3);
  expect(asked()).toEqual([['a cat']]);
  await gate.finish(0);
  const vectors = [...(await Promise.all(early)).flat(), ...(await late)];
  expect(vectors).toEqual(Array(4).fill(vectorOf('a cat')));
  expect(new Set(vectors.map(({ buffer }) => buffer)).size).toBe(4);
});

test('a full batch goes at once, and none is larger', async () => {
  const embedder = batching({ maxBatch: 3 });
  const texts = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
  const all = embedder.embed(texts, 'query', never);
  expect(asked()).toEqual([['a', 'b', 'c'], ['d', 'e', 'f'], ['g']]);
  expect(await all).toEqual(texts.map(vectorOf));
});

test('under load the next batch gathers while so many calls run', async () => {
  const gate = gated();
  const embedder = batching({ maxQueryCalls: 1 });
  void embedder.embed(['a'], 'query', never);
  await clock.advance(3);
  for (const text of ['b', 'c', 'd']) {
    void embedder.embed([text], 'query', never);
    await clock.advance(10);
  }
  await gate.finish(0);
  expect(asked()).toEqual([['a'], ['b', 'c', 'd']]);
});

describe('a caller that gives up', () => {
  test('does not take the others with it', async () => {
    const gate = gated();
    const embedder = batching();
    const controller = new AbortController();
    const impatient = embedder.embed(['a cat'], 'query', controller.signal);
    const patient = embedder.embed(['a cat', 'a dog'], 'query', never);
    await clock.advance(3);
    controller.abort();
    await expect(impatient).rejects.toSatisfy(isAbort);
    await gate.finish(0);
    expect(await patient).toEqual([vectorOf('a cat'), vectorOf('a dog')]);
  });

  test('before the call is not in it', async () => {
    const embedder = batching();
    const controller = new AbortController();
    const gone = embedder.embed(['a cat'], 'query', controller.signal);
    const stays = embedder.embed(['a dog'], 'query', never);
    controller.abort();
    await expect(gone).rejects.toSatisfy(isAbort);
    await clock.advance(3);
    await stays;
    expect(asked()).toEqual([['a dog']]);
  });

  test('and was the only one means no call, and no timer', async () => {
    const controller = new AbortController();
    const gone = batching().embed(['a cat'], 'query', controller.signal);
    controller.abort();
    await expect(gone).rejects.toSatisfy(isAbort);
    await clock.advance(3);
    expect(engine.calls).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  test('as the last of a call aborts it, and who wants the same text then is not harmed', async () => {
    engine.onEmbed = () => new Promise(() => {});
    const embedder = batching();
    const controllers = [new AbortController(), new AbortController()] as const;
    const gone = controllers.map(({ signal }) => embedder.embed(['a cat'], 'query', signal));
    await clock.advance(3);
    const settled = Promise.allSettled(gone);
    controllers[0].abort();
    await clock.settle();
    expect(engine.calls[0]?.signal.aborted).toBe(false);
    controllers[1].abort();
    await settled;
    expect(engine.calls[0]?.signal.aborted).toBe(true);
    // Before the engine has come to its end.
    const again = embedder.embed(['a cat'], 'query', never);
    engine.onEmbed = () => {};
    await clock.advance(3);
    expect(await again).toEqual([vectorOf('a cat')]);
  });
});

describe('documents', () => {
  test('go in small slices, one after the other', async () => {
    const gate = gated();
    const embedder = batching({ documentSlice: 2 });
    const texts = ['a', 'b', 'c', 'd', 'e'];
    const all = embedder.embed(texts, 'document', never);
    await clock.advance(3);
    for (const call of [0, 1, 2]) {
      expect(engine.calls).toHaveLength(call + 1);
      await gate.finish(call);
    }
    expect(asked()).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
    expect(await all).toEqual(texts.map(vectorOf));
  });

  test('let a query go first, which does not wait for them', async () => {
    const gate = gated();
    const embedder = batching({ documentSlice: 1 });
    void embedder.embed(['document 1', 'document 2'], 'document', never);
    await clock.advance(3);
    void embedder.embed(['query'], 'query', never);
    await gate.finish(0);
    expect(asked()).toEqual([['document 1']]);
    await clock.advance(3);
    expect(asked()).toEqual([['document 1'], ['query']]);
    await gate.finish(1);
    expect(asked()).toEqual([['document 1'], ['query'], ['document 2']]);
  });

  test('go on when the query that they have waited for is given up', async () => {
    const embedder = batching();
    const controller = new AbortController();
    const documents = embedder.embed(['document'], 'document', never);
    await clock.advance(2);
    const query = embedder.embed(['query'], 'query', controller.signal);
    query.catch(() => {});
    await clock.advance(1);
    expect(engine.calls).toEqual([]);
    controller.abort();
    await clock.settle();
    await documents;
    expect(asked()).toEqual([['document']]);
  });

  test('do not wait for ever behind queries that do not end', async () => {
    const gate = gated();
    const embedder = batching({ patienceMs: 1_000 });
    void embedder.embed(['query 0'], 'query', never);
    await clock.advance(3);
    void embedder.embed(['document'], 'document', never);
    for (let n = 1; n < 30; n++) {
      void embedder.embed([`query ${n}`], 'query', never);
      await clock.advance(50);
      await gate.finish(n - 1);
    }
    const before = asked().findIndex(([text]) => text === 'document');
    expect(before).toBeGreaterThan(15);
    expect(before).toBeLessThan(25);
  });
});

test('a failure is told to all of its call, and the next call is made as if nothing had been', async () => {
  engine.onEmbed = () => Promise.reject(new Error('out of memory'));
  const embedder = batching();
  const both = Promise.allSettled([
    embedder.embed(['a'], 'query', never),
    embedder.embed(['b'], 'query', never),
  ]);
  await clock.advance(3);
  expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  engine.onEmbed = () => {};
  const again = embedder.embed(['a'], 'query', never);
  await clock.advance(3);
  expect(await again).toEqual([vectorOf('a')]);
});

test('whoever asks what and gives up when, everybody else gets the right answer, and nothing is left', async () => {
  const ask = fc.record({
    texts: fc.array(fc.constantFrom('ab', 'cd', 'ef', 'gh', 'abc', 'xyz'), { maxLength: 5 }),
    purpose: fc.constantFrom('query' as const, 'document' as const),
    atMs: fc.nat(20),
    givesUpAfterMs: fc.option(fc.nat(12)),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(ask, { maxLength: 12 }),
      fc.array(fc.nat(9), { minLength: 1 }),
      async (asks, takes) => {
        const time = new ManualClock();
        const slow = new ScriptedEmbedder();
        slow.onEmbed = ({ signal }) => {
          const { promise, resolve, reject } = Promise.withResolvers<void>();
          time.after(takes[slow.calls.length % takes.length] ?? 0, resolve);
          signal.addEventListener('abort', () => reject(signal.reason));
          return promise;
        };
        const embedder = new BatchingEmbedder(slow, { clock: time, maxBatch: 4, documentSlice: 2 });
        const outcomes = asks.map(async ({ texts, purpose, atMs, givesUpAfterMs }) => {
          const controller = new AbortController();
          const started = Promise.withResolvers<void>();
          time.after(atMs, started.resolve);
          await started.promise;
          if (givesUpAfterMs !== null) time.after(givesUpAfterMs, () => controller.abort());
          try {
            const vectors = await embedder.embed(texts, purpose, controller.signal);
            expect(vectors).toEqual(texts.map((text) => Float32Array.from(letterVector(text, 8))));
          } catch (error) {
            if (!isAbort(error) || givesUpAfterMs === null) throw error;
          }
        });
        await time.advance(5_000);
        await Promise.all(outcomes);
        expect(time.pending).toBe(0);
        for (const { texts, purpose } of slow.calls) {
          expect(texts.length).toBeLessThanOrEqual(purpose === 'query' ? 4 : 2);
          expect(new Set(texts).size).toBe(texts.length);
        }
      },
    ),
    { seed: 4, numRuns: 60 },
  );
});
