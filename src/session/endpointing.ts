import type { WireEffectiveTurnDetection } from '../protocol/wire-session.ts';
import type { TurnVerdict } from '../speech/turn-detector.ts';

/** How long a silence is an end until more is known of the person. */
export const HANGOVER_MS = 400;
const MIN_HANGOVER_MS = 300;
const MAX_HANGOVER_MS = 800;
/** A pause counts from here on; shorter ones are the gaps of plosives. */
const MIN_PAUSE_MS = 100;
const PAUSES_TO_LEARN = 3;
/** How fast what is known of a person's pauses changes. */
const LEARNING_RATE = 0.2;
/** A silence this much longer than the person's usual pause is an end. */
const MARGIN = 1.5;

/** Learns from the pauses in somebody's own sentences how long a silence has to be to be an end. */
export class Pace {
  #pauses = 0;
  #meanMs = 0;

  /** Somebody went on after so long a silence: that was a pause. */
  paused(ms: number): void {
    if (ms < MIN_PAUSE_MS) return;
    this.#pauses++;
    this.#meanMs += (ms - this.#meanMs) * Math.max(LEARNING_RATE, 1 / this.#pauses);
  }

  get hangoverMs(): number {
    if (this.#pauses < PAUSES_TO_LEARN) return HANGOVER_MS;
    return Math.min(Math.max(this.#meanMs * MARGIN, MIN_HANGOVER_MS), MAX_HANGOVER_MS);
  }
}

type Eagerness = Extract<WireEffectiveTurnDetection, { type: 'semantic_vad' }>['eagerness'];

/** Times the hangover that a silence lasts before it is an end, and how long somebody who is not done is waited for. */
const PATIENCE: Readonly<
  Record<Eagerness, { complete: number; unsure: number; readonly incompleteMs: number }>
> = {
  high: { complete: 0.75, unsure: 1, incompleteMs: 1_500 },
  auto: { complete: 1, unsure: 1.5, incompleteMs: 2_500 },
  medium: { complete: 1, unsure: 1.5, incompleteMs: 2_500 },
  low: { complete: 1.5, unsure: 2.5, incompleteMs: 4_000 },
};

/**
 * How long a silence has to be to end the turn, in milliseconds.
 *
 * `server_vad` ends it after exactly what the client asked for. `semantic_vad` asks for the verdict, which is null
 * until there is one, and knows the person's pace.
 */
export function endOfTurnMs(
  detection: WireEffectiveTurnDetection,
  verdict: TurnVerdict | null,
  hangoverMs: number,
): number {
  if (detection.type === 'server_vad') return detection.silence_duration_ms;
  const patience = PATIENCE[detection.eagerness];
  switch (verdict) {
    case 'complete':
      return hangoverMs * patience.complete;
    case 'incomplete':
      return patience.incompleteMs;
    case 'unsure':
    case null:
      return hangoverMs * patience.unsure;
  }
}
