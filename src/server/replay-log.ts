import type { Clock } from '../clock.ts';

/** A client that is still connected has long had what is older than this. */
export const KEPT_MS = 60_000;
/** Of one session: some thousand events. */
const MAX_CHARS = 512 * 1024;

interface Entry {
  readonly text: string;
  readonly atMs: number;
}

/** The events of a session that its client may have missed, numbered from 0 without a gap. */
export class ReplayLog {
  readonly #clock: Clock;
  readonly #entries = new Map<number, Entry>();
  #first = 0;
  #next = 0;
  #chars = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The number that the next event gets. */
  get next(): number {
    return this.#next;
  }

  add(text: string): void {
    this.#entries.set(this.#next++, { text, atMs: this.#clock.monotonicMs() });
    this.#chars += text.length;
    while (this.#chars > MAX_CHARS && this.#entries.size > 1) this.#dropFirst();
  }

  /** Drops what a connected client has long had. */
  trim(): void {
    const since = this.#clock.monotonicMs() - KEPT_MS;
    for (const { atMs } of this.#entries.values()) {
      if (atMs >= since) break;
      this.#dropFirst();
    }
  }

  /** The events after number `after`; -1 for all. Null when some of them are not there any more, or never were. */
  since(after: number): string[] | null {
    if (after < this.#first - 1 || after >= this.#next) return null;
    const texts: string[] = [];
    for (let number = after + 1; number < this.#next; number++) {
      const entry = this.#entries.get(number);
      if (entry) texts.push(entry.text);
    }
    return texts;
  }

  #dropFirst(): void {
    const entry = this.#entries.get(this.#first);
    this.#entries.delete(this.#first++);
    this.#chars -= entry?.text.length ?? 0;
  }
}
