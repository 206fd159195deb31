/** `blocked`: there is audio, and the browser plays none before the person has touched the page. `held`: ducked. */
export type PlaybackState = 'idle' | 'playing' | 'held' | 'blocked';

export interface PlaybackReport {
  readonly state: PlaybackState;
  /** Samples above silence that have left through the speaker, since the page was opened. */
  readonly audibleSamples: number;
}

/** What was heard of an item whose audio was stopped. */
export interface Stopped {
  readonly itemId: string;
  readonly playedMs: number;
  /** There was more of it. */
  readonly isCut: boolean;
}

/** How much of an item has come out of the speaker. */
export interface Played {
  readonly itemId: string;
  readonly playedMs: number;
  /** False: it stands still there. */
  readonly isPlaying: boolean;
}

export interface OutputEvents {
  readonly onChange: (report: PlaybackReport) => void;
  /** About ten times a second while it plays, and at every change. */
  readonly onPlayed: (played: Played) => void;
}

/** Plays pieces of speech one behind the other without gaps, and knows how much of each item was heard. */
export interface AudioOutput {
  /** To be called in a handler of a gesture of the person: only then a browser lets sound out. */
  unlock(): void;
  /** Samples at 24 kHz. */
  play(itemId: string, samples: Float32Array<ArrayBuffer>): void;
  /** Silence, now. Returns what was heard of everything that was playing or would have. */
  stop(): Stopped[];
  /** Silence at the place where it is. */
  duck(): void;
  /** Goes on from there. */
  resume(): void;
  /** How loud it is at this moment, 0 to 1. */
  level(): number;
}
