import { beforeEach, describe, expect, it } from 'vitest';
import type { Owner } from '../../../src/conversation/store.ts';
import { VivavoceError } from '../../../src/errors.ts';
import { ChangeApplier } from '../../../src/memory/learning/change-applier.ts';
import type { MemoryChange } from '../../../src/memory/memory.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { MemoryInArrays } from '../../support/memory-in-arrays.ts';
import { ALICE, add, BOB, EVERYTHING, home, memory, texts } from '../sample-memories.ts';
import { OutboxInArrays } from './outbox-in-arrays.ts';

const DOWN = new VivavoceError('engine_unavailable', 'no connection');
const BROKEN = new VivavoceError('engine_failed', 'broken');

let clock: ManualClock;
let outbox: OutboxInArrays;
let store: MemoryInArrays;
let apply: (owner: Owner, changes: readonly MemoryChange[]) => ReturnType<MemoryInArrays['apply']>;
let attempts: string[];
let failed: string[];
let applier: ChangeApplier;

beforeEach(() => {
  clock = new ManualClock();
  outbox = new OutboxInArrays();
  store = new MemoryInArrays();
  attempts = [];
  failed = [];
  apply = (owner, changes) => store.apply(owner, changes);
  applier = new ChangeApplier({
    outbox,
    apply: (owner, changes) => {
      attempts.push(`${owner.user}: ${changes.map(textOf).join(' ')}`);
      return apply(owner, changes);
    },
    clock,
    onFailed: (error, isLost) => failed.push(`${isLost ? 'lost' : 'waits'}: ${error}`),
  });
});

function textOf(change: MemoryChange): string {
  return change.type === 'add' ? (change.memory.value ?? change.memory.text) : change.type;
}

function decide(owner: Owner, ...changes: MemoryChange[]): void {
  outbox.decide(owner, JSON.stringify(changes));
}

async function applied(): Promise<void> {
  applier.wake();
  await clock.settle();
}

const held = async (owner: Owner) => texts((await store.list(owner, EVERYTHING)).data);

describe('what was decided', () => {
  it('is applied in the order in which it was decided, and leaves the outbox', async () => {
    decide(ALICE, add(home(1, 'Berlin')));
    decide(BOB, add(home(2, 'Rome')));
    decide(ALICE, add(home(3, 'Oslo')));
    await applied();
    expect(attempts).toEqual(['alice: Berlin', 'bob: Rome', 'alice: Oslo']);
    expect(await outbox.decided(10)).toEqual([]);
    expect(failed).toEqual([]);
  });

  it('meanwhile is applied too, and one at a time', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    apply = async (owner, changes) => {
      await promise;
      return await store.apply(owner, changes);
    };
    decide(ALICE, add(home(1, 'Berlin')));
    await applied();
    decide(BOB, add(home(2, 'Rome')));
    await applied();
    expect(attempts).toHaveLength(1);
    resolve();
    await applier.idle();
    expect(attempts).toHaveLength(2);
  });

  it('is all applied, however much there is', async () => {
    for (let i = 0; i < 350; i++) decide(ALICE, add(memory(i, `Fact ${i}.`)));
    await applied();
    expect(attempts).toHaveLength(350);
    expect(await outbox.decided(10)).toEqual([]);
  });
});

describe('while the memory cannot be reached', () => {
  it('changes wait, are not tried for everybody, and arrive afterwards once and in order', async () => {
    apply = async () => {
      throw DOWN;
    };
    decide(ALICE, add(home(1, 'Berlin')));
    decide(BOB, add(home(2, 'Rome')));
    decide(ALICE, add(home(3, 'Oslo')));
    await applied();
    expect(attempts).toEqual(['alice: Berlin']);
    expect(failed).toEqual(['waits: no connection']);
    apply = (owner, changes) => store.apply(owner, changes);
    await clock.advance(500);
    expect(attempts).toEqual(['alice: Berlin', 'alice: Berlin', 'bob: Rome', 'alice: Oslo']);
    expect(await held(ALICE)).toEqual(['The user lives in Berlin.', 'The user lives in Oslo.']);
  });

  it('it is not asked more often because more is decided', async () => {
    apply = async () => {
      throw DOWN;
    };
    for (let i = 0; i < 20; i++) {
      decide(ALICE, add(home(i, `City ${i}`)));
      await applied();
    }
    expect(attempts).toHaveLength(1);
    await clock.advance(500 + 1_000);
    expect(attempts).toHaveLength(3);
  });

  it('what was applied and could not be answered is not there twice', async () => {
    apply = async (owner, changes) => {
      await store.apply(owner, changes);
      throw new VivavoceError('engine_timeout', 'no answer');
    };
    decide(ALICE, add(home(1, 'Berlin')), add(memory(2, 'The user has a dog.')));
    decide(ALICE, add(home(3, 'Oslo')));
    await applied();
    apply = (owner, changes) => store.apply(owner, changes);
    await clock.advance(500);
    expect(await held(ALICE)).toEqual([
      'The user lives in Berlin.',
      'The user has a dog.',
      'The user lives in Oslo.',
    ]);
    expect((await store.list(ALICE, { ...EVERYTHING, withHistory: false })).data).toHaveLength(2);
  });

  it('nor is what was applied and could not be noted', async () => {
    outbox.failures.applied = new Error('disk full');
    decide(ALICE, add(home(1, 'Berlin')));
    await applied();
    delete outbox.failures.applied;
    await clock.advance(500);
    expect(attempts).toHaveLength(2);
    expect(await held(ALICE)).toHaveLength(1);
    expect(await outbox.decided(10)).toEqual([]);
  });
});

