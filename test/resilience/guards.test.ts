import { afterEach, beforeEach, expect, it } from 'vitest';
import { Guard } from '../../src/resilience/guard.ts';
import { guardCall } from '../../src/resilience/guard-call.ts';
import { Guards } from '../../src/resilience/guards.ts';
import { ManualClock } from '../support/manual-clock.ts';

const never = new AbortController().signal;
let clock: ManualClock;
let guards: Guards;
const made: Guard[] = [];

beforeEach(() => {
  clock = new ManualClock();
  guards = new Guards();
});
afterEach(() => {
  for (const guard of made.splice(0)) guard[Symbol.dispose]();
});

function add(name: string) {
  const guard = new Guard({ name, clock, maxConcurrent: 40 });
  made.push(guard);
  guards.add(guard);
  return guardCall(guard, (work: () => Promise<string>) => work(), { deadlineMs: 1_000 });
}

it('shows every guard with all that is known of it', async () => {
  const ask = add('llm:ollama');
  add('tts:openai');
  await ask(async () => 'fine', never);
  expect(guards.all().map(({ name }) => name)).toEqual(['llm:ollama', 'tts:openai']);
  await clock.settle();
  expect(guards.all()[0]).toEqual({
    name: 'llm:ollama',
    state: 'closed',
    isHeld: false,
    reason: null,
    sinceMs: clock.nowMs(),
    threshold: 5,
    load: { running: 0, waiting: 0 },
    counters: {
      ...{ calls: 1, successes: 1, failures: 0, timeouts: 0, cancelled: 0 },
      ...{ rejectedOpen: 0, rejectedBusy: 0, retries: 0, hedges: 0 },
    },
  });
});

it('opens one for an operator, who gets a reason like everybody that is turned away', async () => {
  const ask = add('llm:ollama');
  await clock.advance(5_000);
  expect(guards.open('llm:ollama')).toMatchObject({
    state: 'open',
    isHeld: true,
    reason: 'an operator holds it open',
    sinceMs: clock.nowMs(),
  });
  await expect(ask(async () => 'fine', never)).rejects.toMatchObject({
    code: 'breaker_open',
    message: 'llm:ollama is held open by an operator: nothing is asked of it until its guard is reset',
  });
  expect(guards.reset('llm:ollama')).toMatchObject({ state: 'closed', isHeld: false, reason: null });
  expect(await ask(async () => 'fine', never)).toBe('fine');
});

it('lets what is under way go on when it is opened', async () => {
  const ask = add('llm:ollama');
  const answer = Promise.withResolvers<string>();
  const asked = ask(() => answer.promise, never);
  await clock.settle();
  guards.open('llm:ollama');
  answer.resolve('still here');
  expect(await asked).toBe('still here');
  expect(guards.all()[0]).toMatchObject({ state: 'open', counters: { successes: 1 } });
});

it('turns away who waited when it was opened', async () => {
  const guard = new Guard({ name: 'stt', clock, maxConcurrent: 1 });
  made.push(guard);
  const ask = guardCall(guard, (work: () => Promise<string>) => work(), { deadlineMs: 1_000 });
  const answer = Promise.withResolvers<string>();
  const first = ask(() => answer.promise, never);
  const second = ask(async () => 'fine', never).catch(({ code }) => code);
  await clock.settle();
  guard.hold();
  answer.resolve('first');
  expect([await first, await second]).toEqual(['first', 'breaker_open']);
});

it('knows nobody by another name, and nobody twice', () => {
  add('llm:ollama');
  expect(() => guards.open('llm')).toThrow(
    expect.objectContaining({ code: 'not_found', message: 'there is no guard llm; there are: llm:ollama' }),
  );
  expect(() => guards.reset('tts')).toThrow(expect.objectContaining({ code: 'not_found' }));
  expect(() => add('llm:ollama')).toThrow(expect.objectContaining({ code: 'conflict' }));
});

it('has one budget for second attempts, a tenth of all that is under way', async () => {
  const calls = [add('llm:ollama'), add('memory:qdrant')];
  const answer = Promise.withResolvers<string>();
  const running = calls.flatMap((ask) => Array.from({ length: 15 }, () => ask(() => answer.promise, never)));
  await clock.settle();
  const taken = Array.from({ length: 5 }, () => guards.retries.take());
  expect(taken.filter((share) => share !== null)).toHaveLength(3);
  answer.resolve('done');
  await Promise.all(running);
});
