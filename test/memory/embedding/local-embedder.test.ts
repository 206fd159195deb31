import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { isAbort } from '../../../src/errors.ts';
import {
  DEFAULT_LOCAL_MODEL,
  LocalEmbedder,
  type LocalOptions,
} from '../../../src/memory/embedding/local-embedder.ts';
import { localModel } from '../../../src/memory/embedding/local-embedding-files.ts';
import { LocalEmbeddingModel } from '../../../src/memory/embedding/local-embedding-model.ts';
import { ModelFiles } from '../../../src/speech/model-files.ts';
import { type TempDir, tempDir } from '../../conversation/temp-dir.ts';
import { HubServer, refuse, sendSlowly } from '../../support/hub-server.ts';
import { tinyEmbeddingModel } from '../../support/tiny-embedding-model.ts';
import { type ModelFileSet, writeModel } from '../../support/tiny-speech-models.ts';

const never = new AbortController().signal;
const NOWHERE = 'http://127.0.0.1:1';

let dir: TempDir;

beforeEach(async () => {
  dir = await tempDir();
});
afterEach(() => dir[Symbol.asyncDispose]());

function embedder(options: Partial<LocalOptions> = {}, hubUrl = NOWHERE): LocalEmbedder {
  const models = { modelsDir: dir.file('models'), hubUrl, clock: systemClock, attempts: 1 };
  return new LocalEmbedder({
    files: (onProgress) => new ModelFiles({ ...models, onProgress }),
    clock: systemClock,
    mayFetch: true,
    ...options,
  });
}

/** In a folder, probed, and no hub to ask. */
async function installed(name: string, files: ModelFileSet, options: Partial<LocalOptions> = {}) {
  const model = dir.file(name);
  await writeModel(model, files);
  const local = embedder({ model, ...options });
  const status = await local.probe(never);
  return Object.assign(local, { status });
}

function dot(a: Float32Array | undefined, b: Float32Array | undefined): number {
  if (!a || a.length !== b?.length) throw new RangeError('vectors of two lengths');
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}

/** The tiny model knows how much of a text is [an animal, a thing, asked, stored, often]. */
async function meanings(local: LocalEmbedder, text: string, purpose: 'query' | 'document') {
  const [vector = new Float32Array()] = await local.embed([text], purpose, never);
  return [...vector].map((value) => Math.round(value * 100) / 100);
}

describe('the model', () => {
  test('is fetched once, with its progress, loaded, and then there', async () => {
    await using hub = await HubServer.start();
    for (const [path, bytes] of tinyEmbeddingModel()) hub.files.set(`${DEFAULT_LOCAL_MODEL}/${path}`, bytes);
    await using local = embedder({}, hub.url);
    expect(local.space).toBeNull();
    expect(await local.probe(never)).toEqual({
      ...{ part: 'embeddings', engine: 'local', detail: DEFAULT_LOCAL_MODEL, state: 'ready' },
      reason: `${DEFAULT_LOCAL_MODEL} (q8) runs on this machine`,
    });
    expect(local.space).toEqual({ model: `local:${DEFAULT_LOCAL_MODEL}`, dimensions: 5 });

    const asked = hub.requests.length;
    await using again = embedder({ mayFetch: false }, hub.url);
    expect((await again.probe(never)).state).toBe('ready');
    expect(hub.requests).toHaveLength(asked);
  });

  test('that is being fetched is not waited for for ever: a probe says how far it is', async () => {
    await using hub = await HubServer.start();
    for (const [path, bytes] of tinyEmbeddingModel()) hub.files.set(`some/model/${path}`, bytes);
    const half = Promise.withResolvers<void>();
    const rest = Promise.withResolvers<void>();
    hub.answers.push(
      sendSlowly(2, async (piece) => {
        if (piece !== 0) return;
        half.resolve();
        await rest.promise;
      }),
    );
    const due: (() => void)[] = [];
    const clock = {
      ...systemClock,
      after: (_: number, run: () => void) => ({ [Symbol.dispose]: () => undefined, due: due.push(run) }),
    };
    await using local = embedder({ model: 'some/model', clock }, hub.url);
    const probing = local.probe(never);
    await half.promise;
    await expect.poll(() => due.length, { timeout: 10_000 }).toBe(1);
    due[0]?.();
    const status = await probing;
    expect(status.state).toBe('starting');
    expect(status.reason).toMatch(/^some\/model: (looking for its files|fetching config.json: \d+ %)$/);
    rest.resolve();
    expect((await local.probe(never)).state).toBe('ready');
  });

  test('is not fetched when that is not allowed, and found when somebody puts it there', async () => {
    await using local = embedder({ model: 'some/model', mayFetch: false });
    expect(await local.probe(never)).toMatchObject({
      state: 'failed',
      reason: 'there is no embedding model on this machine: EMBEDDINGS=local fetches some/model',
    });
    await writeModel(dir.file('models/some/model'), tinyEmbeddingModel());
    expect((await local.probe(never)).state).toBe('ready');
  });

  test('that cannot be fetched says what to do, and the hub is left alone for a minute', async () => {
    await using hub = await HubServer.start();
    for (const [path, bytes] of tinyEmbeddingModel()) hub.files.set(`some/model/${path}`, bytes);
    hub.answers.push(refuse(503));
    let elapsedMs = 0;
    const clock = { ...systemClock, monotonicMs: () => elapsedMs };
    await using local = embedder({ model: 'some/model', clock }, hub.url);
    const { state, reason } = await local.probe(never);
    expect(state).toBe('failed');
    expect(reason).toContain('set EMBEDDINGS_MODEL to the path of a folder');
    elapsedMs = 59_999;
    expect((await local.probe(never)).state).toBe('failed');
    expect(hub.requests).toHaveLength(1);
    elapsedMs = 60_000;
    expect((await local.probe(never)).state).toBe('ready');
  });

  test('in a local folder is taken as it is, with the weights that are there, and nothing is left in it', async () => {
    await using local = await installed('my-model', tinyEmbeddingModel({ suffix: '' }));
    expect(local.status.reason).toContain('(fp32) runs on this machine');
    expect(await readdir(dir.path)).toEqual(['my-model']);
    expect(await readdir(dir.file('my-model/onnx'))).toHaveLength(1);
  });

  test('that is broken is named with its folder', async () => {
    await writeModel(dir.file('broken'), tinyEmbeddingModel());
    await writeFile(join(dir.file('broken'), 'onnx/model_quantized.onnx'), 'no model');
    await using local = embedder({ model: dir.file('broken') });
    const { state, reason } = await local.probe(never);
    expect(state).toBe('failed');
    expect(reason).toMatch(/cannot be loaded from .*broken: .*delete that folder to fetch it again/);
    await expect(local.embed(['a cat'], 'query', never)).rejects.toMatchObject({
      code: 'engine_unavailable',
    });
  });
});

