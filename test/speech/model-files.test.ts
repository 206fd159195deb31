import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../src/clock.ts';
import { isAbort, type VivavoceError } from '../../src/errors.ts';
import { ModelFiles, type ModelFilesOptions, type ModelProgress } from '../../src/speech/model-files.ts';
import {
  type HubAnswer,
  HubServer,
  neverAnswer,
  refuse,
  resetAfter,
  sendChunked,
  sendDamaged,
  sendSlowly,
  sendWhole,
  stallAfter,
  truncateAfter,
} from '../support/hub-server.ts';
import { ManualClock } from '../support/manual-clock.ts';

const MODEL = 'someone/tiny';
const BIG = 'onnx/encoder_model.onnx';
const bigBytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31) >> 3);
const never = new AbortController().signal;

let hub: HubServer;
let modelsDir: string;
let progress: ModelProgress[];

beforeEach(async () => {
  hub = await HubServer.start();
  hub.files.set(`${MODEL}/config.json`, new TextEncoder().encode('{"a":1}'));
  hub.files.set(`${MODEL}/${BIG}`, bigBytes);
  modelsDir = join(await mkdtemp(join(tmpdir(), 'vivavoce-models-')), 'models');
  progress = [];
});

afterEach(async () => {
  await hub[Symbol.asyncDispose]();
  await rm(join(modelsDir, '..'), { recursive: true, force: true });
});

function modelFiles(options: Partial<ModelFilesOptions> = {}): ModelFiles {
  const onProgress = (each: ModelProgress) => void progress.push(each);
  const all = { modelsDir, hubUrl: hub.url, clock: systemClock, backoffMs: 1, onProgress };
  return new ModelFiles({ ...all, ...options });
}

const request = { model: MODEL, files: ['config.json', BIG], setting: 'STT_MODEL' };
const big = () => readFile(join(modelsDir, MODEL, BIG));
const rejection = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail('it did not reject'),
    (error: VivavoceError) => error,
  );

describe('a model that is not there', () => {
  test('is fetched in order, with its progress, and nothing but its files stays', async () => {
    const folder = await modelFiles().folder(request, never);
    expect(folder).toBe(join(modelsDir, MODEL));
    expect(await big()).toEqual(Buffer.from(bigBytes));
    expect(hub.requests.map(({ path }) => path)).toEqual([`${MODEL}/config.json`, `${MODEL}/${BIG}`]);
    expect(progress.at(-1)).toEqual({ model: MODEL, file: BIG, loadedBytes: 300_000, totalBytes: 300_000 });
    const loaded = progress.filter(({ file }) => file === BIG).map(({ loadedBytes }) => loadedBytes);
    expect(loaded).toEqual(loaded.toSorted((a, b) => a - b));
    expect((await readdir(folder, { recursive: true })).toSorted()).toEqual(['config.json', 'onnx', BIG]);
  });

  test('is fetched once, also when two ask at the same time', async () => {
    const files = modelFiles();
    await Promise.all([files.folder(request, never), files.folder(request, never)]);
    await files.folder(request, never);
    expect(hub.requests).toHaveLength(2);
  });

  test('needs no hub when it is there', async () => {
    const files = modelFiles();
    await files.folder(request, never);
    await hub[Symbol.asyncDispose]();
    expect(await files.folder(request, never)).toBe(join(modelsDir, MODEL));
  });

  test('may come without its length', async () => {
    hub.tells = false;
    hub.answers.push(sendChunked, sendChunked);
    await modelFiles().folder(request, never);
    expect(await big()).toEqual(Buffer.from(bigBytes));
    expect(progress.at(-1)?.totalBytes).toBeNull();
  });
});

