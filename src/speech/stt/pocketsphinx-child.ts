import { type ChildProcess, fork } from 'node:child_process';
import type { Clock } from '../../clock.ts';
import { messageOf, VivavoceError } from '../../errors.ts';
import type {
  FromPocketSphinx,
  PocketSphinxApi,
  PocketSphinxCall,
  PocketSphinxSetup,
} from './pocketsphinx-api.ts';
import { findModel } from './pocketsphinx-model.ts';

/** Loading takes a second, a piece of audio milliseconds: what takes longer than this hangs. */
const HUNG_MS = 20_000;

interface Pending {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

interface Running {
  readonly child: ChildProcess;
  readonly ready: Promise<void>;
  readonly exited: Promise<void>;
  pending: Pending | null;
}

/**
 * A decoder in a process of its own.
 *
 * One call at a time. When the process dies or hangs, its call rejects with `engine_failed` and another process takes
 * its place, which knows nothing of an utterance that was open.
 */
export class PocketSphinxChild implements AsyncDisposable {
  readonly #modelDir: string | null;
  readonly #clock: Clock;
  #running: Running | null = null;
  #disposed = false;

  /** @param modelDir null: where systems put it. */
  constructor(modelDir: string | null, clock: Clock) {
    this.#modelDir = modelDir;
    this.#clock = clock;
  }

  /** Resolves when it can take a call. Rejects with `engine_unavailable` when it cannot be loaded. */
  async ready(): Promise<void> {
    if (!this.#running) {
      const modelDir = await findModel(this.#modelDir);
      if (this.#disposed) throw new VivavoceError('engine_failed', 'pocketsphinx is shut down');
      this.#running ??= this.#spawn({ modelDir });
    }
    await this.#running.ready;
  }

  async call<M extends keyof PocketSphinxApi>(
    method: M,
    argument: Parameters<PocketSphinxApi[M]>[0],
  ): Promise<ReturnType<PocketSphinxApi[M]>> {
    await this.ready();
    const running = this.#running;
    if (!running) throw died('before it was asked');
    const answer = Promise.withResolvers<unknown>();
    running.pending = answer;
    running.child.send({ method, argument } as PocketSphinxCall);
    using _ = this.#watch(running);
    return (await answer.promise) as never;
  }

  /** Resolves when the process is gone. There is nothing in it to save. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    this.#running?.child.kill('SIGKILL');
    await this.#running?.exited;
  }

  #spawn(setup: PocketSphinxSetup): Running {
    const child = fork(new URL('./pocketsphinx-process.ts', import.meta.url), [JSON.stringify(setup)], {
      serialization: 'advanced',
      execArgv: [],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const ready = Promise.withResolvers<void>();
    const exited = Promise.withResolvers<void>();
    const running: Running = { child, ready: ready.promise, exited: exited.promise, pending: null };
    // Nobody may be waiting when a replacement cannot be loaded; the next call hears of it.
    ready.promise.catch(() => {});
    let isReady = false;
    child.on('message', (message: FromPocketSphinx) => {
      const { pending } = running;
      switch (message.type) {
        case 'ready':
          isReady = true;
          ready.resolve();
          return;
        case 'result':
          running.pending = null;
          pending?.resolve(message.value);
          return;
        case 'error':
          running.pending = null;
          if (isReady) pending?.reject(new VivavoceError('engine_failed', message.message));
          else ready.reject(unavailable(message.message));
          return;
      }
    });
    const end = (reason: string) => {
      if (this.#running === running) this.#running = null;
      ready.reject(unavailable(reason));
      running.pending?.reject(died(reason));
      running.pending = null;
      exited.resolve();
      // Warm again before somebody needs it. One that never became ready would only fail again.
      if (isReady && !this.#disposed) this.#running = this.#spawn(setup);
    };
    child.once('exit', (code, signal) => end(signal ? `killed by ${signal}` : `exit code ${code}`));
    child.on('error', (error) => {
      // With a pid it runs, and its exit follows.
      if (child.pid === undefined) end(messageOf(error));
    });
    const watch = this.#watch(running);
    ready.promise.then(
      () => watch[Symbol.dispose](),
      () => watch[Symbol.dispose](),
    );
    return running;
  }

  /** A native call that hangs cannot be interrupted, but its process can. */
  #watch({ child }: Running): Disposable {
    return this.#clock.after(HUNG_MS, () => child.kill('SIGKILL'));
  }
}

function died(reason: string): VivavoceError {
  return new VivavoceError('engine_failed', `the process of pocketsphinx ended: ${reason}`);
}

function unavailable(reason: string): VivavoceError {
  return new VivavoceError('engine_unavailable', `pocketsphinx could not be loaded: ${reason}`);
}
