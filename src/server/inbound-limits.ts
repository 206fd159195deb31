import type { Clock } from '../clock.ts';
import { type Rate, TokenBucket } from '../resilience/token-bucket.ts';

const MIB = 1024 * 1024;

export interface InboundRates {
  readonly events: Rate;
  readonly bytes: Rate;
}

/**
 * Of one connection. Speech in frames of 10 ms is 100 events and 64 KiB a second. Whole recordings pass at once: as much
 * as the microphone keeps, and it says by itself when it is full.
 */
export const CONNECTION_RATES: InboundRates = {
  events: { burst: 10_000, perSecond: 1_000 },
  bytes: { burst: 64 * MIB, perSecond: 4 * MIB },
};

/** Of all connections of a key: one key may be that of a house full of people, or of a telephone exchange. */
export const KEY_RATES: InboundRates = {
  events: { burst: 50_000, perSecond: 25_000 },
  bytes: { burst: 256 * MIB, perSecond: 48 * MIB },
};

/** What the protocol does not know: more than this is no client that speaks it. */
const INVALID: Rate = { burst: 100, perSecond: 1 };

interface Buckets {
  readonly events: TokenBucket;
  readonly bytes: TokenBucket;
}

/** What came in over all connections of each key. There are as many as there are keys in the settings. */
export class KeyTraffic {
  readonly #clock: Clock;
  readonly #rates: InboundRates;
  readonly #keys = new Map<string, Buckets>();

  constructor(clock: Clock, rates: InboundRates = KEY_RATES) {
    this.#clock = clock;
    this.#rates = rates;
  }

  of(key: string): Buckets {
    const buckets = this.#keys.get(key) ?? bucketsOf(this.#rates, this.#clock);
    this.#keys.set(key, buckets);
    return buckets;
  }
}

interface Options {
  readonly clock: Clock;
  /** Those of the key, shared with its other connections. */
  readonly key: Buckets;
  readonly rates?: InboundRates;
  /** Stop reading: what the client sends waits in its own system, and nothing is lost. */
  readonly pause: () => void;
  readonly resume: () => void;
  /** The client is not one; told once. */
  readonly close: (reason: string) => void;
}

/** Slows down a connection that brings more than its share, and ends one that brings nothing but garbage. */
export class InboundLimits implements Disposable {
  readonly #options: Options;
  readonly #buckets: readonly Buckets[];
  readonly #invalid: TokenBucket;
  #waiting: Disposable | null = null;
  #hasEnded = false;

  constructor(options: Options) {
    this.#options = options;
    const { clock, key, rates = CONNECTION_RATES } = options;
    this.#buckets = [bucketsOf(rates, clock), key];
    this.#invalid = new TokenBucket(INVALID, clock);
  }

  /** While it is, nothing is read: a silent client is not a dead one. */
  get isPaused(): boolean {
    return this.#waiting !== null;
  }

  /** A message or a ping came. @param isValid false for what the protocol does not know */
  took(bytes: number, isValid: boolean): void {
    if (this.#hasEnded) return;
    for (const { events, bytes: volume } of this.#buckets) {
      events.take(1);
      volume.take(bytes);
    }
    if (!isValid) this.#invalid.take(1);
    if (this.#invalid.waitMs > 0) {
      this[Symbol.dispose]();
      this.#options.close('too many events that are not of this protocol');
    } else if (!this.#waiting) this.#waitOrGoOn();
  }

  [Symbol.dispose](): void {
    this.#hasEnded = true;
    this.#waiting?.[Symbol.dispose]();
    this.#waiting = null;
  }

  #waitOrGoOn(): void {
    const wasPaused = this.isPaused;
    const waitMs = Math.max(...this.#buckets.flatMap(({ events, bytes }) => [events.waitMs, bytes.waitMs]));
    this.#waiting = waitMs > 0 ? this.#options.clock.after(waitMs, () => this.#waitOrGoOn()) : null;
    if (this.isPaused && !wasPaused) this.#options.pause();
    if (!this.isPaused && wasPaused) this.#options.resume();
  }
}

function bucketsOf({ events, bytes }: InboundRates, clock: Clock): Buckets {
  return { events: new TokenBucket(events, clock), bytes: new TokenBucket(bytes, clock) };
}
