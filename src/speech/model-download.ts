import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Agent, type Dispatcher } from 'undici';
import type { Clock } from '../clock.ts';
import { messageOf, VivavoceError } from '../errors.ts';

export interface DownloadOptions {
  readonly clock: Clock;
  /** Without a byte for so long, an attempt has failed. */
  readonly stallMs: number;
  /** Attempts that bring nothing new until it gives up. */
  readonly attempts: number;
  /** Before the second attempt; doubles with each further one. */
  readonly backoffMs: number;
  readonly onBytes: (loadedBytes: number, totalBytes: number | null) => void;
}

/** An attempt failed, and the next one may not. */
class Interrupted extends Error {}

interface Answer {
  readonly response: Dispatcher.ResponseData;
  /** What the hub says of the file on the way to where it is stored. */
  readonly linkedBytes: number | null;
  /** `"…"`: the same bytes have the same tag. */
  readonly tag: string | null;
}

const MAX_REDIRECTS = 5;
const SHA256_TAG = /^"?([0-9a-f]{64})"?$/;

/**
 * Brings one file from a hub to `target`, which exists only when all of its bytes are there.
 *
 * Until then they are in `target.part`, with the tag of its version in `target.part.tag`: a later attempt, also of a
 * later process, asks for the rest only, unless the file has become another one.
 *
 * Rejects with `not_found`, `unauthorized` (also for a model that is not public), `engine_unavailable` when the hub
 * cannot be reached or breaks off again and again, `engine_failed` when the disk does not take it.
 */
export async function downloadFile(
  url: string,
  target: string,
  options: DownloadOptions,
  signal: AbortSignal,
): Promise<void> {
  const agent = new Agent();
  let most = -1;
  try {
    await onDisk(target, () => mkdir(dirname(target), { recursive: true }));
    for (let failures = 0; ; ) {
      try {
        return await attempt(agent, url, target, options, signal);
      } catch (error) {
        if (signal.aborted) throw new VivavoceError('cancelled', `the download of ${url} was cancelled`);
        if (!(error instanceof Interrupted)) throw error;
        const kept = await sizeOf(`${target}.part`);
        failures = kept > most && kept > 0 ? 1 : failures + 1;
        most = Math.max(most, kept);
        if (failures >= options.attempts)
          throw new VivavoceError('engine_unavailable', error.message, { cause: error.cause });
        await pause(options.clock, options.backoffMs * 2 ** (failures - 1), signal);
      }
    }
  } finally {
    await agent.destroy();
  }
}

async function attempt(
  agent: Agent,
  url: string,
  target: string,
  { clock, stallMs, onBytes }: DownloadOptions,
  signal: AbortSignal,
): Promise<void> {
  const part = `${target}.part`;
  const stall = new AbortController();
  const fail = () => stall.abort(new Interrupted(`${url} sent nothing for ${stallMs / 1000} s`));
  let timer = clock.after(stallMs, fail);
  const ended = AbortSignal.any([stall.signal, signal]);
  let file: FileHandle | null = null;
  let body: Dispatcher.ResponseData['body'] | null = null;
  try {
    const keptTag = await readFile(`${part}.tag`, 'utf8').catch(() => null);
    const kept = keptTag === null ? 0 : Math.max(0, await sizeOf(part));
    const { response, linkedBytes, tag } = await ask(agent, url, kept, ended);
    body = response.body;
    const goesOn = response.statusCode === 206 && tag === keptTag && rangeStart(response) === kept;
    if (response.statusCode === 206 && !goesOn) {
      await rm(part, { force: true });
      throw new Interrupted(`${url} has changed since its download began`);
    }
    let loaded = goesOn ? kept : 0;
    const length = numberOf(response.headers['content-length']);
    const total = linkedBytes ?? (length === null ? null : loaded + length);
    file = await onDisk(target, async () => {
      if (!goesOn) await rm(`${part}.tag`, { force: true });
      const opened = await open(part, goesOn ? 'a' : 'w');
      if (!goesOn && tag !== null) await writeFile(`${part}.tag`, tag);
      return opened;
    });
    const out = file;
    onBytes(loaded, total);
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      timer[Symbol.dispose]();
      await onDisk(target, () => out.writeFile(chunk));
      loaded += chunk.length;
      onBytes(loaded, total);
      timer = clock.after(stallMs, fail);
    }
    timer[Symbol.dispose]();
    if (total !== null && loaded !== total) {
      // Less may be completed; more is another file.
      if (loaded > total) await rm(part, { force: true });
      throw new Interrupted(`${url} ended after ${loaded} of ${total} bytes`);
    }
    await onDisk(target, () => out.sync());
    await file.close();
    file = null;
    await verify(url, part, tag);
    await onDisk(target, () => rename(part, target));
    await rm(`${part}.tag`, { force: true });
  } catch (error) {
    if (signal.aborted || error instanceof VivavoceError || error instanceof Interrupted) throw error;
    if (stall.signal.aborted) throw stall.signal.reason;
    throw new Interrupted(`${url} could not be read: ${whyOf(error)}`, { cause: error });
  } finally {
    timer[Symbol.dispose]();
    body?.on('error', () => {}).destroy();
    await file?.close();
  }
}

