import { afterEach, beforeEach, expect, it } from 'vitest';
import { VivavoceError } from '../../src/errors.ts';
import { Guard } from '../../src/resilience/guard.ts';
import { guardTranscriber } from '../../src/resilience/guarded-transcriber.ts';
import type { Transcript } from '../../src/speech/stt/transcriber.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { ScriptedTranscriber } from '../support/scripted-transcriber.ts';

const never = new AbortController().signal;
const request = { language: null, prompt: null, speaker: 's', onPartial: () => undefined };
const hanging = () => new Promise<Transcript>(() => undefined);
let clock: ManualClock;
let guard: Guard;

beforeEach(() => {
  clock = new ManualClock();
  guard = new Guard({ name: 'stt', clock, maxConcurrent: 1 });
});
afterEach(() => guard[Symbol.dispose]());

it('lets everything through, and counts what was asked', async () => {
  const engine = new ScriptedTranscriber(async (samples) => ({ text: `${samples.length}`, words: null }));
  const behind = guardTranscriber(engine, guard);
  expect([behind.engine, behind.model]).toEqual(['scripted', 'script']);
  const recognition = behind.recognise(request);
  recognition.push(new Int16Array(3));
  recognition.push(new Int16Array(4));
  expect(await recognition.read(never)).toEqual({ text: '7', words: null });
  expect(engine.recognitions[0]?.request).toBe(request);
  expect(guard.counters).toMatchObject({ calls: 1, successes: 1 });
  recognition[Symbol.dispose]();
  expect(engine.recognitions[0]?.disposed).toBe(true);
});

it('gives a long utterance more time than a short one', async () => {
  const behind = guardTranscriber(new ScriptedTranscriber(hanging), guard, {
    deadlineMs: 1_000,
    perSecondMs: 100,
  });
  for (const [seconds, limitMs] of [
    [0, 1_000],
    [30, 4_000],
  ] as const) {
    using recognition = behind.recognise(request);
    recognition.push(new Int16Array(seconds * 16_000));
    let outcome: unknown = null;
    recognition.read(never).catch((error: unknown) => {
      outcome = error;
    });
    await clock.advance(limitMs - 1);
    expect(outcome).toBeNull();
    await clock.advance(1);
    expect(outcome).toMatchObject({ code: 'engine_timeout', limitMs });
    // The slot of work that does not end is given back after its grace time.
    await clock.advance(1_000);
  }
  expect(clock.pending).toBe(0);
});

it('does not ask an engine that keeps failing', async () => {
  const engine = new ScriptedTranscriber(() =>
    Promise.reject(new VivavoceError('engine_failed', 'no model')),
  );
  const behind = guardTranscriber(engine, guard);
  using recognition = behind.recognise(request);
  for (let i = 0; i < 5; i++)
    await expect(recognition.read(never)).rejects.toMatchObject({ code: 'engine_failed' });
  await expect(recognition.read(never)).rejects.toMatchObject({
    code: 'breaker_open',
    message: expect.stringContaining('no model'),
  });
  expect(guard.counters).toMatchObject({ failures: 5, rejectedOpen: 1 });
});

it('does not take a question that was given up for a failure', async () => {
  const behind = guardTranscriber(new ScriptedTranscriber(hanging), guard);
  using recognition = behind.recognise(request);
  const controller = new AbortController();
  const reading = recognition.read(controller.signal);
  await clock.settle();
  controller.abort();
  await expect(reading).rejects.toMatchObject({ code: 'cancelled' });
  expect(guard.counters).toMatchObject({ cancelled: 1, failures: 0 });
});
