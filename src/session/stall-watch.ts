import type { Clock } from '../clock.ts';

/** A client that sends nothing for so long in the middle of a turn is heard as silent. */
const STALLED_MS = 1_000;
/** One whose connection is lost comes back sooner, and says the rest; an answer waits no longer than that. */
const CUT_MS = 5_000;

interface Events {
  /** What has come is still being heard. */
  isBusy(): boolean;
  /** Nothing has come for another `ms`. */
  onStalled(ms: number): void;
}

/** A turn does not hang on a client that stopped sending: each second without audio is a second of silence. */
export class StallWatch {
  readonly #clock: Clock;
  readonly #events: Events;
  #lastAudioMs = 0;
  #patienceMs = STALLED_MS;
  #timer: Disposable | null = null;

  constructor(clock: Clock, events: Events) {
    this.#clock = clock;
    this.#events = events;
  }

  /** Audio has come, or has come out of the queue. */
  audioCame(): void {
    this.#lastAudioMs = this.#clock.monotonicMs();
  }

  lineIs(line: 'up' | 'cut'): void {
    this.#patienceMs = line === 'cut' ? CUT_MS : STALLED_MS;
    // What was said meanwhile is on its way.
    if (line === 'up') this.audioCame();
    if (this.#timer) this.watch();
  }

  /** Looks on until `stop`. */
  watch(afterMs = STALLED_MS): void {
    this.stop();
    const timer = this.#clock.after(afterMs, () => {
      const quietMs = this.#clock.monotonicMs() - this.#lastAudioMs;
      const isStalled = quietMs >= this.#patienceMs && !this.#events.isBusy();
      if (isStalled) this.#events.onStalled(STALLED_MS);
      // It may have been stopped by what it told.
      if (this.#timer === timer)
        this.watch(quietMs < this.#patienceMs ? this.#patienceMs - quietMs : STALLED_MS);
    });
    this.#timer = timer;
  }

  stop(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = null;
  }
}
