import type { Clock } from '../clock.ts';
import type { Playhead } from './playhead.ts';

/** So much may be at the client that it has not played: enough for any network, and little to lose in a drop. */
const AHEAD_MS = 2_000;
/** A player that stands still for so long is not paced any more: a tab asleep must not hold a reply for ever. */
const PATIENCE_MS = 60_000;

/**
 * Keeps audio no further ahead of what the client plays than it needs, once the client tells what it plays. One that never
 * does gets everything as fast as it is made.
 */
export class Pace {
  readonly #clock: Clock;
  readonly #playhead: Playhead;
  #isReported = false;
  #changed = Promise.withResolvers<void>();

  constructor(clock: Clock, playhead: Playhead) {
    this.#clock = clock;
    this.#playhead = playhead;
  }

  /** The client tells what it plays, and is believed. */
  get isReported(): boolean {
    return this.#isReported;
  }

  /** The client has told what it plays. */
  reported(): void {
    this.#isReported = true;
    this.changed();
  }

  /** The client has stopped, gone on or thrown something away. */
  changed(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** Resolves when more audio is wanted, or `signal` is aborted; null: at once. Never rejects. */
  room(signal: AbortSignal): Promise<void> | null {
    return this.#isAhead ? this.#wait(signal) : null;
  }

  get #isAhead(): boolean {
    return this.#isReported && this.#playhead.aheadMs > AHEAD_MS;
  }

  async #wait(signal: AbortSignal): Promise<void> {
    const wake = () => this.changed();
    signal.addEventListener('abort', wake, { once: true });
    using _impatience = this.#clock.after(PATIENCE_MS, () => {
      this.#isReported = false;
      this.changed();
    });
    try {
      while (this.#isAhead && !signal.aborted) {
        const { promise } = this.#changed;
        using _timer = this.#playhead.isMoving
          ? this.#clock.after(Math.max(this.#playhead.aheadMs - AHEAD_MS, 1), wake)
          : null;
        await promise;
      }
    } finally {
      signal.removeEventListener('abort', wake);
    }
  }
}
