import { afterEach, beforeEach, expect, it } from 'vitest';
import { Guard } from '../../src/resilience/guard.ts';
import { guardEmbedder } from '../../src/resilience/guarded-embedder.ts';
import { RetryBudget } from '../../src/resilience/retry-budget.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { ScriptedEmbedder, unavailable } from '../support/scripted-embedder.ts';

const never = new AbortController().signal;
let clock: ManualClock;
let guard: Guard;
let engine: ScriptedEmbedder;

beforeEach(() => {
  clock = new ManualClock();
  guard = new Guard({ name: 'embeddings', clock, maxConcurrent: 2 });
  engine = new ScriptedEmbedder();
});
afterEach(() => guard[Symbol.dispose]());

it('lets texts through with what they are for, and knows the space once a probe has found it', async () => {
  const behind = guardEmbedder(engine, guard);
  expect([behind.engine, behind.space]).toEqual(['scripted', null]);
  await behind.probe(never);
  expect(behind.space).toEqual({ model: 'scripted:letters', dimensions: 8 });
  expect(await behind.embed(['a cat', 'a dog'], 'document', never)).toHaveLength(2);
  expect(engine.calls).toMatchObject([{ texts: ['a cat', 'a dog'], purpose: 'document' }]);
  expect(guard.counters).toMatchObject({ calls: 1, successes: 1 });
});

it('waits less long for a question than for what is to be remembered', async () => {
  engine.onEmbed = () => new Promise(() => {});
  const behind = guardEmbedder(engine, guard, { queryMs: 200, documentsMs: 1_000 });
  const failed: string[] = [];
  for (const purpose of ['document', 'query'] as const) {
    behind.embed(['a cat'], purpose, never).catch(({ code }) => failed.push(`${purpose}: ${code}`));
  }
  await clock.advance(200);
  expect(failed).toEqual(['query: engine_timeout']);
  await clock.advance(800);
  expect(failed).toEqual(['query: engine_timeout', 'document: engine_timeout']);
  expect(engine.calls.every(({ signal }) => signal.aborted)).toBe(true);
  await clock.advance(1_000);
  expect(clock.pending).toBe(0);
});

it('does not ask an engine that keeps failing, but still finds out whether it is back', async () => {
  engine.onEmbed = () => Promise.reject(unavailable());
  const behind = guardEmbedder(engine, guard);
  const codes: string[] = [];
  for (let n = 0; n < 8; n++)
    await behind.embed(['a cat'], 'query', never).catch(({ code }) => codes.push(code));
  expect(codes).toEqual([...Array(5).fill('engine_unavailable'), ...Array(3).fill('breaker_open')]);
  expect(engine.calls).toHaveLength(5);
  expect((await behind.probe(never)).state).toBe('ready');
});

it('asks once more for texts that a busy engine has refused', async () => {
  using patient = new Guard({
    ...{ name: 'embeddings', clock, maxConcurrent: 2 },
    retries: new RetryBudget(() => 1),
  });
  engine.onEmbed = () => {
    engine.onEmbed = () => {};
    return Promise.reject(unavailable());
  };
  const behind = guardEmbedder(engine, patient);
  expect(await behind.embed(['a cat'], 'query', never)).toHaveLength(1);
  expect(patient.counters).toMatchObject({ calls: 2, failures: 1, retries: 1 });
});
