/** What is judged at once: 512 samples at 16 kHz, 32 ms. */
export const VAD_FRAME_SAMPLES = 512;

/** One microphone that is listened to. */
export interface VadStream extends Disposable {
  /**
   * The probability, 0 to 1, that `frame` (512 samples, 16 kHz mono) holds speech. Frames of a stream are judged in the
   * order of the calls and depend on those before; the samples may be kept until the promise settles.
   *
   * Rejects with a `VivavoceError` (`engine_*`) when the engine failed; the stream goes on with the next frame.
   */
  detect(frame: Int16Array): Promise<number>;
  /** Forgets what was heard: what comes next does not follow on what came before. */
  reset(): void;
}

/** A detector of speech (voice activity detection), shared by all sessions. */
export interface Vad {
  readonly engine: string;
  open(): VadStream;
}
