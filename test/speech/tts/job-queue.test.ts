import { expect, test } from 'vitest';
import { isAbort } from '../../../src/errors.ts';
import { JobQueue } from '../../../src/speech/tts/job-queue.ts';
import { forever } from '../../support/speech.ts';

/** A job that runs until it is told to end, and notes when it starts. */
function jobs() {
  const started: string[] = [];
  const make = (name: string) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const run = (resource: string) => {
      started.push(`${name} on ${resource}`);
      return promise;
    };
    return { run, finish: () => resolve(name), fail: (error: Error) => reject(error) };
  };
  return { started, make };
}

test('jobs run first come, first served, one on each resource', async () => {
  const { started, make } = jobs();
  const queue = new JobQueue(['A', 'B']);
  const [one, two, three, four] = [make('1'), make('2'), make('3'), make('4')];
  const results = [one, two, three, four].map(({ run }) => queue.run(run, forever()));
  expect(started).toEqual(['1 on A', '2 on B']);
  two.finish();
  expect(await results[1]).toBe('2');
  three.finish();
  expect(await results[2]).toBe('3');
  one.finish();
  four.finish();
  expect(await Promise.all(results)).toEqual(['1', '2', '3', '4']);
  expect(started).toEqual(['1 on A', '2 on B', '3 on B', '4 on B']);
});

test('the resource that has worked last goes first: it is warm', async () => {
  const { started, make } = jobs();
  const queue = new JobQueue(['A', 'B']);
  for (const name of ['1', '2']) {
    const job = make(name);
    const result = queue.run(job.run, forever());
    job.finish();
    await result;
    await Promise.resolve();
  }
  expect(started).toEqual(['1 on A', '2 on A']);
});

test('a job that is aborted while it waits never starts', async () => {
  const { started, make } = jobs();
  const queue = new JobQueue(['A']);
  const [first, second, third] = [make('1'), make('2'), make('3')];
  const controller = new AbortController();
  const running = queue.run(first.run, forever());
  const waiting = queue.run(second.run, controller.signal);
  const last = queue.run(third.run, forever());
  controller.abort();
  await expect(waiting).rejects.toSatisfy(isAbort);
  expect(queue.waitingJobs).toBe(1);
  first.finish();
  third.finish();
  await Promise.all([running, last]);
  expect(started).toEqual(['1 on A', '3 on A']);
});

test('an abort frees the caller at once, and the resource when its work has ended', async () => {
  const { started, make } = jobs();
  const queue = new JobQueue(['A']);
  const [first, second] = [make('1'), make('2')];
  const controller = new AbortController();
  const aborted = queue.run(first.run, controller.signal);
  const next = queue.run(second.run, forever());
  controller.abort(new Error('barge-in'));
  await expect(aborted).rejects.toSatisfy(isAbort);
  expect(started).toEqual(['1 on A']);
  first.finish();
  second.finish();
  expect(await next).toBe('2');
});

test('a failure is the failure of its own job', async () => {
  const { make } = jobs();
  const queue = new JobQueue(['A']);
  const [first, second] = [make('1'), make('2')];
  const failing = queue.run(first.run, forever());
  const next = queue.run(second.run, forever());
  first.fail(new Error('broken'));
  await expect(failing).rejects.toThrow('broken');
  second.finish();
  expect(await next).toBe('2');
});

test('a signal that is aborted already starts nothing', () => {
  const { started, make } = jobs();
  expect(() => new JobQueue(['A']).run(make('1').run, AbortSignal.abort())).toThrow();
  expect(started).toEqual([]);
});
