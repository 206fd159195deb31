import type { PlaybackPlace } from './playback-queue.ts';

/* What the page and its audio thread tell each other about playback. */

/** The name of the processor. */
export const PLAYBACK = 'vivavoce-playback';

export type PlaybackCommand =
  | { readonly type: 'play'; readonly itemId: string; readonly samples: Float32Array<ArrayBuffer> }
  /** Reports from before it carry an older `stops`. */
  | { readonly type: 'stop'; readonly stops: number }
  | { readonly type: 'duck' }
  | { readonly type: 'resume' };

export interface PlaybackNews extends PlaybackPlace {
  /** How many stops had come in by then. */
  readonly stops: number;
  /** When that was so, on the clock of the audio, seconds. */
  readonly atSeconds: number;
}
