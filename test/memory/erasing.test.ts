import { beforeEach, describe, expect, it } from 'vitest';
import type { Erasure, ErasureLog } from '../../src/conversation/erasure-log.ts';
import type { Owner } from '../../src/conversation/store.ts';
import { Erasing } from '../../src/memory/erasing.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { ALICE, BOB } from './sample-memories.ts';

const PLACES = ['summaries', 'conversations', 'memory', 'caches'];

/** The durable part: a restart finds what is in here. */
class LogInArrays
  implements Pick<ErasureLog, 'requestErasure' | 'findErasure' | 'openErasures' | 'completeErasure'>
{
  readonly erasures: Erasure[] = [];
  readonly failures: Partial<Record<keyof ErasureLog, Error>> = {};

  async requestErasure(owner: Owner, { id, requestedAtMs }: { id: string; requestedAtMs: number }) {
    if (this.failures.requestErasure) throw this.failures.requestErasure;
    const open = this.erasures.find((each) => each.owner.user === owner.user && each.completedAtMs === null);
    if (open) return open;
    const erasure = { id, owner, requestedAtMs, completedAtMs: null };
    this.erasures.push(erasure);
    return erasure;
  }

  async findErasure(owner: Owner, id: string) {
    return this.erasures.find((each) => each.owner.user === owner.user && each.id === id) ?? null;
  }

  async openErasures() {
    if (this.failures.openErasures) throw this.failures.openErasures;
    return this.erasures.filter(({ completedAtMs }) => completedAtMs === null);
  }

  async completeErasure(owner: Owner, id: string, atMs: number) {
    if (this.failures.completeErasure) throw this.failures.completeErasure;
    const index = this.erasures.findIndex((each) => each.owner.user === owner.user && each.id === id);
    const erasure = this.erasures[index];
    if (erasure) this.erasures[index] = { ...erasure, completedAtMs: atMs };
  }
}

let clock: ManualClock;
let log: LogInArrays;
let events: string[];
let erase: (place: string, owner: Owner) => Promise<void>;
let erasing: Erasing;

function start(): Erasing {
  let id = 0;
  return new Erasing({
    log,
    pause: async ({ user }) => {
      events.push(`pause ${user}`);
      return { [Symbol.dispose]: () => events.push(`resume ${user}`) };
    },
    places: PLACES.map((place) => async ({ owner }) => {
      events.push(`${place} of ${owner.user}`);
      await erase(place, owner);
    }),
    clock,
    ids: { next: (prefix) => `${prefix}_${++id}` },
    onFailed: (erasureId, error) => events.push(`${erasureId} failed: ${error}`),
  });
}

beforeEach(() => {
  clock = new ManualClock();
  log = new LogInArrays();
  events = [];
  erase = async () => undefined;
  erasing = start();
});

const whole = (user: string) => [
  `pause ${user}`,
  ...PLACES.map((place) => `${place} of ${user}`),
  `resume ${user}`,
];

function failIn(failing: string, of = ALICE): void {
  erase = async (place, owner) => {
    if (place === failing && owner.user === of.user) throw new Error(`no ${place}`);
  };
}

describe('who wants to be forgotten', () => {
  it('is erased from every place in order, and is not learned about meanwhile', async () => {
    const erasure = await erasing.request(ALICE);
    expect(erasure).toEqual({
      id: 'erase_1',
      owner: ALICE,
      requestedAtMs: clock.nowMs(),
      completedAtMs: null,
    });
    await erasing.idle();
    expect(events).toEqual(whole('alice'));
    expect(await erasing.find(ALICE, 'erase_1')).toMatchObject({ completedAtMs: clock.nowMs() });
    expect(await erasing.find(BOB, 'erase_1')).toBeNull();
  });

  it('gets the one that is under way when they ask again, and another one later', async () => {
    const first = await erasing.request(ALICE);
    expect(await erasing.request(ALICE)).toEqual(first);
    await erasing.idle();
    expect(events).toEqual(whole('alice'));
    expect((await erasing.request(ALICE)).id).not.toBe(first.id);
    await erasing.idle();
    expect(events).toEqual([...whole('alice'), ...whole('alice')]);
  });

  it('is told when that cannot be written down', async () => {
    log.failures.requestErasure = new Error('disk full');
    await expect(erasing.request(ALICE)).rejects.toThrow('disk full');
    expect(events).toEqual([]);
  });

  it('while others are erased is erased too', async () => {
    await Promise.all([erasing.request(ALICE), erasing.request(BOB)]);
    await erasing.idle();
    expect(events).toEqual([...whole('alice'), ...whole('bob')]);
  });
});

