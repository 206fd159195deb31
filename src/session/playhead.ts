import type { Clock } from '../clock.ts';

/** Stretches of audio that are remembered after they were played. */
const REMEMBERED = 16;
/** Also a client that stands still and is sent more and more does not make memory grow. */
const MOST = 1_024;
/** A client that stands still so near to the end has rounded: it has played everything. */
const ROUNDING_MS = 40;
/** So that a timer that came too early by a rounding is not set again for the same moment. */
const SHORTEST_WAIT_MS = 1;

/** Audio of one item that was sent in one go. All that was sent is one line of time, in which it has a place. */
interface Stretch {
  readonly itemId: string;
  /** Where on the line it begins. */
  startMs: number;
  /** How much of the item was sent before. */
  readonly fromMs: number;
  sentMs: number;
  /** How much of it is, or will be, played: all, unless it was stopped. */
  lengthMs: number;
  isStopped: boolean;
}

/**
 * Where a client is in the audio that it was sent. The agent is speaking while there is audio that was sent and not
 * played, also after its response is done.
 *
 * What the client reports is believed. A client that never reports is taken to play everything as it comes, from the
 * moment the first of it is sent, and to go on at the next delta when it had run dry.
 */
export class Playhead {
  readonly #clock: Clock;
  readonly #stretches: Stretch[] = [];
  readonly #waiting = new Set<() => void>();
  #timer: { readonly timer: Disposable; readonly dueMs: number } | null = null;
  /** End of the line. */
  #endMs = 0;
  /** At `#sinceMs` of the clock the client was at `#placeMs` of the line. */
  #placeMs = 0;
  #sinceMs = 0;
  #isMoving = true;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `ms` more of an item's audio have been handed to the socket. */
  sent(itemId: string, ms: number): void {
    if (!(ms > 0)) return;
    if (!this.isAudible) this.#moveTo(this.#endMs, true);
    const last = this.#stretches.at(-1);
    if (last?.itemId === itemId && !last.isStopped && last.lengthMs === last.sentMs) {
      last.sentMs += ms;
      last.lengthMs += ms;
    } else {
      const fromMs = this.#sentBefore(itemId);
      const place = { startMs: this.#endMs, fromMs, sentMs: ms, lengthMs: ms };
      this.#stretches.push({ itemId, ...place, isStopped: false });
    }
    this.#endMs += ms;
    this.#forget();
    this.#arm();
  }

  /** `ms` more of an item's audio will never reach the client: what is sent after it is further on in the item. */
  skipped(itemId: string, ms: number): void {
    const last = this.#stretches.at(-1);
    if (last?.itemId === itemId) last.sentMs += ms;
    else {
      const fromMs = this.#sentBefore(itemId);
      const place = { startMs: this.#endMs, fromMs, sentMs: ms, lengthMs: 0 };
      this.#stretches.push({ itemId, ...place, isStopped: false });
    }
  }

  /** What was sent of an item behind `fromMs`, and everything after it, has not reached the client. */
  lost(itemId: string, fromMs: number): void {
    const at = this.#stretches.find((stretch) => {
      return stretch.itemId === itemId && !stretch.isStopped && fromMs < stretch.fromMs + stretch.lengthMs;
    });
    if (!at) return;
    const place = this.#place;
    const endMs = at.startMs + Math.max(fromMs - at.fromMs, 0);
    for (const stretch of this.#stretches) {
      stretch.lengthMs = between(0, endMs - stretch.startMs, stretch.lengthMs);
      stretch.startMs = Math.min(stretch.startMs, endMs);
    }
    this.#endMs = endMs;
    this.#moveTo(Math.min(place, endMs), this.#isMoving);
    this.#arm();
  }

  /**
   * The client says how far it is, and that is where it is: also further back than before, at most what was sent, and
   * going on from there only while `isPlaying`. What was stopped stays as it was. Of an unknown item nothing is believed.
   */
  reported(itemId: string, playedMs: number, isPlaying: boolean): void {
    const sent = this.#stretches.filter((stretch) => stretch.itemId === itemId && !stretch.isStopped);
    const at = sent.find(({ fromMs, lengthMs }) => playedMs <= fromMs + lengthMs) ?? sent.at(-1);
    if (!at) return;
    const placeMs = at.startMs + between(0, playedMs - at.fromMs, at.lengthMs);
    const hasEnded = !isPlaying && placeMs >= this.#endMs - ROUNDING_MS;
    this.#moveTo(hasEnded ? this.#endMs : placeMs, isPlaying);
    this.#arm();
  }

