import { VivavoceError } from '../../src/errors.ts';
import type { ManualClock } from './manual-clock.ts';

/** What an engine does next: lets time pass, says something, breaks, or hangs for ever. */
export type Step = number | string | Error | 'HANG';

/** One stream of a scripted engine, with what became of it. */
export interface ScriptedRun {
  readonly signal: AbortSignal;
  isFinished: boolean;
}

/** An engine that streams strings by a script, on virtual time. Like a good one it stops at once when aborted. */
export class ScriptedEngine {
  readonly runs: ScriptedRun[] = [];
  readonly #clock: ManualClock;
  readonly #scripts: Step[][];

  /** One script for each stream; the last one is used again for all that follow. */
  constructor(clock: ManualClock, ...scripts: Step[][]) {
    this.#clock = clock;
    this.#scripts = scripts;
  }

  readonly stream = async function* (this: ScriptedEngine, _request: string, signal: AbortSignal) {
    const run = { signal, isFinished: false };
    this.runs.push(run);
    const script = this.#scripts[Math.min(this.runs.length, this.#scripts.length) - 1] ?? [];
    try {
      for (const step of script) {
        if (typeof step === 'number') await this.#wait(step, signal);
        else if (step === 'HANG') await this.#wait(Number.POSITIVE_INFINITY, signal);
        else if (step instanceof Error) throw step;
        else yield step;
      }
    } finally {
      run.isFinished = true;
    }
  }.bind(this);

  #wait(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => reject(new VivavoceError('cancelled', 'the engine was told to stop'));
      if (signal.aborted) abort();
      signal.addEventListener('abort', abort, { once: true });
      if (ms < Number.POSITIVE_INFINITY) this.#clock.after(ms, resolve);
    });
  }
}
