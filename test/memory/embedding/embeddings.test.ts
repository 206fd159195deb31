import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EngineStatus } from '../../../src/engine-status.ts';
import { VivavoceError } from '../../../src/errors.ts';
import type { EmbeddedStore } from '../../../src/memory/embedding/backfill.ts';
import { Embeddings } from '../../../src/memory/embedding/embeddings.ts';
import type { EmbeddingSpace, Unembedded } from '../../../src/memory/memory-store.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { ScriptedEmbedder, unavailable } from '../../support/scripted-embedder.ts';
import { letterVector } from '../../support/scripted-embeddings.ts';

const never = new AbortController().signal;
const LEXICAL = 'retrieval is lexical, by words and their stems';
const SECONDS = 1_000;

/** What the embeddings see of a store: texts, each with a vector or without one, in one space at a time. */
class Notes implements EmbeddedStore {
  readonly spaces: (EmbeddingSpace | null)[] = [];
  readonly vectors = new Map<string, Float32Array>();
  readonly texts = new Map<string, string>();
  failure: Error | null = null;
  /** Forgets the vectors that it is given. */
  forgetful = false;
  /** Awaited before a space is taken. */
  gate: Promise<void> = Promise.resolve();

  write(...texts: readonly string[]): this {
    for (const text of texts) this.texts.set(`${this.texts.size}`, text);
    return this;
  }

  async useSpace(space: EmbeddingSpace | null) {
    await this.gate;
    if (this.failure) throw this.failure;
    this.spaces.push(space);
    this.vectors.clear();
  }

  async unembedded(limit: number): Promise<readonly Unembedded[]> {
    if (this.failure) throw this.failure;
    const without = [...this.texts].filter(([id]) => !this.vectors.has(id));
    return without.slice(0, limit).map(([id, text]) => ({ owner: { key: 'local', user: 'ada' }, id, text }));
  }

  async setVectors(entries: readonly (Unembedded & { vector: Float32Array })[]) {
    for (const { id, text, vector } of entries) {
      if (this.texts.get(id) === text && !this.forgetful) this.vectors.set(id, vector);
    }
  }
}

let clock: ManualClock;
let notes: Notes;
let best: ScriptedEmbedder;
let other: ScriptedEmbedder;
let statuses: EngineStatus[];
let embeddings: Embeddings;

beforeEach(() => {
  clock = new ManualClock();
  notes = new Notes();
  best = new ScriptedEmbedder('best');
  other = new ScriptedEmbedder('other');
  statuses = [];
});
afterEach(async () => {
  await embeddings[Symbol.asyncDispose]();
  expect(clock.pending).toBe(0);
});

/** Started, and as far as it gets without time passing. */
async function begin(...embedders: readonly ScriptedEmbedder[]): Promise<void> {
  embeddings = new Embeddings({ embedders, clock, onChange: (status) => void statuses.push(status) });
  embeddings.start(notes);
  for (let n = 0; n < 5; n++) await clock.settle();
}

const numbered = (count: number) => Array.from({ length: count }, (_, n) => `memory ${n}`);
const documents = (embedder: ScriptedEmbedder) =>
  embedder.calls.filter(({ purpose }) => purpose === 'document').map(({ texts }) => texts);

