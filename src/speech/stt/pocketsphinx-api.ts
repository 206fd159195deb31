/** The average spectrum of a stretch of audio as 13 cepstra, and of how many frames of 10 ms. */
export interface CepstralMean {
  readonly mean: Float32Array;
  readonly frames: number;
}

/** A word as the decoder writes it (`the(2)`, `[NOISE]`, `<sil>`), milliseconds from the beginning of the utterance. */
export interface DecodedWord {
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
}

export interface DecodeProgress {
  /** The best guess so far. */
  readonly text: string;
  /** Of what was fed since `begin`. */
  readonly heard: CepstralMean;
}

/** What a process with a decoder can do, one call at a time. */
export interface PocketSphinxApi {
  /** A new utterance; one that is still open is dropped. Null: the mean that the model was trained with. */
  begin(mean: Float32Array | null): void;
  /** More of it, 16 kHz. */
  feed(samples: Int16Array): DecodeProgress;
  /** The end: the slower passes run over all of it. */
  finish(): DecodedWord[];
}

export type PocketSphinxCall = {
  readonly [Method in keyof PocketSphinxApi]: {
    readonly method: Method;
    readonly argument: Parameters<PocketSphinxApi[Method]>[0];
  };
}[keyof PocketSphinxApi];

export type FromPocketSphinx =
  | { readonly type: 'ready' }
  | { readonly type: 'result'; readonly value: unknown }
  | { readonly type: 'error'; readonly message: string };

/** The arguments of a process, as JSON. */
export interface PocketSphinxSetup {
  /** Holds `en-us/`, `en-us.lm.bin` and `cmudict-en-us.dict`. */
  readonly modelDir: string;
}
