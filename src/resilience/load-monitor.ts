import type { Clock } from '../clock.ts';

/** How busy this process is. */
export interface Load {
  /** The part of the time that the event loop worked, 0 to 1. */
  readonly utilisation: number;
  /** How late the event loop runs its timers. */
  readonly delayMs: number;
  /** The part of the heap's limit that is used, 0 to 1. */
  readonly heap: number;
  /** Calls that wait for an engine. */
  readonly waiting: number;
}

export interface LoadProbe {
  /** The load since the last reading. */
  read(): Load;
}

export interface Overload {
  readonly signal: 'event_loop_utilisation' | 'event_loop_delay' | 'heap' | 'engine_queues';
  /** What is too much, as part of a sentence. */
  readonly text: string;
}

interface Signal {
  readonly signal: Overload['signal'];
  readonly of: (load: Load) => number;
  /** Too much from here on, until it is back under `relief`. */
  readonly limit: number;
  readonly relief: number;
  readonly text: (value: number) => string;
}

export const SAMPLE_MS = 500;
/**
 * So many samples one after the other have to say the same, 2 s: a single stall, a collection of garbage, or one large
 * request is over by then, and what is too much for seconds is not.
 */
const IN_A_ROW = 4;

/**
 * A loop that always works and is on time has room left: where others use the processors too, waiting for one counts as
 * work.
 */
const ON_TIME_MS = 40;

const percent = (part: number) => `${Math.round(part * 100)} %`;

const SIGNALS: readonly Signal[] = [
  {
    signal: 'event_loop_utilisation',
    of: ({ utilisation, delayMs }) => (delayMs < ON_TIME_MS ? 0 : utilisation),
    limit: 0.95,
    relief: 0.85,
    text: (value) => `its event loop works ${percent(value)} of the time`,
  },
  {
    signal: 'event_loop_delay',
    of: ({ delayMs }) => delayMs,
    limit: 200,
    relief: 100,
    text: (value) => `its event loop is ${Math.round(value)} ms late`,
  },
  {
    signal: 'heap',
    of: ({ heap }) => heap,
    limit: 0.9,
    relief: 0.8,
    text: (value) => `${percent(value)} of its memory is used`,
  },
  {
    signal: 'engine_queues',
    of: ({ waiting }) => waiting,
    limit: 100,
    relief: 50,
    text: (value) => `${value} calls wait for the engines`,
  },
];

interface LoadMonitorOptions {
  readonly clock: Clock;
  readonly probe: LoadProbe;
  /** Called when `overload` changes from or to null. */
  readonly onChange: (overload: Overload | null) => void;
}

/** Reads the load twice a second and says when it is too much, with hysteresis. */
export class LoadMonitor implements Disposable {
  readonly #options: LoadMonitorOptions;
  readonly #watched = SIGNALS.map((signal) => ({ ...signal, isOver: false, contrary: 0 }));
  #load: Load = { utilisation: 0, delayMs: 0, heap: 0, waiting: 0 };
  #overload: Overload | null = null;
  #sampledMs = 0;
  #timer: Disposable | null = null;

  constructor(options: LoadMonitorOptions) {
    this.#options = options;
  }

  /** Counts from now: what it took to start does not. */
  start(): void {
    this.#options.probe.read();
    this.#again();
  }

  /** The last reading. */
  get load(): Load {
    return this.#load;
  }

  /** What is too much now; null when nothing is. */
  get overload(): Overload | null {
    return this.#overload;
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }

  #again(): void {
    const { clock } = this.#options;
    this.#sampledMs = clock.monotonicMs();
    this.#timer = clock.after(SAMPLE_MS, () => {
      this.#sample();
      this.#again();
    });
  }

  #sample(): void {
    const { clock, probe, onChange } = this.#options;
    const load = probe.read();
    // Our own timer sees the stall that the histogram loses when it is reset in the middle of one.
    const lateMs = clock.monotonicMs() - this.#sampledMs - SAMPLE_MS;
    this.#load = { ...load, delayMs: Math.max(load.delayMs, lateMs) };
    const was = this.#overload;
    this.#overload = this.#judge();
    if ((was === null) !== (this.#overload === null)) onChange(this.#overload);
  }

  #judge(): Overload | null {
    let worst: Overload | null = null;
    for (const watched of this.#watched) {
      const value = watched.of(this.#load);
      const isContrary = watched.isOver ? value < watched.relief : value >= watched.limit;
      watched.contrary = isContrary ? watched.contrary + 1 : 0;
      if (watched.contrary === IN_A_ROW) {
        watched.isOver = !watched.isOver;
        watched.contrary = 0;
      }
      if (watched.isOver) worst ??= { signal: watched.signal, text: watched.text(value) };
    }
    return worst;
  }
}