describe('at the start', () => {
  test('nobody waits: questions are answered with null until an embedder has been found', async () => {
    notes.write('Bruno is a dog.');
    embeddings = new Embeddings({ embedders: [best], clock });
    expect(await embeddings.embedQuery('Who is Bruno?', never)).toBeNull();
    embeddings.start(notes);
    expect(embeddings.status()).toMatchObject({
      state: 'starting',
      reason: `looking for an embedding model; until then ${LEXICAL}`,
    });
    expect(await embeddings.embedQuery('Who is Bruno?', never)).toBeNull();
    for (let n = 0; n < 5; n++) await clock.settle();
    expect(await embeddings.embedQuery('Who is Bruno?', never)).toEqual(
      Float32Array.from(letterVector('Who is Bruno?', 8)),
    );
    expect(embeddings.status()).toMatchObject({ engine: 'best', state: 'ready' });
  });

  test('the store gets the space, and then a vector for all that it has', async () => {
    notes.write(...numbered(40));
    await begin(best);
    expect(notes.spaces).toEqual([{ model: 'best:letters', dimensions: 8 }]);
    expect(notes.vectors.get('7')).toEqual(Float32Array.from(letterVector('memory 7', 8)));
    expect(notes.vectors.size).toBe(40);
    expect(documents(best).map(({ length }) => length)).toEqual([16, 16, 8]);
  });

  test('without embedders the store is told so, and the status too', async () => {
    await begin();
    expect(notes.spaces).toEqual([null]);
    expect(embeddings.status()).toEqual({
      ...{ part: 'embeddings', engine: 'none', detail: '', state: 'ready' },
      reason: `${LEXICAL}: EMBEDDINGS=none`,
    });
    expect(await embeddings.embedQuery('Where?', never)).toBeNull();
  });

  test('without one that answers, the reason is what each of them said', async () => {
    best.illness = unavailable('Ollama does not answer');
    other.state = 'failed';
    await begin(best, other);
    expect(embeddings.status()).toMatchObject({
      engine: 'none',
      state: 'degraded',
      reason: `${LEXICAL}: Ollama does not answer; other is failed`,
    });
    expect(notes.spaces).toEqual([]);
  });

  test('a model that is being fetched says how far it is', async () => {
    best.state = 'starting';
    await begin(best);
    expect(embeddings.status()).toMatchObject({
      engine: 'best',
      state: 'starting',
      reason: `best is starting; until then ${LEXICAL}`,
    });
    best.state = 'ready';
    await clock.advance(5 * SECONDS);
    expect(embeddings.status().state).toBe('ready');
  });
});

describe('of several embedders', () => {
  test('the best that answers is taken', async () => {
    await begin(best, other);
    expect(embeddings.space?.model).toBe('best:letters');
    expect(other.probes).toBe(0);
  });

  test('a lesser one is taken only after a better one had some time to come up', async () => {
    best.illness = unavailable();
    await begin(best, other);
    await clock.advance(9 * SECONDS);
    expect(notes.spaces).toEqual([]);
    await clock.advance(1 * SECONDS);
    expect(notes.spaces).toEqual([other.space]);
    expect(embeddings.status()).toMatchObject({ engine: 'other', state: 'ready' });
  });

  test('a better one that appears is taken at once, and all is embedded again', async () => {
    notes.write('Bruno is a dog.');
    best.illness = unavailable();
    await begin(best, other);
    await clock.advance(60 * SECONDS);
    expect(documents(other)).toEqual([['Bruno is a dog.']]);
    best.illness = null;
    await clock.advance(5 * SECONDS);
    expect(notes.spaces).toEqual([other.space, best.space]);
    expect(documents(best)).toEqual([['Bruno is a dog.']]);
    expect(embeddings.status().engine).toBe('best');
  });

  test('one that is away for a while keeps its vectors in the store', async () => {
    notes.write('Bruno is a dog.');
    await begin(best, other);
    best.illness = unavailable();
    await clock.advance(4 * 60 * SECONDS);
    expect(await embeddings.embedQuery('Who?', never)).toBeNull();
    expect(embeddings.status()).toMatchObject({ engine: 'none', state: 'degraded' });
    best.illness = null;
    await clock.advance(10 * SECONDS);
    expect(await embeddings.embedQuery('Who?', never)).not.toBeNull();
    expect(notes.spaces).toHaveLength(1);
    expect(documents(best)).toHaveLength(1);
  });

  test('one that stays away is replaced in the end', async () => {
    await begin(best, other);
    best.illness = unavailable();
    await clock.advance(7 * 60 * SECONDS);
    expect(notes.spaces).toEqual([best.space, other.space]);
    expect(await embeddings.embedQuery('Who?', never)).not.toBeNull();
  });

  test('one that has found another model is another space', async () => {
    notes.write('Bruno is a dog.');
    await begin(best);
    best.dimensions = 13;
    await clock.advance(60 * SECONDS);
    expect(notes.spaces.map((space) => space?.dimensions)).toEqual([8, 13]);
    expect(notes.vectors.get('0')).toHaveLength(13);
  });
});