describe('a download that breaks off', () => {
  const bigOnly = { ...request, files: [BIG] };

  test('goes on where it ended', async () => {
    hub.answers.push(resetAfter(100_000, arrived));
    await modelFiles().folder(bigOnly, never);
    expect(await big()).toEqual(Buffer.from(bigBytes));
    const [, second] = hub.requests;
    expect(second?.from).toBeGreaterThan(0);
    expect(second?.from).toBeLessThanOrEqual(100_000);
  });

  test('goes on in a later process too, and its file is there only when it is whole', async () => {
    hub.answers.push(resetAfter(100_000, arrived), refuse(500));
    await rejection(modelFiles({ attempts: 1 }).folder(bigOnly, never));
    expect(await readdir(join(modelsDir, MODEL, 'onnx'))).not.toContain('encoder_model.onnx');
    await modelFiles().folder(bigOnly, never);
    expect(hub.requests.at(-1)?.from).toBeGreaterThan(0);
    expect(await big()).toEqual(Buffer.from(bigBytes));
  });

  test('begins anew when the file is another one now', async () => {
    hub.answers.push(resetAfter(100_000, arrived), refuse(500));
    await rejection(modelFiles({ attempts: 1 }).folder(bigOnly, never));
    const other = bigBytes.map((byte) => byte ^ 255);
    hub.files.set(`${MODEL}/${BIG}`, other);
    await modelFiles().folder(bigOnly, never);
    expect(await big()).toEqual(Buffer.from(other));
  });

  test.each<[string, HubAnswer[]]>([
    ['begins anew where the store does not know ranges', [resetAfter(100_000, arrived), sendWhole]],
    ['is tried again when it ends early as if that were all', [truncateAfter(1_000)]],
    ['is tried again when a byte is wrong', [sendDamaged]],
    ['is tried again when the store is out of order', [refuse(500), refuse(503), refuse(429)]],
    ['is tried again as long as it gets on', Array.from({ length: 8 }, () => resetAfter(20_000, arrived))],
  ])('%s', async (_, answers) => {
    hub.answers.push(...answers);
    await modelFiles().folder(bigOnly, never);
    expect(await big()).toEqual(Buffer.from(bigBytes));
  });

  test('is given up when it does not get on', async () => {
    hub.answers.push(...Array.from({ length: 9 }, () => truncateAfter(0)));
    const error = await rejection(modelFiles({ attempts: 3 }).folder(bigOnly, never));
    expect(error.code).toBe('engine_unavailable');
    expect(error.message).toContain('ended after 0 of 300000 bytes');
    expect(hub.requests).toHaveLength(3);
  });

  test('waits longer before each attempt', async () => {
    const delays: number[] = [];
    const clock: Clock = {
      ...systemClock,
      after(delayMs, run) {
        if (delayMs === 30_000) return systemClock.after(delayMs, run);
        delays.push(delayMs);
        return systemClock.after(0, run);
      },
    };
    hub.answers.push(refuse(500), refuse(500), refuse(500));
    await modelFiles({ clock, backoffMs: 1_000 }).folder(bigOnly, never);
    expect(delays).toEqual([1_000, 2_000, 4_000]);
  });

  test.each<[string, HubAnswer]>([
    ['says nothing', neverAnswer],
    ['stops in the middle', stallAfter(1_000)],
  ])('is tried again when the store %s for 30 s', async (_, answer) => {
    const clock = new ManualClock();
    hub.answers.push(answer);
    const asked = hub.nextRequest();
    const fetched = modelFiles({ clock }).folder(bigOnly, never);
    await asked;
    if (answer !== neverAnswer) await until(() => (progress.at(-1)?.loadedBytes ?? 0) === 1_000);
    await settled();
    await clock.advance(29_999);
    expect(hub.requests).toHaveLength(1);
    await clock.advance(1);
    await until(() => clock.pending > 0);
    await settled();
    await clock.advance(1);
    await fetched;
    expect(await big()).toEqual(Buffer.from(bigBytes));
  });

  test('may be slow as long as bytes come', async () => {
    const clock = new ManualClock();
    hub.answers.push(
      sendSlowly(6, async (piece) => {
        const end = Math.min(300_000, (piece + 1) * 50_000);
        await until(() => progress.at(-1)?.loadedBytes === end);
        await settled();
        await clock.advance(20_000);
      }),
    );
    await modelFiles({ clock }).folder(bigOnly, never);
    expect(hub.requests).toHaveLength(1);
  });

  test('ends at once when it is aborted, and leaves no timer', async () => {
    const clock = new ManualClock();
    const controller = new AbortController();
    hub.answers.push(stallAfter(1_000));
    const fetched = rejection(modelFiles({ clock }).folder(bigOnly, controller.signal));
    await until(() => (progress.at(-1)?.loadedBytes ?? 0) === 1_000);
    controller.abort();
    expect(isAbort(await fetched)).toBe(true);
    expect(clock.pending).toBe(0);
  });
});