describe('a change that fails for itself', () => {
  it('holds up what follows of the same person, and nobody else', async () => {
    apply = async (owner, changes) => {
      if (changes.some((change) => textOf(change) === 'Berlin')) throw BROKEN;
      return await store.apply(owner, changes);
    };
    decide(ALICE, add(home(1, 'Berlin')));
    decide(ALICE, add(home(2, 'Oslo')));
    decide(BOB, add(home(3, 'Rome')));
    await applied();
    expect(await held(BOB)).toEqual(['The user lives in Rome.']);
    expect(await held(ALICE)).toEqual([]);
    expect(failed).toEqual(['waits: broken']);
    apply = (owner, changes) => store.apply(owner, changes);
    await clock.advance(500);
    expect(await held(ALICE)).toEqual(['The user lives in Berlin.', 'The user lives in Oslo.']);
  });
});

describe('a change that no store will ever take', () => {
  const refuse = async (owner: Owner, changes: readonly MemoryChange[]) => {
    if (changes.some((change) => textOf(change) === 'Poison'))
      throw new VivavoceError('invalid_request', 'memory.text must be valid');
    return await store.apply(owner, changes);
  };

  it('is left out and told, and those that were decided with it are applied', async () => {
    apply = refuse;
    decide(ALICE, add(home(1, 'Berlin')), add(memory(2, 'Poison')), add(memory(3, 'The user has a dog.')));
    decide(ALICE, add(memory(4, 'The user has a cat.')));
    await applied();
    expect(failed).toEqual(['lost: memory.text must be valid']);
    expect(await held(ALICE)).toEqual([
      'The user lives in Berlin.',
      'The user has a dog.',
      'The user has a cat.',
    ]);
    expect(await outbox.decided(10)).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it.each(['{not JSON', '{}', 'null'])('and what nobody can read, %s, neither', async (changes) => {
    outbox.decide(ALICE, changes);
    decide(ALICE, add(home(1, 'Berlin')));
    await applied();
    expect(failed).toMatchObject([expect.stringContaining('lost: ')]);
    expect(await held(ALICE)).toEqual(['The user lives in Berlin.']);
  });
});

describe('a person who is paused', () => {
  it('gets nothing applied until that ends, while others do', async () => {
    const paused = await applier.pause(ALICE);
    decide(ALICE, add(home(1, 'Berlin')));
    decide(BOB, add(home(2, 'Rome')));
    await applied();
    expect(attempts).toEqual(['bob: Rome']);
    paused[Symbol.dispose]();
    await clock.settle();
    expect(attempts).toEqual(['bob: Rome', 'alice: Berlin']);
  });

  it('has nothing under way when the pause begins, and nothing that waited behind it', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    apply = async (owner, changes) => {
      await promise;
      return await store.apply(owner, changes);
    };
    decide(ALICE, add(home(1, 'Berlin')));
    decide(ALICE, add(home(2, 'Oslo')));
    await applied();
    let isPaused = false;
    const pausing = applier.pause(ALICE).then(() => {
      isPaused = true;
    });
    await clock.settle();
    expect(isPaused).toBe(false);
    resolve();
    await pausing;
    expect(attempts).toEqual(['alice: Berlin']);
  });
});

it('an applier that is disposed ends what it does, begins nothing more, and leaves no timer', async () => {
  apply = async () => {
    throw DOWN;
  };
  decide(ALICE, add(home(1, 'Berlin')));
  await applied();
  await applier[Symbol.asyncDispose]();
  expect(clock.pending).toBe(0);
  await applied();
  expect(attempts).toHaveLength(1);
});