describe('a question', () => {
  test('is answered with null at the deadline of who asks, and computed all the same', async () => {
    await begin(best);
    const gate = Promise.withResolvers<void>();
    best.onEmbed = () => gate.promise;
    const controller = new AbortController();
    const asked = embeddings.embedQuery('Who?', controller.signal);
    await clock.settle();
    controller.abort();
    expect(await asked).toBeNull();
    expect(best.calls[0]?.signal.aborted).toBe(false);
    await clock.advance(5 * SECONDS);
    expect(best.calls[0]?.signal.aborted).toBe(true);
    gate.resolve();
  });

  test('that fails is answered with null, and the embedder is looked at soon', async () => {
    await begin(best);
    best.onEmbed = () => Promise.reject(unavailable());
    expect(await embeddings.embedQuery('Who?', never)).toBeNull();
    const before = best.probes;
    best.illness = unavailable('Ollama is gone');
    await clock.advance(1 * SECONDS);
    expect(best.probes).toBe(before + 1);
    expect(embeddings.status().reason).toBe(`${LEXICAL}: Ollama is gone`);
  });

  test('without words, or of somebody who is gone already, is not asked', async () => {
    await begin(best);
    expect(await embeddings.embedQuery('  ', never)).toBeNull();
    expect(await embeddings.embedQuery('Who?', AbortSignal.abort())).toBeNull();
    expect(best.calls).toEqual([]);
  });

  test('gets no vector of a space that the store does not use yet, or no more', async () => {
    best.illness = unavailable();
    await begin(best, other);
    await clock.advance(11 * SECONDS);
    const answered = Promise.withResolvers<void>();
    other.onEmbed = () => answered.promise;
    const asked = embeddings.embedQuery('Who?', never);
    const taken = Promise.withResolvers<void>();
    notes.gate = taken.promise;
    best.illness = null;
    await clock.advance(4 * SECONDS);
    expect(embeddings.space).toBeNull();
    expect(await embeddings.embedQuery('Who?', never)).toBeNull();
    answered.resolve();
    expect(await asked).toBeNull();
    taken.resolve();
    await clock.settle();
    expect(await embeddings.embedQuery('Who?', never)).not.toBeNull();
    expect(best.calls).toHaveLength(1);
  });

  test('may change its model between two probes: what another model gives is not compared', async () => {
    await begin(best);
    best.space = { model: 'best:other', dimensions: 8 };
    expect(await embeddings.embedQuery('Who?', never)).toBeNull();
  });
});

test('what is to be remembered can have its vectors at once, or null', async () => {
  await begin(best);
  expect(await embeddings.embedDocuments(['a cat', 'a dog'], never)).toEqual([
    Float32Array.from(letterVector('a cat', 8)),
    Float32Array.from(letterVector('a dog', 8)),
  ]);
  best.onEmbed = () => Promise.reject(unavailable());
  expect(await embeddings.embedDocuments(['a cat'], never)).toBeNull();
});