describe('a text', () => {
  test('has a unit vector, near those of texts that mean the same, whatever is embedded with it', async () => {
    await using local = await installed('plain', tinyEmbeddingModel());
    const [cat, kitten, car] = await local.embed(['The cat sleeps.', 'a KITTEN', 'a car'], 'query', never);
    expect(dot(cat, cat)).toBeCloseTo(1, 5);
    expect(dot(cat, kitten)).toBeGreaterThan(0.9);
    expect(dot(cat, car)).toBeLessThan(0.5);
    expect(await local.embed(['a car'], 'query', never)).toEqual([car]);
  });

  test('gets the prefix that the family of the model wants', async () => {
    await using e5 = await installed('tiny-e5-small', tinyEmbeddingModel());
    const [, , asked = 0, stored] = await meanings(e5, 'cat', 'query');
    expect([asked > 0.5, stored]).toEqual([true, 0]);
    const [, , asks, stores = 0] = await meanings(e5, 'cat', 'document');
    expect([asks, stores > 0.5]).toEqual([0, true]);
  });

  test('longer than the model reads is cut', async () => {
    await using local = await installed('plain', tinyEmbeddingModel());
    const cats = 'cat '.repeat(400);
    expect(await meanings(local, `${cats} car car car`, 'query')).toEqual(
      await meanings(local, cats, 'query'),
    );
  });

  test('is pooled as the model wants: by its family, or as its folder says, or by itself', async () => {
    const vectorOfCat = async (name: string, files: ModelFileSet) => {
      await writeModel(dir.file(name), files);
      const models = new ModelFiles({ modelsDir: dir.path, clock: systemClock });
      const found = await localModel(models, { model: dir.file(name), dtype: null, setting: 'X' }, never);
      const model = await LocalEmbeddingModel.load({ ...found, threads: 1 });
      return [...(await model.embed('cat'))].map((value) => Math.round(value * 100) / 100);
    };
    const plain = tinyEmbeddingModel();
    // [CLS], cat, [SEP]
    expect(await vectorOfCat('minilm', plain)).toEqual([0.33, 0, 0, 0, 0.23]);
    expect(await vectorOfCat('bge-m3', plain)).toEqual([0, 0, 0, 0, 0.5]);
    expect(await vectorOfCat('qwen3-embedding-0.6b', plain)).toEqual([0, 0, 0, 0, 0]);
    const stated = JSON.stringify({ pooling_mode_cls_token: true, pooling_mode_mean_tokens: false });
    const pooling = [['1_Pooling/config.json', new TextEncoder().encode(stated)]] as const;
    expect(await vectorOfCat('says-it', new Map([...plain, ...pooling]))).toEqual([0, 0, 0, 0, 0.5]);
    expect(await vectorOfCat('bge-m3-pooled', tinyEmbeddingModel({ pooled: true }))).toEqual([
      1, 0, 0, 0, 0.7,
    ]);
  });
});

test('a query does not wait behind the documents that came before it', async () => {
  await using local = await installed('slow', tinyEmbeddingModel({ work: 5 }));
  const order: string[] = [];
  const documents = local
    .embed(Array(50).fill('the dog sleeps'), 'document', never)
    .then(() => order.push('documents'));
  await local.embed(['a cat'], 'query', never).then(() => order.push('query'));
  await documents;
  expect(order).toEqual(['query', 'documents']);
});

test('documents that nobody waits for any more end between two texts', async () => {
  await using local = await installed('slow', tinyEmbeddingModel({ work: 20 }));
  const controller = new AbortController();
  const documents = local.embed(Array(100_000).fill('the dog sleeps'), 'document', controller.signal);
  documents.catch(() => {});
  await setImmediate();
  controller.abort();
  await expect(documents).rejects.toSatisfy(isAbort);
  // Behind the others in the line, were they still there.
  expect(await local.embed(['a cat'], 'document', never)).toHaveLength(1);
});

test('a model that has answered keeps no core busy, with several threads either', async () => {
  await using local = await installed('slow', tinyEmbeddingModel({ work: 20 }), { threads: 2 });
  const shares: number[] = [];
  for (let call = 0; call < 4; call++) {
    await local.embed(['a cat'], 'query', never);
    const [before, startedMs] = [process.cpuUsage(), performance.now()];
    // Time of the machine, whose cores would be busy: a pool of threads spins for a while after each run.
    await delay(100);
    const { user, system } = process.cpuUsage(before);
    shares.push((user + system) / 1000 / (performance.now() - startedMs));
  }
  // The least, because this process has other things to do too.
  expect(Math.min(...shares)).toBeLessThan(0.08);
});
