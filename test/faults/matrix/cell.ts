import type { RunningApp } from '../../support/running-app.ts';

/** What can be wrong with an engine that is asked over HTTP. */
export const FAULTS = [
  'refused',
  'no first byte',
  'stall',
  'reset mid-stream',
  'garbage',
  '429',
  '500',
  'slow',
] as const;
export type Fault = (typeof FAULTS)[number];

/** What came of one turn, as its user tells it. */
export interface Experience {
  /** In words: `its own answer`. */
  readonly got: string;
  /** The longest time in it without anything to hear. */
  readonly waitedMs: number;
  /** False: something is amiss that this one did not notice. */
  readonly isBack?: boolean;
}

export interface Haste {
  /** What the deadlines of the engines are multiplied by; the shipped ones: 1. */
  readonly patience: number;
  /** How long breakers stay open; unset: as shipped. */
  readonly breakerResetMs?: number;
}

/** A running service with an engine that can be put at fault. */
export interface Bench extends AsyncDisposable {
  readonly app: RunningApp;
  /** What it sets before the turns that matter: everybody is well. */
  ask(): Promise<Experience>;
  break(fault: Fault): void;
  heal(): Promise<void>;
  /** What is not where it should be, now that the fault is gone; nothing may be. */
  lost(): Promise<readonly string[]>;
}

/** An engine, and what its faults may cost. Times are those of the shipped deadlines. */
export interface Row {
  readonly part: string;
  /** The guard that stands before it, as `/v1/guards` calls it. */
  readonly guard: string;
  /** What users get while nothing is wrong. */
  readonly well: string;
  /** What they get from an engine that takes long to load, when the first is not asked; absent: none stands in. */
  readonly standIn?: string;
  /** How much of the shipped patience is enough for a test. */
  readonly patience: number;
  /** As many as make its breaker sure. They begin at once, so that a long deadline passes once. */
  readonly turns: number;
  start(haste: Haste): Promise<Bench>;
  /** What cannot be kept, when this is what they get. */
  readonly mayLose?: string;
  readonly expected: Readonly<Record<Fault, Expectation>>;
}

export interface Expectation {
  readonly got: string;
  /** What some of those who come at once may get instead. */
  readonly or?: string;
  /** Nobody waits longer for something to hear. */
  readonly withinMs: number;
  /** Nobody asks it any more, until it has been tried. */
  readonly isSpared: boolean;
}

/** `aside`: the breaker is closed, and yet nobody asks, because the engine is known to be down. */
export type GuardSeen = 'open' | 'closed' | 'aside';

export interface Outcome {
  /** All that was got, when it was not the same for all of them. */
  readonly got: readonly string[];
  readonly waitedMs: number;
  readonly guard: GuardSeen;
  /** From the end of the fault to the first turn that had everything again. */
  readonly recoveredMs: number;
  readonly lost: readonly string[];
}
