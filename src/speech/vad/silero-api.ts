/** Frames of one run: `samples` holds 512 for each stream of `streams`, in its order. */
export interface SileroBatch {
  /** Ids of the streams; none twice. */
  readonly streams: readonly number[];
  readonly samples: Int16Array;
}

export type SileroApi = {
  /** The probability of speech for each frame of the batch. */
  detect(batch: SileroBatch): Promise<Float32Array>;
  /** These streams begin anew, or are over. */
  forget(streams: readonly number[]): void;
};
