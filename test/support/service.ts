import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const LAUNCHER = fileURLToPath(new URL('../../launch.mjs', import.meta.url));

/** The whole service as a process of its own: on a free port, in a folder of its own, without a language model. */
export class Service implements AsyncDisposable {
  readonly url: string;
  readonly dataDir: string;
  readonly #process: ChildProcess;

  private constructor(url: string, process: ChildProcess, dataDir: string) {
    this.url = url;
    this.#process = process;
    this.dataDir = dataDir;
  }

  /** `env`: settings that go before those. */
  static async start(env: Readonly<Record<string, string>> = {}): Promise<Service> {
    const dataDir = env.DATA_DIR ?? (await mkdtemp(join(tmpdir(), 'vivavoce-')));
    const { PATH = '', HOME = '' } = process.env;
    const child = spawn(process.execPath, [LAUNCHER], {
      env: {
        PATH,
        HOME,
        PORT: '0',
        LLM: 'offline',
        STT: 'none',
        VAD: 'energy',
        LOG_LEVEL: 'warn',
        SHUTDOWN_SECONDS: '0',
        // A benchmark measures a warm one; a test does not wait for it.
        WARM_UP: process.env.VITEST ? 'off' : 'on',
        DATA_DIR: dataDir,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    for await (const line of createInterface({ input: child.stdout })) {
      const url = /^listening on (\S+)$/.exec(line)?.[1];
      if (url !== undefined) return new Service(url, child, dataDir);
    }
    throw new Error('The service ended before it listened; what it said is above.');
  }

  get port(): string {
    return new URL(this.url).port;
  }

  /** Ends the process; its data are kept until it is disposed. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}