  /** Everything that was not played yet never will be: an interruption, or the client has cleared its buffer. */
  stop(): void {
    const place = this.#place;
    for (const stretch of this.#stretches) {
      stretch.lengthMs = between(0, place - stretch.startMs, stretch.lengthMs);
      stretch.startMs = Math.min(stretch.startMs, place);
      stretch.isStopped = true;
    }
    this.#endMs = place;
    this.#moveTo(place, true);
    this.#arm();
  }

  /** True while there is audio that has been sent and not played; also while the client stands still before it. */
  get isAudible(): boolean {
    return this.#place < this.#endMs;
  }

  /** Milliseconds of audio that have been sent and not played. */
  get aheadMs(): number {
    return this.#endMs - this.#place;
  }

  /** False while the client stands still. */
  get isMoving(): boolean {
    return this.#isMoving;
  }

  /** Milliseconds of the item that have been played by now; of what was stopped, until then. Null: no such item. */
  playedMs(itemId: string): number | null {
    const place = this.#place;
    const all = this.#stretches.filter((stretch) => stretch.itemId === itemId);
    const stretch = all.findLast(({ startMs, lengthMs }) => lengthMs > 0 && startMs < place) ?? all[0];
    return stretch ? stretch.fromMs + between(0, place - stretch.startMs, stretch.lengthMs) : null;
  }

  /** The item that is being heard now, or null. */
  get itemId(): string | null {
    if (!this.isAudible) return null;
    const place = this.#place;
    const isAhead = ({ startMs, lengthMs }: Stretch) => startMs + lengthMs > place;
    // Within a rounding of the end it may be none of them.
    return (this.#stretches.find(isAhead) ?? this.#stretches.at(-1))?.itemId ?? null;
  }

  /**
   * When everything that was sent will have been played, `clock.monotonicMs()`; now when nothing is left. Of a client
   * that stands still, when that would be if it went on now.
   */
  get silentAtMs(): number {
    const now = this.#clock.monotonicMs();
    return this.isAudible ? now + this.#endMs - this.#place : now;
  }

  /**
   * Runs once, as soon as it is silent, later than this call; more that is sent before puts it off, and a client that
   * stands still too. Disposing gives it up.
   */
  onSilent(run: () => void): Disposable {
    const wait = () => run();
    this.#waiting.add(wait);
    this.#arm();
    return {
      [Symbol.dispose]: () => {
        this.#waiting.delete(wait);
        if (this.#waiting.size === 0) this.#disarm();
      },
    };
  }

  /** Where on the line the client is now. */
  get #place(): number {
    const movedMs = this.#isMoving ? this.#clock.monotonicMs() - this.#sinceMs : 0;
    return Math.min(this.#placeMs + movedMs, this.#endMs);
  }

  /** How much of the item's audio has been made before now, as far as it is remembered. */
  #sentBefore(itemId: string): number {
    const before = this.#stretches.findLast((stretch) => stretch.itemId === itemId);
    return before ? before.fromMs + before.sentMs : 0;
  }

  #moveTo(placeMs: number, isMoving: boolean): void {
    this.#placeMs = placeMs;
    this.#sinceMs = this.#clock.monotonicMs();
    this.#isMoving = isMoving;
  }

  #forget(): void {
    const place = this.#place;
    const isOver = ({ startMs, lengthMs }: Stretch) => startMs + lengthMs <= place;
    while (this.#stretches.length > REMEMBERED) {
      const [oldest] = this.#stretches;
      if (!oldest || (!isOver(oldest) && this.#stretches.length <= MOST)) break;
      this.#stretches.shift();
    }
  }

  /** One timer, and only while somebody waits for a client that moves. One that comes too early sets the next. */
  #arm(): void {
    if (this.#waiting.size === 0 || (this.isAudible && !this.#isMoving)) {
      this.#disarm();
      return;
    }
    const leftMs = this.isAudible
      ? Math.max(this.silentAtMs - this.#clock.monotonicMs(), SHORTEST_WAIT_MS)
      : 0;
    const dueMs = this.#clock.monotonicMs() + leftMs;
    if (this.#timer && this.#timer.dueMs <= dueMs) return;
    this.#disarm();
    const timer = this.#clock.after(leftMs, () => {
      this.#timer = null;
      if (this.isAudible) this.#arm();
      else this.#tell();
    });
    this.#timer = { timer, dueMs };
  }

  #disarm(): void {
    this.#timer?.timer[Symbol.dispose]();
    this.#timer = null;
  }

  #tell(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const run of waiting) run();
  }
}

function between(low: number, value: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