describe('what is remembered', () => {
  test('is embedded when it is new: at once when told, and otherwise soon', async () => {
    await begin(best);
    notes.write('first');
    embeddings.wake();
    for (let n = 0; n < 3; n++) await clock.settle();
    expect([...notes.vectors.keys()]).toEqual(['0']);
    notes.write('second');
    await clock.advance(30 * SECONDS);
    expect([...notes.vectors.keys()]).toEqual(['0', '1']);
    expect(statuses.map(({ state }) => state)).toEqual(['starting', 'starting', 'ready']);
  });

  test('is embedded at leisure, and the status says how far that is', async () => {
    notes.write(...numbered(100));
    // Each slice takes half a second.
    best.onEmbed = () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      clock.after(500, resolve);
      return promise;
    };
    await begin(best);
    expect(embeddings.status()).toMatchObject({
      engine: 'best',
      state: 'starting',
      reason: 'embedding what is remembered: 0 so far; best is ready',
    });
    await clock.advance(3_000 - 1);
    expect(notes.vectors.size).toBe(48);
    await clock.advance(30 * SECONDS);
    expect(notes.vectors.size).toBe(100);
    expect(embeddings.status().state).toBe('ready');
    const reasons = statuses.map(({ reason }) => reason.split(';')[0]);
    expect(reasons.slice(-2)).toEqual(['embedding what is remembered: 80 so far', 'best is ready']);
  });

  test('waits while the embedder is away, longer and longer, and goes on where it was', async () => {
    notes.write(...numbered(40));
    let calls = 0;
    best.onEmbed = () => {
      if (++calls > 1) throw unavailable('busy');
    };
    await begin(best);
    expect(notes.vectors.size).toBe(16);
    expect(embeddings.status()).toMatchObject({
      state: 'degraded',
      reason: 'what is remembered cannot be embedded now: busy',
    });
    await clock.advance(10 * 60 * SECONDS);
    // 1, 2, 4, … 60 s apart.
    expect(calls).toBeGreaterThan(10);
    expect(calls).toBeLessThan(25);
    best.onEmbed = () => {};
    await clock.advance(60 * SECONDS);
    expect(notes.vectors.size).toBe(40);
    expect(embeddings.status().state).toBe('ready');
  });

  test('but cannot be embedded is set aside: the rest gets its vectors', async () => {
    notes.write(...numbered(5), 'poison', ...numbered(20));
    best.onEmbed = ({ texts }) => {
      if (texts.includes('poison')) throw new VivavoceError('engine_failed', 'json: unsupported value: NaN');
    };
    await begin(best);
    expect(notes.vectors.size).toBe(25);
    expect(notes.vectors.has('5')).toBe(false);
    expect(embeddings.status()).toMatchObject({
      state: 'ready',
      reason: 'best is ready; 1 memory cannot be embedded: only its words are compared',
    });
    const before = best.calls.length;
    await clock.advance(60 * SECONDS);
    expect(best.calls).toHaveLength(before);
    notes.texts.set('5', 'other words');
    await clock.advance(60 * SECONDS);
    expect(notes.vectors.has('5')).toBe(true);
  });

  test('is not set aside when it is the engine that fails at everything', async () => {
    notes.write(...numbered(3));
    best.onEmbed = () => {
      throw new VivavoceError('engine_failed', 'out of memory');
    };
    await begin(best);
    expect(embeddings.status().reason).toBe('what is remembered cannot be embedded now: out of memory');
    best.onEmbed = () => {};
    await clock.advance(2 * SECONDS);
    expect(notes.vectors.size).toBe(3);
  });

  test('is not embedded for ever when the store does not keep its vectors', async () => {
    notes.write('first');
    notes.forgetful = true;
    await begin(best);
    await clock.advance(10 * 60 * SECONDS);
    expect(documents(best)).toHaveLength(1);
  });

  test('is left alone while the store fails', async () => {
    notes.write('first');
    notes.failure = new VivavoceError('store_failed', 'the disk is full');
    await begin(best);
    expect(embeddings.status()).toMatchObject({
      state: 'degraded',
      reason: 'what is remembered cannot be embedded now: the disk is full',
    });
    expect(await embeddings.embedQuery('Who?', never)).toBeNull();
    notes.failure = null;
    await clock.advance(2 * SECONDS);
    expect(notes.vectors.size).toBe(1);
    expect(await embeddings.embedQuery('Who?', never)).not.toBeNull();
  });
});

test('the end of the service does not wait for what is still to be embedded', async () => {
  notes.write(...numbered(1_000));
  best.onEmbed = ({ signal }) => {
    const { promise, reject } = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => reject(signal.reason));
    return promise;
  };
  await begin(best);
  const reported = statuses.length;
  await embeddings[Symbol.asyncDispose]();
  expect(best.calls).toHaveLength(1);
  expect(statuses).toHaveLength(reported);
});
