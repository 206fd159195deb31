import type { Clock } from '../clock.ts';

/**
 * The moments of a turn, in the order in which they come (a speculation asks the model before the turn is accepted):
 * the words were known, of what was spoken; the turn was accepted; the prompt left for the model; its first word came; the first piece of text went to the
 * voice (t1); its first audio came (t2); the first frame was handed to the socket (t3); the turn ended.
 */
export const MARKS = [
  'transcribed',
  'accepted',
  'model_asked',
  'first_token',
  'first_text_to_voice',
  'first_audio',
  'first_frame_out',
  'done',
] as const;

export type Mark = (typeof MARKS)[number];

export interface Span {
  readonly name: string;
  /** Milliseconds since the turn began. */
  readonly startMs: number;
  readonly endMs: number;
  readonly degraded: string | null;
}

/** The steps that nothing waits for but the end of the turn. */
const FROM_THE_MODEL_ON: ReadonlySet<string> = new Set(['respond', 'remember']);

/** When what happened in one turn. Its times count from when a person began to wait: the end of speech, or now. */
export class TurnTrace {
  readonly #clock: Clock;
  readonly #startedMs: number;
  readonly #marks = new Map<Mark, number>();
  readonly #spans: Span[] = [];

  constructor(clock: Clock, startedMs = clock.monotonicMs()) {
    this.#clock = clock;
    this.#startedMs = startedMs;
    this.mark('accepted');
  }

  /** Notes a moment; the first time counts. */
  mark(mark: Mark, atMs = this.#clock.monotonicMs()): void {
    if (!this.#marks.has(mark)) this.#marks.set(mark, round(atMs - this.#startedMs));
  }

  span(name: string, startedMs: number, endedMs: number, degraded: string | null): void {
    this.#spans.push({
      name,
      startMs: round(startedMs - this.#startedMs),
      endMs: round(endedMs - this.#startedMs),
      degraded,
    });
  }

  /** Milliseconds since the turn began, of the moments that came. */
  get marks(): Readonly<Partial<Record<Mark, number>>> {
    return Object.fromEntries(this.#marks);
  }

  get spans(): readonly Span[] {
    return this.#spans;
  }

  /** The step that the model waited for: of those before it the one that ended last. Null when there was none. */
  get waitedFor(): string | null {
    const before = this.#spans.filter(({ name }) => !FROM_THE_MODEL_ON.has(name));
    const [last] = before.toSorted((one, other) => other.endMs - one.endMs);
    return last?.name ?? null;
  }
}

/** Microseconds are as far as it means anything. */
function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
