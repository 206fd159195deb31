import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type TempDir, tempDir } from '../conversation/temp-dir.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { BROKEN, BUSY, FULL, type QdrantFault } from '../support/qdrant-server.ts';
import { isOfPoints, isSearch, isWrite } from '../support/qdrant-store.ts';
import { RunningApp } from '../support/running-app.ts';
import {
  ask,
  connect,
  hasState,
  knows,
  memories,
  PluggedQdrant,
  say,
  statusOf,
  toldOf,
  traced,
  until,
} from './faulty-memory.ts';

const BERLIN = 'The user lives in Berlin.';
const TEA = 'The user likes tea.';
/** A machine that is busy may be late; nobody waits for a memory that does not come. */
const RECALL_MS = 1_000;

let dir: TempDir;
let qdrant: PluggedQdrant;

beforeEach(async () => {
  dir = await tempDir();
  qdrant = await PluggedQdrant.start();
});
afterEach(async () => {
  await qdrant[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

const start = () =>
  RunningApp.start({
    folder: dir.path,
    env: { LLM: 'offline', QDRANT_URL: qdrant.url },
    breakerResetMs: 50,
  });

const arrived = (...texts: readonly string[]) =>
  until(
    () => qdrant.points,
    (points) => texts.every((text) => points.includes(text)),
  );

describe('Qdrant that is not there', () => {
  test('at the start: people talk, what they say waits, also over a restart, and arrives once', async () => {
    await qdrant.unplug();
    {
      await using app = await start();
      expect(await statusOf(app)).toMatchObject({
        engine: 'qdrant',
        state: 'failed',
        reason: expect.stringMatching(/nothing is lost: Qdrant does not answer .*is it running\?/),
      });
      const turn = await say(app, 'I live in Berlin.');
      expect(turn).toMatchObject({ status: 'completed', answer: expect.stringMatching(/./) });
      expect(turn.degraded).toMatchObject({
        recall: expect.stringMatching(/does not answer/),
        profile: expect.stringMatching(/does not answer/),
      });
    }
    {
      await using app = await start();
      expect((await say(app, 'I like tea.')).status).toBe('completed');
      await qdrant.plug();
      await arrived(BERLIN, TEA);
      await hasState(app, 'ready');
      expect((await say(app, 'Where do I live?')).answer).toContain('Berlin');
    }
    await using _again = await start();
    expect(qdrant.points).toEqual([TEA, BERLIN].toSorted());
  });

  test('from the middle on: what was said waits, and arrives once by itself when it is back', async () => {
    await using app = await start();
    await say(app, 'I live in Berlin.');
    await arrived(BERLIN);
    await using page = await connect(app);
    await qdrant.unplug();
    const turn = await ask(page, 'I like tea.');
    expect(turn.status).toBe('completed');
    expect(Object.keys(turn.degraded)).toEqual(expect.arrayContaining(['recall', 'profile']));
    // Whether reads or writes fail first, and so which status comes with the turn, is a matter of luck.
    await until(
      () => toldOf(page),
      (status) => status?.state === 'failed',
    );
    expect(toldOf(page)).toEqual(await statusOf(app));
    expect(await memories(app)).toBeNull();

    await qdrant.plug();
    await until(
      () => toldOf(page),
      (status) => status?.state === 'ready',
    );
    await arrived(TEA);
    expect(await memories(app)).toEqual([BERLIN, TEA]);
    expect((await ask(page, 'Where do I live?')).degraded).toEqual({});
    expect(qdrant.points).toEqual([BERLIN, TEA].toSorted());
  });

  test('from the middle on: the next turn knows what the one before it was told', async () => {
    await using app = await start();
    await say(app, 'I live in Berlin.');
    await arrived(BERLIN);
    await using page = await connect(app);
    expect((await ask(page, 'Where do I live?')).recalled).toMatchObject({ source: 'search' });
    await qdrant.unplug();
    expect(await ask(page, 'Which tram goes to where I live?')).toMatchObject({
      status: 'completed',
      degraded: { recall: expect.stringMatching(/does not answer|closed the connection/) },
      recalled: {
        source: 'stale',
        memories: expect.arrayContaining([expect.objectContaining({ text: BERLIN })]),
      },
    });
  });

  test('again and again: nothing comes twice, and nothing is missing', async () => {
    await using app = await start();
    await using page = await connect(app);
    const places = ['Berlin', 'Oslo', 'Rome', 'Paris'];
    for (const [n, place] of places.entries()) {
      await qdrant.unplug();
      expect((await ask(page, `I live in ${place}.`)).status).toBe('completed');
      await qdrant.plug();
      // Half of the times it goes away again before it was noticed that it is there.
      if (n % 2 === 1) await knows(app, `The user lives in ${place}.`);
    }
    expect(await memories(app)).toEqual(places.map((place) => `The user lives in ${place}.`));
    expect(qdrant.points).toHaveLength(places.length);
  });
});

describe('Qdrant that', () => {
  const status = (code: number, message: string): QdrantFault => ({ kind: 'status', status: code, message });

  test('is at fault in any way costs turns their memory and nothing else', async () => {
    const faults: [food: string, fault: QdrantFault, reason: RegExp][] = [
      ['tea', { kind: 'reset' }, /closed the connection/],
      ['coffee', { kind: 'lost-answer' }, /closed the connection/],
      ['cake', BROKEN, /500/],
      ['rice', BUSY, /429/],
      ['fish', status(401, 'Invalid API key or JWT'), /Check QDRANT_API_KEY/],
      ['bread', { kind: 'garbage' }, /check QDRANT_URL/],
    ];
    await using app = await start();
    await say(app, 'I live in Berlin.');
    await arrived(BERLIN);
    for (const [food, fault, reason] of faults) {
      qdrant.server.failWith(fault, isOfPoints);
      const turn = await say(app, `I like ${food}.`);
      expect(turn).toMatchObject({ status: 'completed', answer: expect.stringMatching(/./) });
      expect(turn.degraded).toMatchObject({
        recall: expect.stringMatching(reason),
        profile: expect.stringMatching(reason),
      });
      expect(turn.spansMs.recall).toBeLessThan(RECALL_MS);
      expect(await hasState(app, 'failed')).toMatchObject({ reason: expect.stringMatching(reason) });

      qdrant.server.failWith(null);
      await hasState(app, 'ready');
      await arrived(`The user likes ${food}.`);
    }
    const all = [BERLIN, ...faults.map(([food]) => `The user likes ${food}.`)];
    expect(await memories(app)).toEqual(all);
    expect(qdrant.points).toEqual(all.toSorted());
  });

  test('is full can still be read: what is learned waits, and the operator is told what to do', async () => {
    await using app = await start();
    await say(app, 'I live in Berlin.');
    await arrived(BERLIN);
    qdrant.server.failWith(FULL, isWrite);
    for (const words of ['I like tea.', 'I like coffee.', 'I like cake.', 'I like rain.'])
      await say(app, words);
    expect(await hasState(app, 'degraded')).toMatchObject({
      reason: expect.stringMatching(/what is learned waits.*give it more disk/),
    });
    const turn = await say(app, 'Where do I live?');
    expect(turn).toMatchObject({ answer: expect.stringContaining('Berlin'), degraded: {} });
    qdrant.server.failWith(null);
    await arrived(TEA, 'The user likes rain.');
    await hasState(app, 'ready');
    expect(qdrant.points).toHaveLength(5);
  });
});

describe('Qdrant that is slow', () => {
  const words = 'Where do I live?';

  async function startSlowly() {
    const clock = new ManualClock();
    const app = await RunningApp.start({
      folder: dir.path,
      env: { LLM: 'offline', QDRANT_URL: qdrant.url },
      clock,
    });
    await say(app, 'I live in Berlin.');
    await arrived(BERLIN);
    return { app, clock };
  }

  test('is waited for 200 ms, and the next turn has what it found', async () => {
    const { app, clock } = await startSlowly();
    await using _app = app;
    await using client = await connect(app);
    const gate = Promise.withResolvers<void>();
    const searched = Promise.withResolvers<void>();
    qdrant.server.failWith({ kind: 'slow', until: gate.promise }, (request) => {
      if (isSearch(request)) searched.resolve();
      return isSearch(request);
    });
    client.say(words);
    await searched.promise;
    await clock.advance(300);
    const turn = await traced(client);
    expect(turn).toMatchObject({
      status: 'completed',
      degraded: { recall: 'gave up after 200 ms' },
      spansMs: { recall: 200 },
      recalled: { wait_ms: 200 },
    });
    gate.resolve();
    const next = await until(
      () => ask(client, words),
      ({ recalled }) => recalled.source === 'cache',
    );
    expect(next).toMatchObject({ degraded: {}, answer: expect.stringContaining('Berlin') });
    expect((await statusOf(app)).state).toBe('ready');
  });

  test('for ever is left alone soon: turns do not even wait 200 ms for it', async () => {
    const { app, clock } = await startSlowly();
    await using _app = app;
    await using client = await connect(app);
    qdrant.server.failWith({ kind: 'stall' }, isOfPoints);
    let asked = 0;
    const turn = await until(
      async () => {
        client.say(`Where do I live, ${'really '.repeat(++asked)}?`);
        const ended = traced(client);
        let isOver = false;
        void ended.then(() => {
          isOver = true;
        });
        while (!isOver) await clock.advance(50);
        const turn = await ended;
        expect(turn.status).toBe('completed');
        expect(turn.spansMs.recall).toBeLessThanOrEqual(200);
        await clock.advance(2_000);
        return turn;
      },
      ({ spansMs }) => spansMs.recall === 0,
    );
    expect(asked).toBeLessThan(8);
    expect(turn.degraded.recall).toMatch(/left alone .*Last failure/);
    expect(await statusOf(app)).toMatchObject({ state: 'failed', reason: expect.stringMatching(/1500 ms/) });
  });

  test('keeps nobody from stopping the service', async () => {
    const { app } = await startSlowly();
    const writing = Promise.withResolvers<void>();
    qdrant.server.failWith({ kind: 'stall' }, (request) => {
      if (isWrite(request)) writing.resolve();
      return isWrite(request);
    });
    await say(app, 'I like tea.');
    await writing.promise;
    // On a clock that stands still no deadline ends it.
    await app[Symbol.asyncDispose]();
    qdrant.server.failWith(null);
    await using _again = await start();
    await arrived(TEA);
    expect(qdrant.points).toEqual([BERLIN, TEA].toSorted());
  });

  test('at the start is not waited for: people talk before it has opened', async () => {
    qdrant.server.failWith({ kind: 'stall' });
    const clock = new ManualClock();
    let app: RunningApp | undefined;
    const starting = RunningApp.start({
      folder: dir.path,
      env: { LLM: 'offline', QDRANT_URL: qdrant.url },
      clock,
    }).then((started) => {
      app = started;
    });
    await qdrant.server.nextRequest('/');
    while (!app) await clock.advance(50);
    await starting;
    await using _app = app;
    expect(await statusOf(app)).toMatchObject({ state: 'starting' });
    expect(clock.monotonicMs()).toBeLessThan(5_000);
  });
});
