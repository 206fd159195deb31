import type { Clock } from '../clock.ts';
import type { Playhead } from './playhead.ts';

/** A room rings on, and a client's buffer is not empty when it thinks so. */
const OPENS_AFTER_MS = 500;

/**
 * Half duplex, for clients without echo cancellation: while the agent is audible, and half a second longer, nothing is
 * heard. It opens and closes with the next frame.
 */
export class EchoGate {
  readonly #clock: Clock;
  readonly #playhead: Playhead;
  #silentAtMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, playhead: Playhead) {
    this.#clock = clock;
    this.#playhead = playhead;
  }

  /** Audio has been sent, or what was sent is no longer played: then it falls silent now and not later. */
  changed(): void {
    const { isAudible, silentAtMs } = this.#playhead;
    this.#silentAtMs = isAudible ? silentAtMs : Math.min(this.#silentAtMs, silentAtMs);
  }

  get isClosed(): boolean {
    this.changed();
    return this.#clock.monotonicMs() < this.#silentAtMs + OPENS_AFTER_MS;
  }
}
