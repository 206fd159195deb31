import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type TempDir, tempDir } from '../conversation/temp-dir.ts';
import type { Point } from '../support/qdrant-point.ts';
import { RunningApp } from '../support/running-app.ts';
import { SkippingClock } from '../support/skipping-clock.ts';
import { ask, connect, memories, PluggedQdrant, say, statusOf, until } from './faulty-memory.ts';

const nomic = { name: 'nomic-embed-text:latest', capabilities: ['embedding'] };
const mxbai = { name: 'mxbai-embed-large:latest', capabilities: ['embedding'] };
const BERLIN = 'The user lives in Berlin.';
const TEA = 'The user likes tea.';

let dir: TempDir;
let qdrant: PluggedQdrant;
let clock: SkippingClock;

beforeEach(async () => {
  dir = await tempDir();
  qdrant = await PluggedQdrant.start();
  clock = new SkippingClock();
});
afterEach(async () => {
  await qdrant[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

function start(model = nomic, env: Readonly<Record<string, string>> = { QDRANT_URL: qdrant.url }) {
  return RunningApp.start({
    folder: dir.path,
    env: { LLM: 'offline', EMBEDDINGS: 'ollama', ...env },
    ollama: { models: [model] },
    clock,
    breakerResetMs: 50,
  });
}

/** The lengths of the vectors of every point, by its words; 0 for one that has none yet. */
function vectorsOf(): Record<string, number[]> {
  const points = [...qdrant.server.database.collections.values()].flatMap((collection): Point[] => [
    ...collection.points.values(),
  ]);
  const byText = Map.groupBy(points, ({ payload }) => payload.text as string);
  return Object.fromEntries(
    [...byText].map(([text, same]) => [text, same.map(({ dense }) => dense.get('dense')?.length ?? 0)]),
  );
}

/** Lets time pass until it is so. */
function later<T>(look: () => Promise<T> | T, isSo: (seen: T) => boolean): Promise<T> {
  return until(async () => {
    clock.skip(50);
    return await look();
  }, isSo);
}

const haveVectors = (wanted: Readonly<Record<string, readonly number[]>>) =>
  later(vectorsOf, (vectors) => JSON.stringify(sorted(vectors)) === JSON.stringify(sorted(wanted)));
const sorted = (record: object) => Object.entries(record).toSorted();
const embeddings = (app: RunningApp, state: 'ready' | 'degraded') =>
  later(
    () => statusOf(app, 'embeddings'),
    (status) => status.state === state,
  );

describe('a server of embeddings', () => {
  test('that does not answer in time costs a turn 120 ms and the meaning, not the words', async () => {
    await using app = await start();
    await embeddings(app, 'ready');
    await say(app, 'I live in Berlin.');
    await haveVectors({ [BERLIN]: [26] });
    app.ollama.embeddings.fault = { kind: 'stall' };
    await using client = await connect(app);
    const turn = await ask(client, 'Where do I live?');
    expect(turn).toMatchObject({
      answer: expect.stringContaining('Berlin'),
      degraded: {},
      recalled: { source: 'search', memories: [{ text: BERLIN }] },
    });
    expect(turn.spansMs.recall).toBeLessThan(1_000);
  });

  test('that fails is told: retrieval is lexical, and what is learned meanwhile gets its vector later', async () => {
    await using app = await start();
    await embeddings(app, 'ready');
    await say(app, 'I live in Berlin.');
    await haveVectors({ [BERLIN]: [26] });
    app.ollama.embeddings.fault = { kind: 'status', status: 500, message: 'the runner has crashed' };
    await using client = await connect(app);
    expect((await ask(client, 'I like tea.')).status).toBe('completed');
    expect((await ask(client, 'Where do I live?')).answer).toContain('Berlin');
    // A question or what was learned is embedded first.
    expect((await embeddings(app, 'degraded')).reason).toMatch(
      /(retrieval is lexical|what is remembered cannot be embedded now).*runner has crashed/,
    );
    expect(vectorsOf()).toEqual({ [BERLIN]: [26], [TEA]: [0] });

    app.ollama.embeddings.fault = null;
    await embeddings(app, 'ready');
    await haveVectors({ [BERLIN]: [26], [TEA]: [26] });
  });

  test('that is away at the start is no reason not to learn', async () => {
    const { url } = qdrant;
    await using app = await start(nomic, { QDRANT_URL: url, OLLAMA_BASE_URL: 'http://127.0.0.1:9' });
    await say(app, 'I live in Berlin.');
    await until(
      () => memories(app),
      (texts) => texts?.length === 1,
    );
    expect(await statusOf(app, 'embeddings')).toMatchObject({
      state: 'degraded',
      reason: expect.stringMatching(/retrieval is lexical.*does not answer/),
    });
    expect((await say(app, 'Where do I live?')).answer).toContain('Berlin');
  });
});

describe('another model after a restart', () => {
  test.each<[string, typeof nomic, number]>([
    ['makes longer vectors', mxbai, 40],
    ['makes other vectors of the same length', mxbai, 26],
    ['has the same name and other vectors', nomic, 12],
  ])('that %s: everything is embedded anew, and each memory is there once', async (_name, model, length) => {
    {
      await using app = await start();
      await embeddings(app, 'ready');
      await say(app, 'I live in Berlin.');
      await say(app, 'I like tea.');
      await haveVectors({ [BERLIN]: [26], [TEA]: [26] });
    }
    await using app = await start(model);
    app.ollama.embeddings.dimensions = length;
    await embeddings(app, 'ready');
    await haveVectors({ [BERLIN]: [length], [TEA]: [length] });
    expect((await memories(app))?.toSorted()).toEqual([TEA, BERLIN].toSorted());
    expect((await say(app, 'Where do I live?')).answer).toContain('Berlin');
  });

  test('in a file does the same', async () => {
    {
      await using app = await start(nomic, {});
      await embeddings(app, 'ready');
      await say(app, 'I live in Berlin.');
      await until(
        () => memories(app),
        (texts) => texts?.length === 1,
      );
    }
    await using app = await start(mxbai, {});
    app.ollama.embeddings.dimensions = 40;
    await later(
      () => app.ollama.requestsTo('/api/embed').flatMap(({ body }) => body.input),
      (texts: string[]) => texts.some((text) => text.includes(BERLIN)),
    );
    await embeddings(app, 'ready');
    expect((await say(app, 'Where do I live?')).answer).toContain('Berlin');
  });
});

test('a collection with vectors of another length is told, and words do until somebody has removed it', async () => {
  {
    await using app = await start();
    await embeddings(app, 'ready');
    await say(app, 'I live in Berlin.');
    await haveVectors({ [BERLIN]: [26] });
  }
  const { collections } = qdrant.server.database;
  const [name = ''] = [...collections.keys()].filter((each) => each.endsWith('-26'));
  Object.assign(collections.get(name)?.params.dense ?? {}, { dense: { size: 7, distance: 'Cosine' } });
  await using app = await start();
  const told = await embeddings(app, 'degraded');
  expect(told.reason).toContain(`${name} has vectors of 7 numbers`);
  expect(told.reason).toMatch(/rename or remove it in Qdrant/);
  const turn = await say(app, 'Where do I live?');
  expect(turn).toMatchObject({ answer: expect.stringContaining('Berlin'), degraded: {} });
  await say(app, 'I like tea.');
  await until(
    () => memories(app),
    (texts) => texts?.includes(TEA) ?? false,
  );
  expect((await statusOf(app)).state).toBe('ready');
});