/** Follows the hub to where the file is stored, because what it says of the file stands on the way. */
async function ask(agent: Agent, url: string, from: number, signal: AbortSignal): Promise<Answer> {
  let linkedBytes: number | null = null;
  let linkedTag: string | null = null;
  let at = new URL(url);
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const response = await agent.request({
      method: 'GET',
      origin: at.origin,
      path: at.pathname + at.search,
      headers: { 'accept-encoding': 'identity', ...(from > 0 ? { range: `bytes=${from}-` } : {}) },
      signal,
    });
    const { statusCode, headers } = response;
    linkedBytes ??= numberOf(headers['x-linked-size']);
    linkedTag ??= textOf(headers['x-linked-etag']);
    if (statusCode === 200 || statusCode === 206) {
      return { response, linkedBytes, tag: linkedTag ?? textOf(headers.etag) };
    }
    await response.body.dump().catch(() => {});
    const location = textOf(headers.location);
    if (statusCode >= 300 && statusCode < 400 && location !== null) {
      at = new URL(location, at);
      continue;
    }
    if (statusCode === 416) {
      // What was kept is longer than the file.
      return ask(agent, url, 0, signal);
    }
    throw statusError(statusCode, url);
  }
  throw new VivavoceError('engine_failed', `${url} is redirected in a circle`);
}

function statusError(status: number, url: string): Error {
  if (status === 404) return new VivavoceError('not_found', `${url} does not exist (404)`);
  if (status === 401 || status === 403) {
    return new VivavoceError('unauthorized', `${url} is not public, or its model does not exist (${status})`);
  }
  if (status >= 500 || status === 408 || status === 429)
    return new Interrupted(`${url} answered with ${status}`);
  return new VivavoceError('engine_failed', `${url} answered with ${status}`);
}

/** Large files carry the SHA-256 of their bytes as their tag. */
async function verify(url: string, part: string, tag: string | null): Promise<void> {
  const expected = SHA256_TAG.exec(tag ?? '')?.[1];
  if (expected === undefined) return;
  const hash = createHash('sha256');
  await pipeline(createReadStream(part), hash);
  if (hash.digest('hex') === expected) return;
  await rm(part, { force: true });
  throw new Interrupted(`${url} arrived damaged`);
}

/** What the file system refuses is for the operator to mend: there is no use in another attempt. */
async function onDisk<T>(target: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const folder = dirname(target);
    const code = error instanceof Error && 'code' in error ? String(error.code) : messageOf(error);
    const full = code === 'ENOSPC' || code === 'EDQUOT';
    const text = full
      ? `the disk is full: ${target} could not be written (${code}); make room there, or set DATA_DIR to a folder with more of it`
      : `${folder} cannot be written to (${code}); make it writable for this user, or set DATA_DIR to a folder that is`;
    throw new VivavoceError('engine_failed', text, { cause: error });
  }
}

function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      timer[Symbol.dispose]();
      reject(new VivavoceError('cancelled', 'the download was cancelled'));
    };
    const timer = clock.after(ms, () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => null);
  return found?.size ?? -1;
}

function rangeStart({ headers }: Dispatcher.ResponseData): number | null {
  return numberOf(/^bytes (\d+)-/.exec(textOf(headers['content-range']) ?? '')?.[1]);
}

function numberOf(value: string | readonly string[] | undefined): number | null {
  const text = textOf(value);
  return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}

function textOf(value: string | readonly string[] | undefined): string | null {
  return (typeof value === 'string' ? value : value?.[0]) ?? null;
}

/** A refused connection is an AggregateError without a message of its own. */
function whyOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return messageOf(error) || code;
}
