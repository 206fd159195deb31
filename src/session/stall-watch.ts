import type { Clock } from '../clock.ts';

/** A client that sends nothing for so long in the middle of a turn is heard as silent: each second is one of silence. */
const STALLED_MS = 1_000;
/** One that sends late what it could not send in time, and says so when it is muted: its line is bad, or gone. */
const PATIENT_MS = 5_000;

interface Options {
  /** The client sends the rest when its line is well again. */
  readonly sendsLate: boolean;
  /** What has come is still being heard. */
  isBusy(): boolean;
  /** Nothing has come for another `ms`. */
  onStalled(ms: number): void;
}

/** A turn does not hang on a client that stopped sending. */
export class StallWatch {
  readonly #clock: Clock;
  readonly #options: Options;
  #lastAudioMs = 0;
  #isMuted = false;
  #timer: Disposable | null = null;

  constructor(clock: Clock, options: Options) {
    this.#clock = clock;
    this.#options = options;
  }

  /** Audio has come, has come out of the queue, or is on its way. */
  audioCame(): void {
    this.#lastAudioMs = this.#clock.monotonicMs();
  }

  /** Nothing more is to come, or it is again. */
  mute(muted: boolean): void {
    this.#isMuted = muted;
    if (this.#timer) this.watch();
  }

  /** Looks on until `stop`. */
  watch(afterMs = STALLED_MS): void {
    this.stop();
    const timer = this.#clock.after(afterMs, () => {
      const quietMs = this.#clock.monotonicMs() - this.#lastAudioMs;
      const patienceMs = this.#options.sendsLate && !this.#isMuted ? PATIENT_MS : STALLED_MS;
      const isStalled = quietMs >= patienceMs && !this.#options.isBusy();
      if (isStalled) this.#options.onStalled(STALLED_MS);
      // It may have been stopped by what it told.
      if (this.#timer === timer) this.watch(quietMs < patienceMs ? patienceMs - quietMs : STALLED_MS);
    });
    this.#timer = timer;
  }

  stop(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = null;
  }
}
