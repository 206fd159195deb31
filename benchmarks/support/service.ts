import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { BRIEF, type FromStandIns, type Notes, type Pace, type ToStandIns } from './stand-ins.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const STAND_INS = new URL('./stand-ins.ts', import.meta.url);
/** Linux counts processor time in hundredths of a second. */
const TICKS_PER_SECOND = 100;

/** The engines, in their own process. */
export class StandIns implements AsyncDisposable {
  readonly ollamaUrl: string;
  readonly speechUrl: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, urls: { ollamaUrl: string; speechUrl: string }) {
    this.#child = child;
    this.ollamaUrl = urls.ollamaUrl;
    this.speechUrl = urls.speechUrl;
  }

  static async start(pace: Pace = BRIEF): Promise<StandIns> {
    const child = fork(STAND_INS, [JSON.stringify(pace)], { serialization: 'advanced' });
    const [message] = (await once(child, 'message')) as [FromStandIns];
    if (message.type !== 'ready') throw new Error(`the stand-ins said ${message.type} first`);
    return new StandIns(child, message);
  }

  /** What they noted since the last time. */
  async collect(): Promise<Notes> {
    const answer = once(this.#child, 'message') as Promise<[FromStandIns]>;
    this.#child.send({ type: 'collect' } satisfies ToStandIns);
    const [message] = await answer;
    if (message.type !== 'notes') throw new Error(`the stand-ins said ${message.type}`);
    return message.notes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exit = once(this.#child, 'exit');
    this.#child.send({ type: 'stop' } satisfies ToStandIns);
    await exit;
  }
}

/** The service as people start it, with those engines and an empty folder. */
export class Service implements AsyncDisposable {
  readonly url: string;
  readonly folder: string;
  readonly #child: ChildProcess;

  private constructor(url: string, child: ChildProcess, folder: string) {
    this.url = url;
    this.folder = folder;
    this.#child = child;
  }

  static async start(env: Readonly<Record<string, string>>): Promise<Service> {
    const folder = await mkdtemp(join(tmpdir(), 'vivavoce-bench-'));
    const child = spawn(process.execPath, [MAIN], {
      env: {
        PATH: process.env.PATH,
        PORT: '0',
        DATA_DIR: folder,
        LOG_LEVEL: 'error',
        SHUTDOWN_SECONDS: '0',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    for await (const line of createInterface({ input: child.stdout })) {
      const url = /^listening on (\S+)$/.exec(line)?.[1];
      if (!url) continue;
      child.stdout.resume();
      return new Service(url, child, folder);
    }
    throw new Error('the service ended before it listened');
  }

  /** Milliseconds of processor time so far, all threads. */
  async cpuMs(): Promise<number> {
    const stat = await readFile(`/proc/${this.#child.pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
  }

  async rssMiB(): Promise<number> {
    const status = await readFile(`/proc/${this.#child.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await exit;
    await rm(this.folder, { recursive: true, force: true });
  }
}