describe('a place that cannot be reached', () => {
  it('is tried again with all the others, later and later, until nothing is left', async () => {
    failIn('memory');
    await erasing.request(ALICE);
    await erasing.idle();
    const attempt = ['summaries of alice', 'conversations of alice', 'memory of alice'];
    expect(events).toEqual(['pause alice', ...attempt, 'erase_1 failed: no memory']);
    events = [];
    await clock.advance(500);
    await clock.advance(999);
    expect(events).toEqual([...attempt, 'erase_1 failed: no memory']);
    erase = async () => undefined;
    events = [];
    await clock.advance(1);
    expect(events).toEqual([...attempt, 'caches of alice', 'resume alice']);
    expect(clock.pending).toBe(0);
  });

  it('holds up no other person', async () => {
    failIn('conversations');
    await erasing.request(ALICE);
    await erasing.request(BOB);
    await erasing.idle();
    expect(events).toEqual(expect.arrayContaining(whole('bob')));
    expect(await log.openErasures()).toMatchObject([{ owner: ALICE }]);
  });

  it('keeps the person from being learned about, so that nothing goes that they say from now on', async () => {
    failIn('memory');
    await erasing.request(ALICE);
    await clock.advance(60_000);
    expect(events.filter((event) => /^(pause|resume)/.test(event))).toEqual(['pause alice']);
  });

  it('is no other when it is the log', async () => {
    log.failures.completeErasure = new Error('disk full');
    await erasing.request(ALICE);
    await erasing.idle();
    log.failures.openErasures = new Error('disk full');
    delete log.failures.completeErasure;
    await clock.advance(500);
    expect(events.at(-1)).toBe('unknown failed: disk full');
    delete log.failures.openErasures;
    await clock.advance(1_000);
    expect(await log.openErasures()).toEqual([]);
    expect(events.at(-1)).toBe('resume alice');
  });
});

describe('a restart', () => {
  it('goes on with what is not done, from the first place', async () => {
    erase = () => new Promise(() => undefined);
    await erasing.request(ALICE);
    await clock.settle();
    // The process is gone; nothing but the log is left.
    events = [];
    erase = async () => undefined;
    erasing = start();
    erasing.resume();
    await erasing.idle();
    expect(events).toEqual(whole('alice'));
    expect(await log.openErasures()).toEqual([]);
  });

  it('has nothing to do when all is done', async () => {
    await erasing.request(ALICE);
    await erasing.idle();
    events = [];
    erasing = start();
    erasing.resume();
    await erasing.idle();
    expect(events).toEqual([]);
  });
});

describe('when it is disposed', () => {
  it('it ends with the place that it is at, and the next process does the rest', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    erase = () => promise;
    await erasing.request(ALICE);
    await clock.settle();
    const disposing = erasing[Symbol.asyncDispose]();
    resolve();
    await disposing;
    expect(events).toEqual(['pause alice', 'summaries of alice']);
    expect(await log.openErasures()).toHaveLength(1);
  });

  it('no timer is left', async () => {
    failIn('memory');
    await erasing.request(ALICE);
    await erasing.idle();
    await erasing[Symbol.asyncDispose]();
    expect(clock.pending).toBe(0);
  });
});
