import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** The first start reads and compiles everything, the others find it here. */
const NODE_COMPILE_CACHE = join(tmpdir(), 'vivavoce-compile-cache');

export type Env = Readonly<Record<string, string>>;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Where nobody is: with a voice elsewhere the one of this machine does not have to start. */
const TTS_BASE_URL = 'http://127.0.0.1:9/v1';

/** The service as its own process, the way `npm start` runs it, on a free port unless `env` says otherwise. */
export class ServiceProcess implements AsyncDisposable {
  /** Everything that it has printed so far. */
  stdout = '';
  stderr = '';
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #wake = Promise.withResolvers<void>();

  private constructor(env: Env) {
    const { PATH = '', HOME = '' } = process.env;
    this.#child = spawn(process.execPath, [MAIN], {
      env: {
        PATH,
        HOME,
        NODE_COMPILE_CACHE,
        TTS_BASE_URL,
        STT: 'none',
        VAD: 'energy',
        PORT: '0',
        LOG_LEVEL: 'error',
        SHUTDOWN_SECONDS: '0',
        WARM_UP: 'off',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const wakeUp = () => {
      this.#wake.resolve();
      this.#wake = Promise.withResolvers();
    };
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      wakeUp();
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    // A test that is given up must not leave it behind.
    const onExit = () => void this.#child.kill('SIGKILL');
    process.once('exit', onExit);
    // `close` comes when all that it printed has been read.
    this.ended = once(this.#child, 'close').then(([code, signal]) => ({ code, signal }));
    void this.ended.then(() => {
      process.off('exit', onExit);
      wakeUp();
    });
  }

  /** Resolves when it takes connections. */
  static async start(env: Env): Promise<ServiceProcess> {
    const service = new ServiceProcess(env);
    while (!service.#url) {
      if (service.#hasEnded) throw new Error(`It ended before it listened: ${service.stderr}`);
      await service.#wake.promise;
    }
    return service;
  }

  /** Runs one that is not going to start. */
  static async fail(env: Env): Promise<Ended & { stdout: string; stderr: string }> {
    await using service = new ServiceProcess(env);
    const listening = (async () => {
      while (!service.#url && !service.#hasEnded) await service.#wake.promise;
      if (service.#url) throw new Error('It started.');
    })();
    const [ended] = await Promise.all([service.ended, listening]);
    return { ...ended, stdout: service.stdout, stderr: service.stderr };
  }

  get url(): string {
    if (!this.#url) throw new Error('It does not listen yet.');
    return this.#url;
  }

  get port(): string {
    return new URL(this.url).port;
  }

  /** Sends a signal and waits for the end of the process. */
  async kill(signal: NodeJS.Signals): Promise<Ended> {
    this.#child.kill(signal);
    return await this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) await this.kill('SIGKILL');
  }

  get #url(): string | undefined {
    return /^listening on (\S+)$/m.exec(this.stdout)?.[1];
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}