describe('a model that cannot be had', () => {
  test('says which files belong where, and which setting helps', async () => {
    const { url } = hub;
    await modelFiles().folder({ ...request, files: ['config.json'] }, never);
    await hub[Symbol.asyncDispose]();
    const error = await rejection(modelFiles({ attempts: 2 }).folder(request, never));
    expect(error.code).toBe('engine_unavailable');
    expect(error.message).toContain(`${url}/${MODEL}/resolve/main/${BIG}  →  ${join(modelsDir, MODEL, BIG)}`);
    expect(error.message).toContain('set STT_MODEL to the path of a folder');
    expect(error.message).toContain('ECONNREFUSED');
    expect(error.message).not.toContain('resolve/main/config.json');
  });

  test('is told at once when the hub has no such file', async () => {
    const error = await rejection(modelFiles().folder({ ...request, files: ['onnx/other.onnx'] }, never));
    expect(error.code).toBe('not_found');
    expect(error.message).toContain(`${MODEL}/resolve/main/onnx/other.onnx does not exist`);
  });

  test.each([401, 403])('is told at once when it is not public (%i)', async (status) => {
    hub.answers.push(refuse(status));
    const error = await rejection(modelFiles().folder(request, never));
    expect(error.code).toBe('unauthorized');
    expect(error.message).toContain('set STT_MODEL to a public model');
    expect(hub.requests).toHaveLength(1);
  });

  test('says so when the disk is full', async () => {
    await mkdir(join(modelsDir, MODEL, 'onnx'), { recursive: true });
    await symlink('/dev/full', join(modelsDir, MODEL, `${BIG}.part`));
    const error = await rejection(modelFiles().folder({ ...request, files: [BIG] }, never));
    expect(error.code).toBe('engine_failed');
    expect(error.message).toMatch(/the disk is full.*ENOSPC.*make room there, or set DATA_DIR/);
    await expect(access(join(modelsDir, MODEL, BIG), constants.F_OK)).rejects.toThrow();
  });

  test('says so when the folder cannot be written to', async () => {
    await writeFile(modelsDir, 'a file');
    const error = await rejection(modelFiles().folder(request, never));
    expect(error.code).toBe('engine_failed');
    expect(error.message).toContain('cannot be written to (ENOTDIR); make it writable');
    expect(hub.requests).toHaveLength(0);
  });
});

describe('a local path', () => {
  test('is taken as it is', async () => {
    const folder = join(modelsDir, 'mine');
    await mkdir(join(folder, 'onnx'), { recursive: true });
    await writeFile(join(folder, 'config.json'), '{}');
    await writeFile(join(folder, BIG), 'x');
    expect(await modelFiles().folder({ ...request, model: folder }, never)).toBe(folder);
    expect(hub.requests).toHaveLength(0);
  });

  test('must have the files', async () => {
    const error = await rejection(modelFiles().folder({ ...request, model: modelsDir }, never));
    expect(error.code).toBe('config_invalid');
    expect(error.message).toBe(`STT_MODEL names the folder ${modelsDir}, and it lacks config.json, ${BIG}`);
  });

  test.each(['tiny', 'a/b/c', 'a/../b', '~/tiny', ''])('is not %j', async (model) => {
    const error = await rejection(modelFiles().folder({ ...request, model }, never));
    expect(error.code).toBe('config_invalid');
    expect(error.message).toContain('it must be owner/name of a model, or the path of a folder');
  });
});

/** What the client has of the big file. */
const arrived = (bytes: number) => until(() => progress.at(-1)?.loadedBytes === bytes);

/** Lets sockets and files go on until `condition` holds; the test's own deadline ends it otherwise. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** A few rounds of the loop, for what follows on what was just seen. */
async function settled(): Promise<void> {
  for (let round = 0; round < 5; round++) await new Promise((resolve) => setImmediate(resolve));
}
