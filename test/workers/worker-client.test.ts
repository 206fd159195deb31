import { expect, test } from 'vitest';
import { isAbort } from '../../src/errors.ts';
import { WorkerClient } from '../../src/workers/worker-client.ts';
import type { EchoApi } from './echo-worker.ts';

const ECHO = new URL('./echo-worker.ts', import.meta.url);
const BROKEN = new URL('./broken-worker.ts', import.meta.url);
const echo = (data?: unknown) => new WorkerClient<EchoApi>(ECHO, data);
const sharedNumber = () => new Int32Array(new SharedArrayBuffer(4));

/** Waits until another thread has changed `shared` from `value`. */
async function changed(shared: Int32Array, value: number): Promise<number> {
  const { async, value: waiting } = Atomics.waitAsync(shared, 0, value);
  if (async) await waiting;
  return Atomics.load(shared, 0);
}

test('a call is answered, and the first one starts the thread', async () => {
  await using worker = echo({ hello: 'there' });
  expect(await worker.call('echo', { n: [1, 2] })).toEqual({ n: [1, 2] });
  expect(await worker.call('data', null)).toEqual({ hello: 'there' });
  expect(worker.pendingCalls).toBe(0);
});

test('calls made at once are each answered with their own result', async () => {
  await using worker = echo();
  const answers = Array.from({ length: 50 }, (_, i) => worker.call('echo', i));
  expect(await Promise.all(answers)).toEqual(Array.from({ length: 50 }, (_, i) => i));
});

test('buffers move to the worker and back instead of being copied', async () => {
  await using worker = echo();
  const bytes = new Uint8Array(1_000);
  expect(await worker.call('takeOver', bytes, { transfer: [bytes.buffer] })).toBe(1_000);
  expect(bytes.byteLength).toBe(0);
  expect(await worker.call('fill', 3)).toEqual(Uint8Array.of(7, 7, 7));
});

test('an argument that cannot be cloned fails its own call only', async () => {
  await using worker = echo();
  await expect(worker.call('echo', () => {})).rejects.toThrow('could not be cloned');
  expect(worker.pendingCalls).toBe(0);
  expect(await worker.call('echo', 1)).toBe(1);
});

test('what a handler throws arrives with its message and its code', async () => {
  await using worker = echo();
  await expect(worker.call('fail', 'no such page')).rejects.toMatchObject({
    name: 'WorkerCallError',
    message: 'no such page',
    code: 'not_found',
  });
});

test('an abort frees the caller and reaches the handler', async () => {
  await using worker = echo();
  const shared = sharedNumber();
  const controller = new AbortController();
  const call = worker.call('untilAborted', shared, { signal: controller.signal });
  expect(await changed(shared, 0)).toBe(1);
  controller.abort();
  await expect(call).rejects.toSatisfy(isAbort);
  expect(worker.pendingCalls).toBe(0);
  expect(await changed(shared, 1)).toBe(2);
  expect(await worker.call('echo', 'still here')).toBe('still here');
});

test('an abort before the call posts nothing, and one while the thread still starts is seen', async () => {
  await using worker = echo();
  await expect(worker.call('echo', 1, { signal: AbortSignal.abort() })).rejects.toSatisfy(isAbort);
  const controller = new AbortController();
  const call = worker.call('untilAborted', sharedNumber(), { signal: controller.signal });
  controller.abort();
  await expect(call).rejects.toSatisfy(isAbort);
});

for (const [how, crash] of [
  ['throws', (worker: WorkerClient<EchoApi>) => worker.call('die', null)],
  ['exits', (worker: WorkerClient<EchoApi>) => worker.call('exit', 3)],
] as const) {
  test(`a thread that ${how} rejects its running calls, and the next call starts another`, async () => {
    await using worker = echo();
    await worker.start();
    const running = worker.call('untilAborted', sharedNumber());
    const results = await Promise.allSettled([running, crash(worker)]);
    for (const result of results) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'engine_failed' } });
    }
    expect(worker.pendingCalls).toBe(0);
    expect(await worker.call('echo', 'again')).toBe('again');
  });
}

test('a module that cannot load rejects the start and every call with the reason', async () => {
  await using worker = new WorkerClient<EchoApi>(BROKEN);
  await expect(worker.start()).rejects.toMatchObject({
    code: 'engine_failed',
    message: expect.stringContaining('this module cannot load'),
  });
  const calls = await Promise.allSettled([worker.call('echo', 1), worker.call('echo', 2)]);
  expect(calls.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});

test('disposing lets the worker release what it holds, and nothing can be called after', async () => {
  const stopped = sharedNumber();
  const worker = echo({ stopped });
  expect(await worker.call('echo', 1)).toBe(1);
  await worker[Symbol.asyncDispose]();
  expect(stopped[0]).toBe(1);
  await expect(worker.call('echo', 1)).rejects.toMatchObject({ code: 'engine_failed' });
  await expect(worker.start()).rejects.toMatchObject({ code: 'engine_failed' });
});

test('a call that the disposal overtakes is rejected', async () => {
  const worker = echo();
  await worker.start();
  const running = worker.call('untilAborted', sharedNumber());
  const [result] = await Promise.allSettled([running, worker[Symbol.asyncDispose]()]);
  expect(result).toMatchObject({ status: 'rejected', reason: { code: 'engine_failed' } });
});
